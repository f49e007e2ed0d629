"""Who comes alone is not made to wait a turn for others; who came together once is."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from store.embedded.group_commit import GroupCommit
from store.embedded.worker import LoopWorker
from store.write import statement
from tests.store.embedded.test_group_commit import Disk, SlowWorker, tell_nobody


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
async def worker():
    return SlowWorker()


@pytest.fixture
async def commits(worker, disk):
    return GroupCommit(worker, disk.run, tell_nobody)


async def test_lone_caller_after_a_lone_caller_goes_without_waiting_for_others(commits, worker, disk):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("first"))
        await worker.finish_one()
    async with trio.open_nursery() as nursery:
        for name in "ab":
            nursery.start_soon(commits.write, statement(name))
        await worker.finish_one()
        await worker.finish_one()
    assert [len(batch) for batch in disk.batches] == [1, 1, 1]


async def test_callers_that_came_together_once_are_waited_for_again(commits, worker, disk):
    for size, batches in ((1, 1), (2, 2), (2, 1), (2, 1), (1, 1), (1, 1), (2, 2)):
        disk.batches.clear()
        async with trio.open_nursery() as nursery:
            for number in range(size):
                nursery.start_soon(commits.write, statement(str(number)))
            for _ in range(batches):
                await worker.finish_one()
        assert len(disk.batches) == batches


async def test_lone_callers_of_a_worker_in_the_loop_are_woken_too():
    disk = Disk()
    commits = GroupCommit(LoopWorker(), disk.run, tell_nobody)
    for number in range(3):
        await commits.write(statement(str(number)))
    assert disk.batches == [["0"], ["1"], ["2"]]


async def test_lone_caller_waits_while_the_worker_is_held(commits, worker, disk):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(commits.write, statement("first"))
        await worker.finish_one()
    async with trio.open_nursery() as nursery:
        async with commits.hold():
            nursery.start_soon(commits.write, statement("second"))
            await wait_all_tasks_blocked()
            assert worker.jobs == []
        await worker.finish_one()
    assert disk.batches == [["first"], ["second"]]
