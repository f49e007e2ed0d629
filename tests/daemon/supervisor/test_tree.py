"""The supervisor under virtual time: what a child may do, and what its neighbours notice of it (nothing)."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
import structlog
import trio

from daemon.clock import TrioClock
from daemon.errors import Permanent, Temporary
from daemon.supervisor.child import ChildSpec, ChildStatus
from daemon.supervisor.circuit import CircuitPolicy
from daemon.supervisor.health import Phase
from daemon.supervisor.quarantine import MemoryBook, QuarantineEntry
from daemon.supervisor.restart import RestartPolicy
from daemon.supervisor.tree import AlreadyRunning, SupervisorClosed, open_supervisor

NO_CIRCUIT = CircuitPolicy(children=10_000)
QUICK = RestartPolicy(first_delay_seconds=1, budget=2, budget_period_seconds=1000, quarantine_probe_seconds=600)


def supervise(**options):
    options.setdefault("circuit", NO_CIRCUIT)
    return open_supervisor(TrioClock(), random.Random(1), **options)


class Scripted:
    """A child that does one thing per run, then goes on for ever."""

    def __init__(self, *steps, started=True):
        self.steps = list(steps)
        self.started = started
        self.runs = []
        self.statuses = []

    async def __call__(self, status: ChildStatus):
        self.runs.append(trio.current_time())
        self.statuses.append(status)
        if self.started:
            status.started()
        if self.steps:
            step = self.steps.pop(0)
            if isinstance(step, BaseException):
                raise step
            await step()
        else:
            await trio.sleep_forever()


async def stay(status):
    status.started()
    await trio.sleep_forever()


async def test_start_returns_when_child_is_up(autojump_clock):
    async def slow(status):
        await trio.sleep(5)
        status.started()
        await trio.sleep_forever()

    async with supervise() as supervisor:
        child = await supervisor.start(ChildSpec("slow", slow))
        assert (child.phase, trio.current_time()) == (Phase.RUNNING, 5)


async def test_child_is_called_again_after_failure(autojump_clock):
    child = Scripted(ValueError("boom"), ValueError("boom"))
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child))
        await trio.sleep(100)
        state = supervisor.find("child")
        assert (len(child.runs), state.phase, state.restarts, supervisor.restarts) == (3, Phase.RUNNING, 2, 2)


async def test_waits_grow_and_are_random(autojump_clock):
    child = Scripted(*[ValueError() for _ in range(8)])
    policy = RestartPolicy(first_delay_seconds=1, longest_delay_seconds=16, budget=100)
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child, policy))
        await trio.sleep(200)
    waits = [after - before for before, after in zip(child.runs, child.runs[1:], strict=False)]
    assert all(0 <= wait <= min(16, 2**number) for number, wait in enumerate(waits))
    assert len(set(waits)) == len(waits)


async def test_stable_time_resets_back_off(autojump_clock):
    async def run_long_then_fail():
        await trio.sleep(130)
        raise ValueError

    child = Scripted(ValueError(), ValueError(), run_long_then_fail)
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child, RestartPolicy(stable_after_seconds=120)))
        await trio.sleep(600)
        assert supervisor.find("child").streak == 1


async def test_retry_after_of_temporary_is_honoured(autojump_clock):
    child = Scripted(Temporary(retry_after_seconds=77))
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child))
        await trio.sleep(200)
    assert 77 <= child.runs[1] - child.runs[0] <= 78


async def test_temporary_failures_cost_no_budget(autojump_clock):
    child = Scripted(*[Temporary() for _ in range(20)])
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child, QUICK))
        await trio.sleep(20_000)
        assert supervisor.find("child").phase is Phase.RUNNING
    assert len(child.runs) == 21


async def test_over_budget_goes_to_quarantine(autojump_clock, expected_errors):
    book = MemoryBook()
    child = Scripted(*[ValueError("secret of a person") for _ in range(3)])
    async with supervise(quarantine=book) as supervisor:
        await supervisor.start(ChildSpec("child", child, QUICK))
        await trio.sleep(60)
        assert supervisor.find("child").phase is Phase.QUARANTINED
        entry = book.entries["child"]
        assert (entry.failures, entry.error) == (3, "ValueError")
        assert entry.fingerprint.startswith("ValueError@")
        assert "secret" not in repr(entry) + repr(expected_errors)


async def test_permanent_goes_to_quarantine_at_once(autojump_clock, expected_errors):
    child = Scripted(Permanent())
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child))
        await trio.sleep(1)
        assert supervisor.find("child").phase is Phase.QUARANTINED


async def test_quarantined_child_is_probed_and_let_out(autojump_clock, expected_errors):
    book = MemoryBook()
    child = Scripted(Permanent())
    async with supervise(quarantine=book) as supervisor:
        await supervisor.start(ChildSpec("child", child, QUICK))
        await trio.sleep(700)
        assert supervisor.find("child").phase is Phase.RUNNING
        assert not book.entries


async def test_failed_probe_goes_straight_back(autojump_clock, expected_errors):
    book = MemoryBook()
    child = Scripted(Permanent(), ValueError())
    async with supervise(quarantine=book) as supervisor:
        await supervisor.start(ChildSpec("child", child, QUICK))
        await trio.sleep(1)
        since = book.entries["child"].since_at
        await trio.sleep(700)
        assert supervisor.find("child").phase is Phase.QUARANTINED
        assert (book.entries["child"].failures, book.entries["child"].since_at) == (2, since)


async def test_probes_of_what_stays_broken_come_ever_more_seldom(autojump_clock, expected_errors):
    child = Scripted(*[Permanent() for _ in range(100)])
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child, QUICK))
        await trio.sleep(12 * 3600)
    gaps = [later - sooner for sooner, later in pairwise(child.runs)]
    assert 500 < gaps[0] < 700
    assert 5 <= len(gaps) <= 9
    assert gaps[-1] > 8 * gaps[0]


async def test_quarantine_outlives_the_supervisor(autojump_clock):
    book = MemoryBook()
    now = TrioClock().now()
    book.entries["child"] = QuarantineEntry("child", "ValueError@x", "ValueError", 6, now - 1000, now + 60_000)
    child = Scripted()
    async with supervise(quarantine=book) as supervisor:
        state = await supervisor.start(ChildSpec("child", child))
        assert (state.phase, child.runs) == (Phase.QUARANTINED, [])
        await trio.sleep(61)
        assert state.phase is Phase.RUNNING


async def test_release_tries_quarantined_child_now(autojump_clock, expected_errors):
    child = Scripted(Permanent())
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", child))
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.release("child")
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.find("child").phase is Phase.RUNNING
        assert not supervisor.release("child")
        assert not supervisor.release("nobody")


async def test_poison_child_never_harms_neighbours(autojump_clock, expected_errors):
    async def explode_in_group(status):
        status.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            raise ValueError

    async with supervise() as supervisor:
        neighbours = [await supervisor.start(ChildSpec(f"good:{number}", stay)) for number in range(10)]
        await supervisor.start(ChildSpec("poison", explode_in_group, QUICK))
        await trio.sleep(5000)
        assert {child.phase for child in neighbours} == {Phase.RUNNING}
        assert {child.since for child in neighbours} == {0.0}


async def test_silent_child_fails_at_start_timeout(autojump_clock):
    child = Scripted(started=False)
    async with supervise() as supervisor:
        state = await supervisor.start(ChildSpec("silent", child, start_timeout_seconds=3))
        assert trio.current_time() == 3
        assert (state.phase, state.fingerprint) == (Phase.WAITING, "StartTimeout")


async def test_child_that_ends_is_gone(autojump_clock):
    async def finish(status):
        status.started()

    async with supervise() as supervisor:
        child = await supervisor.start(ChildSpec("short", finish))
        await child.wait_ended()
        assert supervisor.children() == []


async def test_end_of_essential_child_is_failure(autojump_clock):
    child = Scripted(trio.lowlevel.checkpoint)
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("poller", child, is_essential=True))
        await trio.sleep(10)
        assert len(child.runs) == 2
        assert supervisor.find("poller").fingerprint == "UnexpectedEnd"


async def test_stop_cancels_with_reason(autojump_clock):
    heard = []

    async def listen(status):
        status.started()
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            heard.append(str(cancelled))
            raise

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", listen))
        assert await supervisor.stop("child", "the person paused")
        assert "the person paused" in heard[0]
        assert supervisor.children() == []
        assert await supervisor.stop("child", "again")


@pytest.mark.parametrize("error", [ValueError(), Permanent()])
async def test_waiting_child_stops_at_once(autojump_clock, expected_errors, error):
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", Scripted(error), RestartPolicy(first_delay_seconds=100)))
        before = trio.current_time()
        assert await supervisor.stop("child", "enough")
        assert trio.current_time() == before


async def test_soft_stop_lets_child_finish_its_step(autojump_clock):
    finished = []

    async def work(status):
        status.started()
        await status.stopping.wait()
        await trio.sleep(1)
        finished.append(trio.current_time())

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("worker", work, soft_stop_seconds=10))
        await trio.sleep(1)
        assert await supervisor.stop("worker", "deploy")
        assert finished == [2]


async def test_soft_stop_ends_in_cancellation(autojump_clock):
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("deaf", stay, soft_stop_seconds=10))
        assert await supervisor.stop("deaf", "deploy")
        assert trio.current_time() == 10


async def test_stuck_child_does_not_block_stop(autojump_clock, expected_errors):
    async def ignore_cancellation(status):
        status.started()
        with trio.CancelScope(shield=True):
            await trio.sleep(3600)

    given_up = []
    async with supervise(give_up=given_up.extend) as supervisor:
        await supervisor.start(ChildSpec("good", stay))
        stuck = await supervisor.start(ChildSpec("stuck", ignore_cancellation))
        assert await supervisor.stop_all("deploy", deadline_seconds=4) == ("stuck",)
        assert trio.current_time() == 4
        assert stuck.phase is Phase.STUCK
    assert given_up == ["stuck"]


async def test_failure_while_stopping_is_told_not_raised(autojump_clock, logged):
    async def fail_in_cleanup(status):
        status.started()
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError

    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", fail_in_cleanup))
        assert await supervisor.stop("child", "enough")
    assert "child_failed_while_stopping" in [line["event"] for line in logged]


async def test_outer_cancellation_passes_through(autojump_clock):
    child = Scripted()
    with trio.move_on_after(3) as scope:
        async with supervise() as supervisor:
            await supervisor.start(ChildSpec("child", child))
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert len(child.runs) == 1


async def test_name_is_taken_until_child_is_gone(autojump_clock):
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", stay))
        with pytest.raises(AlreadyRunning):
            supervisor.launch(ChildSpec("child", stay))


async def test_successor_waits_for_stopping_predecessor(autojump_clock):
    async def leave_slowly(status):
        status.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(3, shield=True):
                await trio.sleep(2)

    async with supervise() as supervisor, trio.open_nursery() as nursery:
        await supervisor.start(ChildSpec("child", leave_slowly))
        nursery.start_soon(supervisor.stop, "child", "paused")
        await trio.testing.wait_all_tasks_blocked()
        state = await supervisor.start(ChildSpec("child", stay))
        assert (state.phase, trio.current_time()) == (Phase.RUNNING, 2)


async def test_closing_supervisor_takes_no_children(autojump_clock):
    async with supervise() as supervisor:
        await supervisor.stop_all("deploy")
        with pytest.raises(SupervisorClosed):
            supervisor.launch(ChildSpec("late", stay))


async def test_log_lines_carry_no_error_text(autojump_clock, expected_errors):
    async with supervise() as supervisor:
        await supervisor.start(ChildSpec("child", Scripted(ValueError("my salary is 5"), Permanent("call me"))))
        await trio.sleep(10)
    assert {"child_failed", "child_quarantined"} <= {line["event"] for line in expected_errors}
    assert "salary" not in repr(expected_errors) + repr(structlog.get_context(structlog.get_logger()))
    assert "call me" not in repr(expected_errors)


async def test_shared_failure_opens_circuit_and_burns_no_budget(autojump_clock):
    board = {"up": False}

    async def hunt(status):
        status.started()
        await trio.sleep(1)
        if not board["up"]:
            raise ConnectionError
        await trio.sleep_forever()

    policy = RestartPolicy(budget=3)
    async with supervise(circuit=CircuitPolicy(children=5)) as supervisor:
        for number in range(50):
            await supervisor.start(ChildSpec(f"hunt:{number}", hunt, policy))
        await trio.sleep(3600)
        assert [circuit.held + (circuit.probe is not None) for circuit in supervisor.open_circuits()] == [50]
        assert supervisor.restarts < 150
        board["up"] = True
        await trio.sleep(600)
        assert {child.phase for child in supervisor.children()} == {Phase.RUNNING}
        assert supervisor.open_circuits() == []


async def test_entries_of_a_book_that_others_write_replace_what_was_known(autojump_clock):
    entry = QuarantineEntry("a", "f", "KeyError", 5, 0, 10**15)
    async with supervise() as supervisor:
        supervisor.load_entries([entry])
        supervisor.replace_entries(["a", "b"], [replace(entry, child="b"), replace(entry, child="c")])
        children = [supervisor.launch(ChildSpec(name, Scripted())) for name in "abc"]
        await trio.sleep(1)
        assert [child.phase for child in children] == [Phase.RUNNING, Phase.QUARANTINED, Phase.RUNNING]
