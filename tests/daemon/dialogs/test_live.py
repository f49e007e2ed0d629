"""Dialogs in memory and out of it: sleep, eviction, outside work, changed and broken scripts."""

import pytest
import trio

from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import WorkFailed
from daemon.errors import Permanent, Temporary
from daemon.outbox.message import Text
from store.errors import LeaseLost
from tests.fakes.conversation import keys
from tests.fakes.owners import seize, trust

YES_NO = [Option("yes", Text("t.yes")), Option("no", Text("t.no"))]


async def one_question(dialog):
    await dialog.choose(Text("t.sure"), YES_NO)
    dialog.say(Text("t.bye"))


async def test_idle_dialog_is_put_to_sleep_and_wakes_on_the_answer(bench, autojump_clock):
    async with bench.engine(one_question, idle_seconds=60.0) as engine:
        await bench.conversation.say("/start")
        assert engine.live_count == 1
        await trio.sleep(200)
        assert engine.live_count == 0
        assert keys(await bench.conversation.press(0))[-1] == "t.bye"


async def test_no_more_dialogs_are_kept_in_memory_than_allowed(bench):
    async with bench.engine(one_question, most_live=3) as engine:
        chats = [bench.conversation.beside(number) for number in range(20, 30)]
        for chat in chats:
            await chat.say("/start")
        assert engine.live_count == 3
        for chat in chats:
            assert keys(await chat.press(0))[-1] == "t.bye"
        assert engine.live_count == 0


# Outside work.


class Errand:
    """Work that waits for the test, and counts how often it was begun."""

    def __init__(self):
        self.begun = 0
        self.may_end = trio.Event()

    async def run(self):
        self.begun += 1
        await self.may_end.wait()
        return ("fetched", self.begun)

    def script(self):
        async def fetching(dialog):
            await dialog.choose(Text("t.sure"), YES_NO)
            dialog.say(Text("t.working"))
            result = await dialog.do("fetch", self.run)
            dialog.say(Text("t.result", {"what": result[0], "n": result[1]}))
            await dialog.choose(Text("t.again"), YES_NO)

        return fetching


async def test_lane_is_free_while_outside_work_is_done(bench):
    errand = Errand()
    async with bench.engine(errand.script()):
        chat = bench.conversation
        await chat.say("/start")
        old = chat.find_button(0)
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.working"]
        assert keys(await chat.say("ну что?")) == ["dialogs.one_moment"]
        assert keys(await chat.press_button(old)) == ["press dialogs.one_moment"]
        assert keys(await chat.say("/again")) == ["dialogs.one_moment"]
        errand.may_end.set()
        assert keys(await chat.settle()) == ["t.result", "t.again"]


async def test_result_comes_back_as_json_would_give_it(bench):
    errand = Errand()
    errand.may_end.set()
    seen = []

    async def looking(dialog):
        seen.append(await dialog.do("fetch", errand.run))

    async with bench.engine(looking):
        await bench.conversation.say("/start")
        await bench.conversation.settle()
    assert seen == [["fetched", 1]]


async def test_work_the_daemon_died_in_is_done_again_after_the_start(bench):
    errand = Errand()
    chat = bench.conversation
    async with bench.engine(errand.script()):
        await chat.say("/start")
        await chat.press(0)
        await trio.testing.wait_all_tasks_blocked()
    assert errand.begun == 1
    errand.may_end.set()
    async with bench.engine(errand.script()):
        assert [parcel.text for parcel in await chat.settle()] == [
            Text("t.result", {"what": "fetched", "n": 2}),
            Text("t.again"),
        ]
    async with bench.engine(errand.script()):
        await chat.settle()
        assert errand.begun == 2


async def test_left_dialog_stops_its_work(bench):
    errand = Errand()
    async with bench.engine(errand.script()) as engine:
        chat = bench.conversation
        await chat.say("/start")
        await chat.press(0)
        await chat.say("/cancel")
        errand.may_end.set()
        assert await chat.settle() == []
        assert not await engine.has_dialog(chat.chat_id)


async def test_event_that_arrives_during_work_is_not_lost(bench):
    errand = Errand()

    async def claiming(dialog):
        await dialog.do("claim", errand.run)
        answer = await dialog.ask(Text("t.checking"), events=("board_returned",))
        dialog.say(Text("t.back", {"code": answer.event.data["code"]}))

    async with bench.engine(claiming), trio.open_nursery() as nursery:
        chat = bench.conversation
        await chat.say("/start")
        nursery.start_soon(lambda: chat.event("board_returned", code="x"))
        await trio.testing.wait_all_tasks_blocked()
        errand.may_end.set()
        await trio.testing.wait_all_tasks_blocked()
    assert keys(chat.heard) == ["t.checking", "t.back"]


@pytest.mark.parametrize(
    ("error", "is_temporary"),
    [
        (Temporary(), True),
        (Permanent(), False),
    ],
)
async def test_failed_work_is_a_result_of_its_own(bench, expected_errors, error, is_temporary):
    begun = []

    async def fail():
        begun.append(1)
        raise error

    async def failing(dialog):
        try:
            await dialog.do("fetch", fail)
        except WorkFailed as failure:
            dialog.say(Text("t.failed", {"error": failure.error, "temporary": failure.is_temporary}))
        await dialog.choose(Text("t.sure"), YES_NO)
        dialog.say(Text("t.bye"))

    chat = bench.conversation
    async with bench.engine(failing):
        await chat.say("/start")
        failed = (await chat.settle())[0]
        assert failed.text.values == {"error": type(error).__name__, "temporary": is_temporary}
    async with bench.engine(failing):
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.bye"]
    assert len(begun) == 1


async def test_hanging_work_is_given_up(bench, autojump_clock):
    async def hanging(dialog):
        try:
            await dialog.do("hang", trio.sleep_forever)
        except WorkFailed as failure:
            dialog.say(Text("t.failed", {"temporary": failure.is_temporary}))

    async with bench.engine(hanging, work_seconds=30.0):
        await bench.conversation.say("/start")
        await trio.sleep(31)
        assert [parcel.text.values["temporary"] for parcel in await bench.conversation.settle()] == [True]


# Broken and changed scripts.


async def test_broken_script_ends_politely_and_its_chat_goes_on(bench, expected_errors):
    async def broken(dialog):
        await dialog.choose(Text("t.sure"), YES_NO)
        raise KeyError("a bug")

    async with bench.engine(broken) as engine:
        chat = bench.conversation
        await chat.say("/start")
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "dialogs.failed"]
        assert not await engine.has_dialog(chat.chat_id)
        assert keys(await chat.say("/start")) == ["t.sure"]
    assert [line["event"] for line in expected_errors] == ["dialog_failed"]


async def test_raw_await_ends_the_dialog_and_is_named(bench, expected_errors):
    async def sleepy(dialog):
        await dialog.choose(Text("t.sure"), YES_NO)
        await trio.sleep(1)

    async with bench.engine(sleepy):
        await bench.conversation.say("/start")
        assert keys(await bench.conversation.press(0))[-1] == "dialogs.failed"
        await trio.lowlevel.checkpoint()
    assert "sleepy" in expected_errors[0]["error"]
    assert "trio" in expected_errors[0]["error"] or "sleep" in expected_errors[0]["error"]


def first_release():
    async def growing(dialog):
        if not dialog.has_passed("name"):
            name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
            await dialog.checkpoint("name", name=name)
        await dialog.choose(Text("t.sure"), YES_NO)
        await dialog.choose(Text("t.really"), YES_NO)
        dialog.say(Text("t.bye"))

    return growing


def second_release():
    async def growing(dialog):
        if not dialog.has_passed("name"):
            name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
            await dialog.checkpoint("name", name=name)
        colour = await dialog.choose(Text("t.colour"), YES_NO)
        dialog.say(Text("t.bye_name", {"name": dialog.state["name"], "colour": colour}))

    return growing


def reworded_release():
    async def growing(dialog):
        if not dialog.has_passed("name"):
            name = (await dialog.ask(Text("t.name"), accept=str.strip)).text
            await dialog.checkpoint("name", name=name)
        await dialog.choose(Text("t.sure"), YES_NO)
        await dialog.choose(Text("t.really"), YES_NO)
        dialog.say(Text("t.goodbye"))

    return growing


async def test_changed_script_goes_on_from_its_last_checkpoint(bench):
    chat = bench.conversation
    async with bench.engine(first_release()):
        await chat.say("/start")
        await chat.say("Аня")
        await chat.press(0)
    async with bench.engine(second_release()):
        old = chat.find_button(0)
        assert keys(await chat.press_button(old)) == ["dialogs.script_went_on", "t.colour"]
        assert (await chat.press(0))[-1].text == Text("t.bye_name", {"name": "Аня", "colour": "yes"})


async def test_changed_script_without_a_checkpoint_starts_again(bench):
    chat = bench.conversation
    async with bench.engine(one_question):
        await chat.say("/start")
    async with bench.engine(second_release()):
        assert keys(await chat.say("да")) == ["dialogs.script_starts_again", "t.name"]


async def test_change_that_fits_the_journal_disturbs_nobody(bench):
    chat = bench.conversation
    async with bench.engine(first_release()):
        await chat.say("/start")
        await chat.say("Аня")
        await chat.press(0)
    async with bench.engine(reworded_release()):
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.goodbye"]


async def test_script_that_is_gone_says_so(bench):
    chat = bench.conversation
    async with bench.engine(one_question):
        await chat.say("/start")
    async with bench.engine() as engine:
        assert keys(await chat.press(0)) == ["dialogs.gone"]
        assert not await engine.has_dialog(chat.chat_id)


async def test_interrupted_work_is_begun_once_whoever_comes_first(bench):
    errand = Errand()
    chat = bench.conversation
    async with bench.engine(errand.script()):
        await chat.say("/start")
        await chat.press(0)
        await trio.testing.wait_all_tasks_blocked()
    async with bench.engine(errand.script()), trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(bench.now_running.open_question, chat.chat_id, name=str(number))
        assert keys(await chat.say("ну что?")) == ["dialogs.one_moment"]
        await trio.testing.wait_all_tasks_blocked()
        assert errand.begun == 2
        errand.may_end.set()
        assert keys(await chat.settle()) == ["t.result", "t.again"]
    assert errand.begun == 2


class Forgotten:
    """A sealer whose key is gone."""

    async def seal(self, user_id, column, text):
        return text

    async def open(self, user_id, column, sealed):
        raise Permanent("the key of this text was forgotten")


async def test_answer_that_can_not_be_opened_any_more_is_asked_for_again(bench):
    async def two_texts(dialog):
        await dialog.ask(Text("t.name"), accept=str.strip)
        await dialog.ask(Text("t.city"), accept=str.strip)

    chat = bench.conversation
    async with bench.engine(two_texts, sealer=Forgotten()):
        await chat.say("/start")
        assert keys(await chat.say("Аня")) == ["t.city"]
    async with bench.engine(two_texts, sealer=Forgotten()):
        assert keys(await chat.say("Омск")) == ["dialogs.script_starts_again", "t.name"]


async def test_dialog_of_a_lost_shard_leaves_memory_when_its_work_has_ended(bench, autojump_clock):
    ended = []

    async def busy(dialog):
        async def work():
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 2):
                    await trio.sleep(1)
                ended.append(True)

        await dialog.do("work", work)

    async with bench.engine(busy) as engine:
        await bench.conversation.say("/start")
        await trio.sleep(1)
        await engine.let_go(frozenset({8}))
        assert (engine.live_count, ended) == (1, [])
        await engine.let_go(frozenset({7}))
        assert (engine.live_count, ended) == (0, [True])


async def test_work_of_a_dialog_taken_over_is_done_again(bench, autojump_clock):
    done = []

    async def errand(dialog):
        async def work():
            done.append(dialog.chat_id)

        await dialog.do("work", work)
        dialog.say(Text("t.bye"))

    bench.ownership = own = await seize(bench.store, "boot-1")
    epochs = {shard: own.epoch_of(shard) for shard in own.shards}

    async def never(dialog):
        await dialog.do("work", trio.sleep_forever)
        dialog.say(Text("t.bye"))

    async with bench.engine(never):
        await bench.conversation.say("/start")
    own.hold({}, {})
    async with bench.engine(errand) as engine:
        await trio.sleep(1)
        assert done == [], "it is somebody else's"
        trust(own)
        own.hold(epochs, {})
        engine.take_up(frozenset({8}))
        await trio.sleep(1)
        assert done == []
        engine.take_up(frozenset({7}))
        await trio.sleep(1)
        assert done == [7]


async def test_dialog_of_somebody_elses_person_does_not_wake(bench, autojump_clock):
    bench.ownership = own = await seize(bench.store, "boot-1")
    async with bench.engine(one_question) as engine:
        await bench.conversation.say("/start")
        own.leave({7})
        with pytest.raises(LeaseLost):
            await bench.conversation.press(0)
        assert engine.live_count == 1
