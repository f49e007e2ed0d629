"""Whatever turn tasks hand in at, and whoever fails or leaves: each write happens once, each caller learns its own."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from store.embedded.group_commit import GroupCommit
from store.embedded.worker import ThreadWorker
from store.errors import Conflict, StoreUnavailable
from store.write import statement
from tests.store.embedded.test_group_commit import Disk, SlowWorker, tell_nobody


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["good", "bad", "leaves"])), max_size=40))
def test_each_write_happens_once_and_each_caller_learns_its_own_outcome(plan):
    """Tasks hand in at different turns; some writes fail, some callers leave."""
    outcomes = {}

    async def one(commits, number, turns, kind):
        for _ in range(turns):
            await trio.lowlevel.checkpoint()
        with trio.CancelScope() as scope:
            if kind == "leaves":
                scope.cancel()
            try:
                await commits.write(statement(f"{kind}{number}"))
                outcomes[number] = "good"
            except Conflict:
                outcomes[number] = "bad"
        if scope.cancelled_caught:
            outcomes[number] = "leaves"

    async def all_of_them():
        disk = Disk()
        disk.errors = {f"bad{number}": Conflict("bad") for number in range(len(plan))}
        worker = ThreadWorker("worker")
        commits = GroupCommit(worker, disk.run, tell_nobody)
        async with trio.open_nursery() as nursery:
            for number, (turns, kind) in enumerate(plan):
                nursery.start_soon(one, commits, number, turns, kind)
        await commits.close()
        await worker.close()
        return sorted(name for batch in disk.batches for name in batch)

    written = trio.run(all_of_them)
    assert written == sorted(f"{kind}{number}" for number, (_, kind) in enumerate(plan))
    assert outcomes == {number: kind for number, (_, kind) in enumerate(plan)}


async def test_who_waits_behind_a_commit_in_doubt_can_be_refused(nursery):
    disk, worker, refused = Disk(), SlowWorker(), []
    commits = GroupCommit(worker, disk.run, tell_nobody, capacity=2)

    async def write(name):
        try:
            await commits.write(statement(name))
        except StoreUnavailable as error:
            refused.append((name, str(error)))

    for name in ("in doubt", "waits", "waits too", "waits to hand in"):
        nursery.start_soon(write, name)
        await wait_all_tasks_blocked()
    commits.refuse_waiting(StoreUnavailable("in doubt"))
    await wait_all_tasks_blocked()
    assert sorted(refused) == [("waits", "in doubt"), ("waits too", "in doubt")]
    await worker.finish_one()
    await worker.finish_one()
    assert disk.batches == [["in doubt"], ["waits to hand in"]]


async def test_refusing_when_nobody_waits_changes_nothing(nursery):
    disk, worker = Disk(), SlowWorker()
    commits = GroupCommit(worker, disk.run, tell_nobody)
    commits.refuse_waiting(StoreUnavailable("in doubt"))
    nursery.start_soon(commits.write, statement("after"))
    await worker.finish_one()
    assert disk.batches == [["after"]]
