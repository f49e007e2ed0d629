"""One run of a script, driven by hand and replayed."""

import pytest
import trio

from daemon.clock import TrioClock
from daemon.dialogs.dialog import Answer, Option
from daemon.dialogs.errors import DialogAbandoned, QuestionTimedOut, RawAwait, ScriptChanged, WorkFailed
from daemon.dialogs.running import Entry, Place, ScriptRun, encode_answer
from daemon.dialogs.steps import Ask, Do, End, Sleep
from daemon.inbox.router import Event
from daemon.outbox.message import Text
from daemon.outbox.outbox import Outbox
from store.write import statement
from tests.fakes.collecting import CollectingQueues

OPTIONS = [Option("a", Text("t.a")), Option("b", Text("t.b"))]


def run_of(script, said=0, passed=(), state=None):
    clock = TrioClock()
    place = Place(list(passed), dict(state or {}), said)
    return ScriptRun(script, 7, 7, place, Outbox(CollectingQueues(), clock), clock)


def answered(name, **answer):
    return Entry("answered", name, encode_answer(Answer(**answer)))


async def two_questions(dialog):
    dialog.say(Text("t.hello"))
    await dialog.choose(Text("t.first"), OPTIONS)
    dialog.say(Text("t.between"))
    await dialog.choose(Text("t.second"), OPTIONS)


async def test_run_rests_at_each_question():
    run = run_of(two_questions)
    assert run.start().text == Text("t.first")
    assert run.resume(answered("t.first", option="a")).text == Text("t.second")
    assert run.resume(answered("t.second", option="b")) == End()
    assert len(run.draft.writes) == 2
    assert run.place.said == 2


async def test_replay_says_nothing_twice():
    run = run_of(two_questions, said=2)
    stop = run.start([answered("t.first", option="a")])
    assert stop.text == Text("t.second")
    assert run.draft.writes == []
    assert run.draft.entries == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([answered("t.other", option="a")], 2),
        ([Entry("did", "t.first", 1)], 2),
        ([answered("t.first", option="a")] * 3, 2),
        ([answered("t.first", option="a")], 5),
        ([answered("t.first", option="a")], 0),
    ],
)
async def test_journal_that_does_not_fit_is_noticed(entries, said):
    with pytest.raises(ScriptChanged):
        run_of(two_questions, said=said).start(entries)


async def test_answers_come_back_as_they_were():
    seen = []

    async def asking(dialog):
        seen.append(await dialog.ask(Text("t.any"), accept=str.strip, events=("e",)))
        seen.append(await dialog.ask(Text("t.any"), accept=str.strip, events=("e",)))
        seen.append(await dialog.choose(Text("t.any"), OPTIONS))

    run_of(asking).start(
        [
            answered("t.any", text="Омск"),
            answered("t.any", event=Event("e", {"n": 1})),
            answered("t.any", option="b"),
        ]
    )
    assert seen == [Answer(text="Омск"), Answer(event=Event("e", {"n": 1})), "b"]


async def test_time_is_journaled():
    seen = []

    async def timed(dialog):
        seen.append(await dialog.now())
        await dialog.choose(Text("t.first"), OPTIONS)

    run = run_of(timed)
    run.start()
    run_of(timed).start(run.draft.entries)
    assert seen[0] == seen[1] == run.draft.entries[0].value


async def test_sleep_and_work_are_resting_points():
    async def working(dialog):
        await dialog.sleep_until(99)
        assert await dialog.do("fetch", trio.sleep_forever) == {"n": 1}
        with pytest.raises(WorkFailed) as caught:
            await dialog.do("fail", trio.sleep_forever)
        assert (caught.value.error, caught.value.is_temporary) == ("BoardTrouble", True)
        with pytest.raises(QuestionTimedOut):
            await dialog.ask(Text("t.q"), timeout_seconds=5)

    run = run_of(working)
    assert run.start() == Sleep(99)
    assert isinstance(run.resume(Entry("slept", "", None)), Do)
    assert run.resume(Entry("did", "fetch", {"n": 1})).name == "fail"
    failed = Entry("failed", "fail", {"error": "BoardTrouble", "temporary": True})
    assert isinstance(run.resume(failed), Ask)
    assert run.resume(Entry("timed_out", "t.q", None)) == End()


async def test_checkpoint_trims_what_is_behind_it():
    async def checked(dialog):
        if not dialog.has_passed("first"):
            dialog.say(Text("t.hello"))
            value = await dialog.choose(Text("t.first"), OPTIONS)
            await dialog.checkpoint("first", value=value)
        await dialog.choose(Text("t.second"), OPTIONS)
        assert dialog.state["value"] == "a"

    run = run_of(checked)
    run.start()
    run.resume(answered("t.first", option="a"))
    assert run.draft.is_trimmed
    assert run.draft.entries == []
    assert (run.place.passed, run.place.state, run.place.said) == (["first"], {"value": "a"}, 0)
    again = run_of(checked, passed=["first"], state={"value": "a"})
    assert again.start().text == Text("t.second")
    assert again.resume(answered("t.second", option="a")) == End()


async def test_checkpoint_without_a_guard_is_met_again_harmlessly():
    async def unguarded(dialog):
        await dialog.checkpoint("top")
        await dialog.choose(Text("t.first"), OPTIONS)
        await dialog.choose(Text("t.second"), OPTIONS)

    run = run_of(unguarded, passed=["top"])
    assert run.start([answered("t.first", option="a")]).text == Text("t.second")
    assert not run.draft.is_trimmed


async def test_state_can_be_read_but_not_written():
    async def writing(dialog):
        dialog.state["x"] = 1

    with pytest.raises(TypeError):
        run_of(writing).start()


async def test_writes_and_edits_count_like_messages():
    async def keeping(dialog):
        dialog.keep(statement("UPDATE t SET x = 1"))
        dialog.edit("card", Text("t.card"))
        await dialog.choose(Text("t.first"), OPTIONS)

    assert len(run_of(keeping).start().options) == 2
    again = run_of(keeping, said=2)
    again.start()
    assert again.draft.writes == []


async def test_script_may_end_early():
    async def leaving(dialog):
        dialog.say(Text("t.bye"))
        raise DialogAbandoned

    run = run_of(leaving)
    assert run.start() == End()
    assert len(run.draft.writes) == 1


async def test_question_that_times_out_unnoticed_ends_politely():
    run = run_of(two_questions)
    run.start()
    assert run.resume(Entry("timed_out", "t.first", None)) == End()
    assert len(run.draft.writes) == 2


# Raw awaits.


async def sleeps(dialog):
    await trio.sleep(1)


async def waits_for_an_event(dialog):
    await EVENT.wait()


async def only_a_checkpoint(dialog):
    await trio.lowlevel.checkpoint()


async def opens_a_nursery(dialog):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1)


EVENT = trio.Event()


@pytest.mark.parametrize("script", [sleeps, waits_for_an_event, only_a_checkpoint])
async def test_raw_await_is_named_with_its_line(script):
    with pytest.raises(RawAwait) as caught:
        run_of(script).start()
    line = script.__code__.co_firstlineno + 1
    assert f"{script.__qualname__}, line {line}" in str(caught.value)


async def test_raw_await_leaves_the_driving_task_whole():
    event = trio.Event()

    async def waiting(dialog):
        try:
            await event.wait()
        finally:
            await event.wait()

    with pytest.raises(RawAwait):
        run_of(waiting).start()
    event.set()
    with trio.move_on_after(0.01) as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_closed_run_runs_its_clean_up():
    cleaned = []

    async def cleaning(dialog):
        try:
            await dialog.choose(Text("t.first"), OPTIONS)
        finally:
            cleaned.append(True)

    run = run_of(cleaning)
    run.start()
    run.close()
    run.close()
    assert cleaned == [True]


async def test_script_that_is_no_async_function_is_refused():
    with pytest.raises(TypeError, match="async function"):
        run_of(id).start()
