"""Marks: who said when they would move on, and who is late."""

from __future__ import annotations

import trio

from daemon.supervisor.progress import PROOFS_PER_HANG, Progress, keep_proving


async def test_nobody_who_rests_is_late(autojump_clock):
    progress = Progress()
    progress.mark("poller")
    await trio.sleep(50_000)
    assert progress.late() == ()


async def test_idle_agent_within_its_word_is_not_late(autojump_clock):
    progress = Progress()
    progress.mark("poller").expect(25)
    await trio.sleep(25)
    assert progress.late() == ()


async def test_agent_past_its_word_is_late_by_name_and_time(autojump_clock):
    progress = Progress()
    progress.mark("poller").expect(25)
    progress.mark("writer").expect(30)
    progress.mark("supervisor").expect(100)
    await trio.sleep(37)
    assert progress.late() == ("poller, 12 s late", "writer, 7 s late")


async def test_agent_that_moves_on_is_forgiven(autojump_clock):
    progress = Progress()
    mark = progress.mark("poller")
    mark.expect(5)
    await trio.sleep(10)
    mark.expect(5)
    assert progress.late() == ()
    await trio.sleep(10)
    mark.rest()
    assert progress.late() == ()


def test_a_name_has_one_mark():
    progress = Progress()
    assert progress.mark("poller") is progress.mark("poller")


async def test_part_that_answers_is_never_late(autojump_clock, nursery):
    progress, asked = Progress(), []

    async def answer():
        asked.append(trio.current_time())
        await trio.sleep(3)

    await nursery.start(keep_it_proving, progress.mark("writer"), answer)
    for _ in range(50):
        await trio.sleep(7)
        assert progress.late() == ()
    assert asked[1] - asked[0] == 3 + 60 / PROOFS_PER_HANG


async def test_part_that_does_not_answer_is_late(autojump_clock, nursery):
    progress = Progress()
    await nursery.start(keep_it_proving, progress.mark("writer"), trio.sleep_forever)
    await trio.sleep(59)
    assert progress.late() == ()
    await trio.sleep(2)
    assert progress.late() == ("writer, 1 s late",)


async def test_part_that_is_not_asked_any_more_rests(autojump_clock):
    progress = Progress()
    async with trio.open_nursery() as nursery:
        await nursery.start(keep_it_proving, progress.mark("writer"), trio.sleep_forever)
        nursery.cancel_scope.cancel()
    await trio.sleep(1000)
    assert progress.late() == ()


async def keep_it_proving(mark, probe, task_status):
    await keep_proving(mark, probe, hang_seconds=60, task_status=task_status)
