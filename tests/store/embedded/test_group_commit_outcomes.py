"""Whatever turn tasks hand in at, and whoever fails or leaves: each write happens once, each caller learns its own."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from store.embedded.group_commit import GroupCommit
from store.embedded.worker import ThreadWorker
from store.errors import Conflict
from store.write import statement
from tests.store.embedded.test_group_commit import Disk, tell_nobody


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
