"""Lanes held by somebody who does an item outside of the runner, and rows that are not settled yet."""

import pytest
import trio

from daemon.lane_runner import LaneRunner
from tests.daemon.test_lane_runner import QUEUE, Work, item, put, running, settled


@pytest.fixture
def work(store, clock):
    return Work(store, clock)


async def test_held_lane_is_left_alone_until_it_is_released(store, clock, work, autojump_clock):
    async with running(store, work, clock) as runner:
        await settled()
        lane = runner.hold(7)
        assert runner.hold(7) is None
        await store.write(put(store, clock, 7, "a") + put(store, clock, 8, "b"))
        runner.offer([item(7, "c")])
        await settled()
        assert work.keys() == ["b"]
        runner.release(lane)
        await settled()
        assert work.keys(7) == ["a"]  # what was offered is read with what was put before it
        assert runner.busy_lanes == 0


async def test_lane_with_something_to_do_can_not_be_held(store, clock, work, autojump_clock):
    work.holds["a"] = trio.Event()
    async with running(store, work, clock) as runner:
        assert runner.hold(7) is None  # nobody has looked through the store yet
        await settled()
        await store.write(put(store, clock, 7, "a"))
        assert runner.hold(7) is None  # told in the commit, although nobody has listened yet
        await settled()
        assert runner.hold(7) is None
        work.holds["a"].set()
        await settled()
        assert runner.hold(7) is not None


async def test_lane_held_by_a_former_run_is_nobodys(store, clock, work, autojump_clock):
    work.holds["a"] = trio.Event()
    async with running(store, work, clock) as runner:
        await settled()
        lane = runner.hold(7)
        await store.write(put(store, clock, 7, "a", "b"))
    async with trio.open_nursery() as nursery:
        await nursery.start(runner.run)
        await settled()
        assert work.running == {7}
        runner.release(lane)  # lets no second worker at the lane: `Work` would notice
        await settled()
        work.holds["a"].set()
        await settled()
        assert work.keys() == ["a", "b"]
        nursery.cancel_scope.cancel()


async def test_rows_are_read_only_after_what_was_done_is_settled(store, clock, work, autojump_clock):
    asked, allowed = [], trio.Event()

    async def before_read(lane):
        asked.append(lane)
        await allowed.wait()

    runner = LaneRunner(store, QUEUE, work, clock, before_read=before_read)
    await store.write(put(store, clock, 7, "a"))
    async with trio.open_nursery() as nursery:
        await nursery.start(runner.run)
        await settled()
        assert (asked, work.keys()) == ([7], [])
        allowed.set()
        await settled()
        assert work.keys() == ["a"]
        nursery.cancel_scope.cancel()
