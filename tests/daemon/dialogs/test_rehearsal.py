"""After a release: dialogs that fit are noted, others are moved on in words, nobody is disturbed or asked twice."""

import pytest
import trio

from daemon.clock import DAY
from daemon.dialogs.dialog import Option
from daemon.dialogs.rehearsal import STALE, Rehearsed
from daemon.outbox.message import Text
from store.errors import StoreUnavailable
from tests.fakes.conversation import keys

YES_NO = [Option("yes", Text("t.yes")), Option("no", Text("t.no"))]
LONG_ENOUGH = 60


async def first_release(dialog):
    if not dialog.has_passed("name"):
        name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
        await dialog.checkpoint("name", name=name)
    await dialog.choose(Text("t.sure"), YES_NO)
    dialog.say(Text("t.bye"))


async def reworded(dialog):
    if not dialog.has_passed("name"):
        name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
        await dialog.checkpoint("name", name=name)
    await dialog.choose(Text("t.sure"), YES_NO)
    dialog.say(Text("t.goodbye"))


async def second_release(dialog):
    if not dialog.has_passed("name"):
        name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
        await dialog.checkpoint("name", name=name)
    await dialog.choose(Text("t.colour"), YES_NO)
    dialog.say(Text("t.bye"))


async def answer_name(bench, *people):
    """Everybody has said their name and is asked the next question."""
    chats = [bench.conversation, *(bench.conversation.beside(number) for number in people)]
    async with bench.engine(first_release):
        for chat in chats:
            await chat.say("/start")
            await chat.say("Аня")
    return chats


async def rehearse(bench, *scripts):
    """One start of the daemon, long enough; what came of it."""
    async with bench.engine(*scripts) as engine:
        await trio.sleep(LONG_ENOUGH)
        assert engine.live_count == 0
        return engine.rehearsed


async def test_change_that_fits_is_noted_once_and_disturbs_nobody(bench, autojump_clock):
    chats = await answer_name(bench, *range(20, 25))
    assert await rehearse(bench, reworded) == Rehearsed(open=6, fit=6)
    assert all([keys(await chat.settle()) == [] for chat in chats])
    assert await rehearse(bench, reworded) == Rehearsed(open=6)
    async with bench.engine(reworded):
        for chat in chats:
            assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.goodbye"]


async def test_change_that_does_not_fit_goes_on_from_the_checkpoint_before_anybody_comes(bench, autojump_clock):
    chats = await answer_name(bench, 20)
    assert await rehearse(bench, second_release) == Rehearsed(open=2, moved=2)
    for chat in chats:
        assert keys(await chat.settle()) == ["dialogs.script_went_on", "t.colour"]
    assert await rehearse(bench, second_release) == Rehearsed(open=2)
    async with bench.engine(second_release):
        assert keys(await bench.conversation.press(0)) == ["edit dialogs.chosen", "t.bye"]


async def test_script_that_is_gone_is_told_of(bench, autojump_clock):
    await answer_name(bench)
    assert await rehearse(bench) == Rehearsed(open=1, moved=1)
    assert keys(await bench.conversation.settle()) == ["dialogs.gone"]
    assert await rehearse(bench) == Rehearsed()


async def test_unchanged_scripts_cost_no_trial(bench, autojump_clock, logged):
    await answer_name(bench, 20)
    assert await rehearse(bench, first_release) == Rehearsed(open=2)
    assert logged == []


async def test_dialog_of_long_ago_is_left_until_its_person_comes_back(bench, autojump_clock):
    await answer_name(bench)
    await trio.sleep(STALE / 1000)
    assert await rehearse(bench, second_release) == Rehearsed(open=1, stale=1)
    assert keys(await bench.conversation.settle()) == []
    async with bench.engine(second_release):
        assert keys(await bench.conversation.press(0)) == ["dialogs.script_went_on", "t.colour"]


async def test_dialog_whose_person_is_there_first_sees_for_itself(bench, autojump_clock):
    await answer_name(bench)
    async with bench.engine(reworded) as engine:
        await bench.conversation.say("вот и я")
        await trio.sleep(LONG_ENOUGH)
        assert engine.rehearsed == Rehearsed(open=1, skipped=1)
        assert engine.live_count == 1


async def test_person_who_answers_in_the_moment_of_the_trial_is_answered_once(bench, autojump_clock):
    """Whichever comes first, the answer counts or its question is closed; nothing is said twice."""
    for moment in range(12):
        chat = bench.conversation.beside(100 + moment)
        async with bench.engine(first_release):
            await chat.say("/start")
            await chat.say("Аня")
        async with bench.engine(reworded), trio.open_nursery() as nursery:
            await trio.sleep(10 + moment / 1000)

            async def press(chat=chat):
                assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.goodbye"]

            nursery.start_soon(press)


async def test_many_are_tried_without_being_kept_in_memory(bench, autojump_clock):
    await answer_name(bench, *range(1000, 1450))
    async with bench.engine(reworded, most_live=5) as engine:
        for _ in range(LONG_ENOUGH):
            await trio.sleep(1)
            assert engine.live_count <= 1
        assert engine.rehearsed == Rehearsed(open=451, fit=451)


async def test_store_that_fails_ends_the_rehearsal_and_nothing_else(bench, autojump_clock, monkeypatch, logged):
    await answer_name(bench)

    async def fail(*_arguments, **_options):
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(bench.store.journals, "page", fail)
        assert await rehearse(bench, second_release) is None
    assert [line["event"] for line in logged] == ["rehearsal_broken_off"]
    async with bench.engine(second_release):
        assert keys(await bench.conversation.press(0)) == ["dialogs.script_went_on", "t.colour"]


@pytest.mark.parametrize(
    ("result", "words"), [(Rehearsed(open=9, fit=2, moved=1), "3 of 9"), (Rehearsed(9, 0, 0, 4), "4 wait")]
)
def test_result_is_told_in_words(result, words):
    assert words in str(result)


def test_days_are_days():
    assert STALE % DAY == 0
