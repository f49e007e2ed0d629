"""Stopping: whatever a child is doing, it ends in time or is named; nobody waits longer than the deadlines say."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from daemon.errors import Permanent
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.circuit import CircuitPolicy
from daemon.supervisor.health import Phase
from daemon.supervisor.restart import RestartPolicy
from tests.daemon.supervisor.children import (
    end_when_asked,
    failing,
    ignore_cancellation,
    never_up,
    stay,
    supervise,
)

SLOW = RestartPolicy(first_delay_seconds=1000)


@pytest.mark.parametrize(
    ("run", "phase"),
    [
        (never_up, Phase.STARTING),
        (stay, Phase.RUNNING),
        (failing(ValueError()), Phase.WAITING),
        (failing(Permanent()), Phase.QUARANTINED),
    ],
)
async def test_child_stops_at_once_in_every_phase(autojump_clock, expected_errors, run, phase):
    async with supervise() as supervisor:
        child = supervisor.launch(ChildSpec("child", run, SLOW))
        await wait_all_tasks_blocked()
        assert child.phase is phase
        assert await supervisor.stop("child", "enough")
        assert (trio.current_time(), child.phase, supervisor.children()) == (0, Phase.ENDED, [])


async def test_held_children_stop_at_once(autojump_clock):
    async with supervise(circuit=CircuitPolicy(children=3)) as supervisor:
        for number in range(10):
            await supervisor.start(ChildSpec(f"child:{number}", failing(ConnectionError()), SLOW))
        await wait_all_tasks_blocked()
        assert Phase.HELD in {child.phase for child in supervisor.children()}
        assert await supervisor.stop_all("deploy") == ()
        assert trio.current_time() == 0


async def test_child_that_has_not_run_yet_stops(autojump_clock):
    ran = []

    async def note(status):
        ran.append(True)

    async with supervise() as supervisor:
        supervisor.launch(ChildSpec("child", note))
        assert await supervisor.stop("child", "changed my mind")
    assert ran == []


async def test_patient_and_impatient_children_stop_side_by_side(autojump_clock):
    async def finish_step(status):
        status.started()
        await status.stopping.wait()
        await trio.sleep(3)

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("worker", finish_step, soft_stop_seconds=10))
        quick = await supervisor.start(ChildSpec("quick", stay))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.stop_all, "deploy")
            await wait_all_tasks_blocked()
            assert quick.phase is Phase.ENDED
        assert trio.current_time() == 3


async def test_soft_stage_ends_as_soon_as_all_have_ended(autojump_clock):
    async with supervise() as supervisor:
        for number in range(5):
            await supervisor.start(ChildSpec(f"worker:{number}", end_when_asked, soft_stop_seconds=60))
        assert await supervisor.stop_all("deploy") == ()
        assert trio.current_time() == 0


async def test_stopping_is_set_for_those_who_ask_late(autojump_clock):
    seen = []

    async def look_late(status):
        status.started()
        try:
            await trio.sleep_forever()
        finally:
            seen.append(status.stopping.is_set())

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", look_late))
        await supervisor.stop("child", "enough")
    assert seen == [True]


async def test_several_stuck_children_cost_one_deadline(autojump_clock, expected_errors):
    async with supervise() as supervisor:
        for number in range(5):
            await supervisor.start(ChildSpec(f"stuck:{number}", ignore_cancellation))
        assert len(await supervisor.stop_all("deploy", deadline_seconds=4)) == 5
        assert trio.current_time() == 4
        assert [line["child"] for line in expected_errors] == [f"stuck:{number}" for number in range(5)]
        await trio.sleep(3600)
        assert supervisor.children() == []


async def test_stuck_child_that_ends_later_is_gone(autojump_clock, expected_errors):
    async with supervise() as supervisor:
        child = await supervisor.start(ChildSpec("stuck", ignore_cancellation))
        assert not await supervisor.stop("stuck", "enough", deadline_seconds=1)
        assert child.phase is Phase.STUCK
        await child.wait_ended()
        assert trio.current_time() == 3600


async def test_begun_stop_is_carried_through_when_nobody_waits_for_it(autojump_clock):
    async with supervise() as supervisor:
        deaf = await supervisor.start(ChildSpec("deaf", stay, soft_stop_seconds=100))
        with trio.move_on_after(1):
            await supervisor.stop("deaf", "enough")
        await wait_all_tasks_blocked()
        assert (deaf.phase, trio.current_time()) == (Phase.ENDED, 1)


async def test_stopping_twice_at_once_is_one_stop(autojump_clock):
    reasons = []

    async def note_reason(status):
        status.started()
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            reasons.append(str(cancelled))
            raise

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", note_reason))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.stop, "child", "first")
            nursery.start_soon(supervisor.stop, "child", "second")
    assert len(reasons) == 1


async def test_first_reason_is_kept(autojump_clock):
    async with supervise() as supervisor:
        child = await supervisor.start(ChildSpec("child", end_when_asked, soft_stop_seconds=5))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.stop, "child", "the person paused")
            await trio.lowlevel.checkpoint()
            await supervisor.stop_all("deploy")
        assert child.stop_reason in {"the person paused", "deploy"}
        assert supervisor.children() == []


async def test_slow_cleanup_within_the_deadline_is_no_trouble(autojump_clock):
    saved = []

    async def save_on_the_way_out(status):
        status.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(3, shield=True):
                await trio.sleep(2)
                saved.append(True)

    async with supervise() as supervisor:
        for number in range(20):
            await supervisor.start(ChildSpec(f"child:{number}", save_on_the_way_out))
        assert await supervisor.stop_all("deploy", deadline_seconds=5) == ()
        assert (len(saved), trio.current_time()) == (20, 2)
