"""Tasks wait together for one commit, and each learns its own outcome."""

from __future__ import annotations

import threading

import outcome
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from store.embedded.group_commit import GroupCommit
from store.embedded.worker import LoopWorker, ThreadWorker
from store.errors import Conflict, StoreCorrupt, StoreUnavailable
from store.write import statement, wake


class SlowWorker:
    """Keeps a job until the test lets it run."""

    settles_at_once = False

    def __init__(self):
        self.jobs = []

    def submit(self, work, settle):
        self.jobs.append((work, settle))

    async def finish_one(self):
        await wait_all_tasks_blocked()
        work, settle = self.jobs.pop(0)
        settle(outcome.capture(work))

    async def close(self):
        pass


class Disk:
    """Runs batches by keeping them; `errors` gives a write's error by its SQL, `broken` fails whole batches."""

    def __init__(self):
        self.batches = []
        self.errors = {}
        self.broken = None

    def run(self, writes):
        if self.broken is not None:
            raise self.broken
        self.batches.append([write.statements[0].sql for write in writes])
        return [self.errors.get(write.statements[0].sql) for write in writes]


def tell_nobody(_topics):
    """Nobody listens."""


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
async def worker():
    return SlowWorker()


@pytest.fixture
async def commits(worker, disk):
    return GroupCommit(worker, disk.run, tell_nobody)


async def test_writes_handed_in_during_a_commit_travel_together_in_the_next(commits, worker, disk):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("first"))
        await wait_all_tasks_blocked()
        for number in range(5):
            nursery.start_soon(commits.write, statement(str(number)))
        await worker.finish_one()
        await worker.finish_one()
    assert disk.batches[0] == ["first"]
    assert sorted(disk.batches[1]) == list("01234")


async def test_writes_of_one_turn_of_the_loop_are_one_batch(commits, worker, disk):
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(commits.write, statement(str(number)))
        await worker.finish_one()
    assert len(disk.batches) == 1


async def test_callers_that_write_again_travel_together_again(commits, worker, disk):
    async def write_thrice(name):
        for _ in range(3):
            await commits.write(statement(name))

    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(write_thrice, str(number))
        for _ in range(3):
            await worker.finish_one()
    assert [len(batch) for batch in disk.batches] == [50, 50, 50]


async def test_everybody_waits_until_the_commit(commits, worker):
    done = []

    async def write(name):
        await commits.write(statement(name))
        done.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, "a")
        nursery.start_soon(write, "b")
        await wait_all_tasks_blocked()
        assert done == []
        await worker.finish_one()
    assert sorted(done) == ["a", "b"]


async def test_error_of_a_write_is_its_callers_alone(commits, worker, disk):
    disk.errors["bad"] = Conflict("bad")
    outcomes = {}

    async def write(name):
        try:
            await commits.write(statement(name))
            outcomes[name] = "done"
        except Conflict as error:
            outcomes[name] = str(error)

    async with trio.open_nursery() as nursery:
        for name in ("a", "bad", "b"):
            nursery.start_soon(write, name)
        await worker.finish_one()
    assert outcomes == {"a": "done", "bad": "bad", "b": "done"}


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), StoreCorrupt("damaged")])
async def test_failed_commit_is_told_to_everybody_in_an_exception_of_their_own(commits, worker, disk, error):
    disk.broken = error
    raised = []

    async def write():
        try:
            await commits.write(statement("a"))
        except type(error) as caught:
            raised.append(caught)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        nursery.start_soon(write)
        await worker.finish_one()
    assert [str(caught) for caught in raised] == [str(error)] * 2
    assert raised[0] is not raised[1]


async def test_next_batch_works_again_after_a_failed_commit(commits, worker, disk):
    async def write():
        with pytest.raises(StoreUnavailable):
            await commits.write(statement("a"))
        disk.broken = None
        await commits.write(statement("b"))

    disk.broken = StoreUnavailable("the disk is full")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await worker.finish_one()
        await worker.finish_one()
    assert disk.batches == [["b"]]


async def test_accident_in_the_writer_is_unavailability_with_its_cause(commits, worker, disk):
    disk.broken = RuntimeError("a mistake of ours")

    async def write():
        with pytest.raises(StoreUnavailable, match="RuntimeError: a mistake of ours") as caught:
            await commits.write(statement("a"))
        assert caught.value.__cause__ is disk.broken

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await worker.finish_one()


@pytest.mark.parametrize("moment", ["before the turn", "while waiting", "while committing"])
async def test_cancelled_caller_leaves_at_once_and_its_write_stays(commits, worker, disk, moment):
    scope = trio.CancelScope()

    async def write():
        with scope:
            await commits.write(statement("a"))

    async with trio.open_nursery() as nursery:
        if moment == "before the turn":
            scope.cancel()
        if moment == "while waiting":
            nursery.start_soon(commits.write, statement("first"))
            await wait_all_tasks_blocked()
        nursery.start_soon(write)
        await wait_all_tasks_blocked()
        scope.cancel()
        await wait_all_tasks_blocked()
        assert scope.cancelled_caught
        while worker.jobs:
            await worker.finish_one()
            await wait_all_tasks_blocked()
    assert disk.batches[-1] == ["a"]


async def test_caller_that_left_is_not_woken_out_of_its_next_write(commits, worker, disk):
    done = []
    scope = trio.CancelScope()

    async def write():
        with scope:
            await commits.write(statement("first"))
        assert scope.cancelled_caught
        await commits.write(statement("second"))
        done.append("second")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await wait_all_tasks_blocked()
        scope.cancel()
        await worker.finish_one()
        await wait_all_tasks_blocked()
        assert done == []
        await worker.finish_one()
    assert disk.batches == [["first"], ["second"]]


async def test_topics_are_announced_for_writes_on_disk_only(worker, disk):
    announced = []
    commits = GroupCommit(worker, disk.run, announced.append)
    disk.errors["bad"] = Conflict("bad")

    async def write_bad():
        with pytest.raises(Conflict):
            await commits.write(statement("bad") + wake("bad"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("good") + wake("good"))
        nursery.start_soon(write_bad)
        await wait_all_tasks_blocked()
        assert announced == []
        await worker.finish_one()
    assert announced == [("good",)]


async def test_who_comes_when_all_is_full_waits_to_hand_in(worker, disk):
    commits = GroupCommit(worker, disk.run, tell_nobody, capacity=3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("first"))
        await wait_all_tasks_blocked()
        for number in range(10):
            nursery.start_soon(commits.write, statement(str(number)))
        await wait_all_tasks_blocked()
        assert len(commits._waiting) == 3
        while sum(len(batch) for batch in disk.batches) < 11:
            await worker.finish_one()
            await wait_all_tasks_blocked()
    assert max(len(batch) for batch in disk.batches) == 3


async def test_waiting_to_hand_in_can_be_cancelled_and_then_nothing_is_written(worker, disk):
    commits = GroupCommit(worker, disk.run, tell_nobody, capacity=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("first"))
        await wait_all_tasks_blocked()
        nursery.start_soon(commits.write, statement("second"))
        await wait_all_tasks_blocked()
        with trio.move_on_after(0):
            await commits.write(statement("third"))
        await worker.finish_one()
        await worker.finish_one()
    assert disk.batches == [["first"], ["second"]]


async def test_one_commit_takes_no_more_than_the_largest_batch(commits, worker, disk):
    async with trio.open_nursery() as nursery:
        for number in range(2500):
            nursery.start_soon(commits.write, statement(str(number)))
        await worker.finish_one()
        await worker.finish_one()
    assert [len(batch) for batch in disk.batches] == [2000, 500]


async def test_closing_waits_for_what_was_handed_in_and_refuses_the_rest(commits, worker, disk):
    refused = []

    async def write_late():
        with pytest.raises(StoreUnavailable, match="closed"):
            await commits.write(statement("late"))
        refused.append(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("a"))
        await wait_all_tasks_blocked()
        nursery.start_soon(commits.write, statement("b"))
        await wait_all_tasks_blocked()
        nursery.start_soon(commits.close)
        await wait_all_tasks_blocked()
        nursery.start_soon(write_late)
        await worker.finish_one()
        await worker.finish_one()
    assert disk.batches == [["a"], ["b"]]
    assert refused == [1]
    with pytest.raises(StoreUnavailable):
        async with commits.hold():
            pass


async def test_closing_refuses_those_who_wait_to_hand_in(worker, disk):
    commits = GroupCommit(worker, disk.run, tell_nobody, capacity=1)
    refused = []

    async def write(name):
        try:
            await commits.write(statement(name))
        except StoreUnavailable:
            refused.append(name)

    async with trio.open_nursery() as nursery:
        for name in ("a", "b", "c"):
            nursery.start_soon(write, name)
            await wait_all_tasks_blocked()
        nursery.start_soon(commits.close)
        await worker.finish_one()
        await worker.finish_one()
    assert refused == ["c"]


async def test_closing_an_idle_one_returns():
    commits = GroupCommit(LoopWorker(), Disk().run, tell_nobody)
    await commits.close()
    await commits.close()


async def test_call_runs_after_what_was_handed_over_before():
    worker = ThreadWorker("worker")
    disk = Disk()
    commits = GroupCommit(worker, disk.run, tell_nobody)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("a"))
        async with commits.hold():
            assert await commits.call(lambda: 5) == 5
            with pytest.raises(ZeroDivisionError):
                await commits.call(lambda: 1 // 0)
            nursery.start_soon(commits.write, statement("b"))
            before = await commits.call(lambda: [list(batch) for batch in disk.batches])
    assert "b" not in [name for batch in before for name in batch]
    assert sorted(name for batch in disk.batches for name in batch) == ["a", "b"]
    await worker.close()


async def test_cancelled_call_returns_at_once_and_its_work_is_done():
    worker = ThreadWorker("worker")
    commits = GroupCommit(worker, Disk().run, tell_nobody)
    release, ran = threading.Event(), []

    def work():
        release.wait()
        ran.append(1)

    with trio.move_on_after(0.01) as scope:
        await commits.call(work)
    assert scope.cancelled_caught
    release.set()
    await commits.call(lambda: None)
    assert ran == [1]
    await worker.close()
