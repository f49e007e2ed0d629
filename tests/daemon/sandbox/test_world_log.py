"""The world's log: order, times, waiting."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.clock import TrioClock
from daemon.sandbox.world_log import WorldLog


async def test_acts_are_numbered_from_one_with_their_time(autojump_clock):
    log = WorldLog(TrioClock(start_at=1_000))
    log.note("message", chat=1)
    await trio.sleep(2)
    log.note("application", vacancy="v1")
    assert [(act.number, act.kind, act.at) for act in log.acts()] == [(1, "message", 1_000), (2, "application", 3_000)]


async def test_acts_can_be_picked_by_kind():
    log = WorldLog(TrioClock())
    for kind in ("a", "b", "a"):
        log.note(kind)
    assert [act.number for act in log.acts("a")] == [1, 3]
    assert log.count("a", "b") == 3
    assert log.count("c") == 0


async def test_since_gives_only_the_later_acts():
    log = WorldLog(TrioClock())
    log.note("a", x=1)
    log.note("b", x=2)
    assert [act.get("x") for act in log.since(1)] == [2]
    assert log.since(2) == ()
    assert len(log.since(-5)) == 2


async def test_a_fact_that_was_not_noted_is_none():
    assert WorldLog(TrioClock()).note("a").get("missing") is None


async def test_waiter_wakes_at_the_next_act():
    log = WorldLog(TrioClock())
    seen: list[int] = []

    async def wait() -> None:
        await log.wait_beyond(1)
        seen.append(log.last)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        log.note("first")
        await wait_all_tasks_blocked()
        assert seen == []
        log.note("second")
        await wait_all_tasks_blocked()
        assert seen == [2]
