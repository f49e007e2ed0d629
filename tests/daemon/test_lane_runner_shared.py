"""Lanes on a store that several processes share: only ours are worked on, and they change hands without a double."""

from __future__ import annotations

import pytest
import trio

from daemon.lane_runner import Pause
from store.errors import LeaseLost
from tests.daemon.test_lane_runner import QUEUE, Work, item, put, running, settled
from tests.fakes.owners import seize, trust


@pytest.fixture
def work(store, clock):
    return Work(store, clock)


async def test_lanes_of_others_are_left_alone(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7})
    await store.write(put(store, clock, 7, "a") + put(store, clock, 8, "b"))
    async with running(store, work, clock, owner=own) as runner:
        await settled()
        await store.write(put(store, clock, 7, "c") + put(store, clock, 8, "d"))
        runner.offer([item(8, "e")])
        assert runner.hold(8) is None
        await settled()
        assert work.keys() == ["a", "c"]
        assert runner.busy_lanes == 0


async def test_lane_that_is_gained_is_found_by_looking(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7})
    await store.write(put(store, clock, 8, "b"))
    async with running(store, work, clock, owner=own) as runner:
        await settled()
        own.hold({7: 1, 8: 1}, {})
        runner.look_everywhere()
        await settled()
        assert work.keys() == ["b"]


async def test_letting_go_waits_for_the_item_in_hand_and_begins_no_other(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7, 9})
    work.holds["a"] = trio.Event()
    await store.write(put(store, clock, 7, "a", "b"))
    quiet = []

    async def let_go(runner):
        own.leave({7})
        await runner.let_go(frozenset({7}))
        quiet.append(work.keys())

    async with running(store, work, clock, owner=own) as runner, trio.open_nursery() as nursery:
        await settled()
        nursery.start_soon(let_go, runner)
        await settled()
        assert quiet == []
        await store.write(put(store, clock, 9, "c"))
        await settled()
        work.holds["a"].set()
        await settled()
        assert quiet == [["c", "a"]]
        assert runner.busy_lanes == 0


async def test_item_kept_by_a_sleeping_lane_is_read_again_after_a_loss(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7})
    work.answers["a"] = [Pause(clock.now() + 60_000, keeps_item=True)]
    await store.write(put(store, clock, 7, "a", "b"))
    async with running(store, work, clock, owner=own) as runner:
        await settled()
        own.leave({7})
        await runner.let_go(frozenset({7}))
        await store.write(store.queues.finish(QUEUE, "a", now=clock.now()))  # whoever had it meanwhile
        own.stay({7})
        runner.look_everywhere()
        await trio.sleep(100)
        trust(own)
        runner.look_everywhere()
        await trio.sleep(2)
        assert work.keys() == ["b"]


async def test_without_trust_nothing_begins(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7})
    async with running(store, work, clock, owner=own) as runner:
        await trio.sleep(13)
        await store.write(put(store, clock, 7, "a"))
        await settled()
        assert work.keys() == []
        trust(own)
        runner.look_everywhere()
        await settled()
        assert work.keys() == ["a"]


async def test_refused_write_is_doubted_and_the_lane_waits(store, clock, work, autojump_clock):
    own = await seize(store, "boot-1", {7})
    doubts = []
    own.on_doubt = lambda: doubts.append(trio.current_time())
    work.answers["a"] = [LeaseLost()]
    await store.write(put(store, clock, 7, "a"))
    async with running(store, work, clock, owner=own):
        await settled()
        assert (len(doubts), work.keys()) == (1, [])
        await trio.sleep(2)
        assert work.keys() == ["a"]
