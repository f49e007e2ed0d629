"""Order in a lane, lanes side by side, nothing forgotten, nothing loaded whole."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import lane_runner
from daemon.clock import TrioClock
from daemon.lane_runner import LaneRunner, Pause
from store.durable.queues import QueueItem
from store.errors import StoreUnavailable
from store.factory import open_store
from store.write import NOTHING, join

QUEUE = "inbox"


class Work:
    """Finishes every item and remembers in which order."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.done = []
        self.running = set()
        self.most_at_once = 0
        self.holds = {}
        self.answers = {}

    async def __call__(self, item):
        assert item.lane not in self.running, "two items of one lane at once"
        self.running.add(item.lane)
        self.most_at_once = max(self.most_at_once, len(self.running))
        try:
            if item.key in self.holds:
                await self.holds[item.key].wait()
            answer = self.answers.get(item.key)
            if answer:
                outcome = answer.pop(0)
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome is not None:
                    return outcome
            await self.store.write(self.store.queues.finish(QUEUE, item.key, now=self.clock.now()))
            self.done.append((item.lane, item.key))
        finally:
            self.running.discard(item.lane)

    def keys(self, lane=None):
        return [key for number, key in self.done if lane in (None, number)]


@asynccontextmanager
async def running(store, work, clock, **kwargs):
    runner = LaneRunner(store, QUEUE, work, clock, **kwargs)
    async with trio.open_nursery() as nursery:
        await nursery.start(runner.run)
        yield runner
        nursery.cancel_scope.cancel()


def put(store, clock, lane, *keys, due_at=0):
    return join(store.queues.put(QUEUE, key, lane, {}, now=clock.now(), due_at=due_at) for key in keys)


def item(lane, key):
    return QueueItem(QUEUE, key, lane, 0, {}, 0, 0, 0, 1, None)


@pytest.fixture
def work(store, clock):
    return Work(store, clock)


async def settled():
    await trio.testing.wait_all_tasks_blocked(0.01)


async def test_rows_left_behind_are_done_in_order(store, clock, work, autojump_clock):
    await store.write(put(store, clock, 1, "a", "b", "c") + put(store, clock, 2, "d"))
    async with running(store, work, clock) as runner:
        await settled()
        assert work.keys(1) == ["a", "b", "c"]
        assert work.keys(2) == ["d"]
        assert runner.busy_lanes == 0


async def test_row_put_by_anybody_is_found(store, clock, work, autojump_clock):
    async with running(store, work, clock):
        await settled()
        await store.write(put(store, clock, 7, "a"))
        await settled()
        assert work.keys() == ["a"]


async def test_offered_row_is_done_without_reading_the_store(store, clock, work, autojump_clock):
    async with running(store, work, clock) as runner:
        await settled()
        write = put(store, clock, 7, "a", "b")
        await store.write(type(write)(write.statements))
        runner.offer([item(7, "a"), item(7, "b")])
        await settled()
        assert work.keys() == ["a", "b"]


async def test_row_offered_before_the_first_look_waits_for_its_elders(store, clock, work, autojump_clock):
    await store.write(put(store, clock, 7, "old", "new"))
    runner = LaneRunner(store, QUEUE, work, clock)
    runner.offer([item(7, "new")])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        await settled()
        nursery.cancel_scope.cancel()
    assert work.keys() == ["old", "new"]


async def test_row_that_was_read_and_offered_is_done_once(store, clock, work, autojump_clock):
    work.holds["a"] = trio.Event()
    async with running(store, work, clock) as runner:
        await settled()
        await store.write(put(store, clock, 7, "a", "b"))
        await settled()
        runner.offer([item(7, "a"), item(7, "b")])
        work.holds["a"].set()
        await settled()
        assert work.keys() == ["a", "b"]


async def test_event_put_before_an_offered_row_comes_first(store, clock, work, autojump_clock):
    async with running(store, work, clock) as runner:
        await settled()
        await store.write(put(store, clock, 7, "event"))
        write = put(store, clock, 7, "update")
        await store.write(type(write)(write.statements))
        runner.offer([item(7, "update")])
        await settled()
        assert work.keys() == ["event", "update"]


async def test_lanes_run_side_by_side_up_to_the_number_of_workers(store, clock, work, autojump_clock):
    for lane in range(6):
        work.holds[f"a{lane}"] = trio.Event()
        await store.write(put(store, clock, lane, f"a{lane}"))
    async with running(store, work, clock, workers=3):
        await settled()
        assert len(work.running) == 3
        for hold in work.holds.values():
            hold.set()
        await settled()
    assert work.most_at_once == 3
    assert len(work.done) == 6


async def test_slow_lane_holds_up_nobody_else(store, clock, work, autojump_clock):
    work.holds["slow"] = trio.Event()
    await store.write(put(store, clock, 1, "slow", "after") + put(store, clock, 2, "quick"))
    async with running(store, work, clock):
        await settled()
        assert work.keys() == ["quick"]
        work.holds["slow"].set()
        await settled()
        assert work.keys(1) == ["slow", "after"]


async def test_busy_chat_gives_way_after_its_turn(store, clock, work, autojump_clock):
    await store.write(put(store, clock, 1, *(f"a{number:02}" for number in range(50))) + put(store, clock, 2, "b"))
    async with running(store, work, clock, workers=1):
        await settled()
    assert work.keys().index("b") <= 21
    assert work.keys(1) == [f"a{number:02}" for number in range(50)]


async def test_row_that_is_not_due_holds_its_lane_until_then(store, clock, work, autojump_clock):
    await store.write(put(store, clock, 1, "later", due_at=clock.now() + 60_000))
    await store.write(put(store, clock, 1, "after") + put(store, clock, 2, "other"))
    async with running(store, work, clock):
        await trio.sleep(59)
        assert work.keys() == ["other"]
        await trio.sleep(2)
        assert work.keys(1) == ["later", "after"]


async def test_earlier_alarm_goes_off_first(store, clock, work, autojump_clock):
    async with running(store, work, clock):
        await store.write(put(store, clock, 1, "late", due_at=clock.now() + 60_000))
        await trio.sleep(1)
        await store.write(put(store, clock, 2, "soon", due_at=clock.now() + 5_000))
        await trio.sleep(10)
        assert work.keys() == ["soon"]
        await trio.sleep(60)
        assert work.keys() == ["soon", "late"]


@pytest.mark.parametrize("keeps_item", [True, False])
async def test_paused_item_comes_again(store, clock, work, autojump_clock, keeps_item):
    work.answers["a"] = [Pause(clock.now() + 5_000, keeps_item=keeps_item)]
    await store.write(put(store, clock, 1, "a", "b"))
    async with running(store, work, clock):
        await trio.sleep(4)
        assert work.keys() == []
        await trio.sleep(2)
        assert work.keys() == ["a", "b"]


async def test_row_put_while_its_lane_sleeps_comes_after(store, clock, work, autojump_clock):
    work.answers["a"] = [Pause(clock.now() + 5_000, keeps_item=True)]
    await store.write(put(store, clock, 1, "a"))
    async with running(store, work, clock) as runner:
        await trio.sleep(1)
        await store.write(put(store, clock, 1, "b"))
        runner.offer([item(1, "b")])
        await trio.sleep(5)
        assert work.keys() == ["a", "b"]


async def test_store_that_fails_is_waited_for(store, clock, work, autojump_clock, logged):
    work.answers["a"] = [StoreUnavailable("full disk")]
    await store.write(put(store, clock, 1, "a", "b"))
    async with running(store, work, clock):
        await trio.sleep(2)
        assert work.keys() == ["a", "b"]
    assert [line["event"] for line in logged] == ["lane_waits_for_store"]


async def test_error_in_the_work_is_logged_and_tried_again(store, clock, work, autojump_clock, expected_errors):
    work.answers["a"] = [RuntimeError("bug")]
    await store.write(put(store, clock, 1, "a") + put(store, clock, 2, "b"))
    async with running(store, work, clock):
        await trio.sleep(2)
        assert sorted(work.keys()) == ["a", "b"]
    assert [line["event"] for line in expected_errors] == ["lane_failed"]


class FailingQueues:
    """Reads that fail a few times."""

    def __init__(self, queues, failures):
        self.queues, self.failures = queues, failures

    async def lanes(self, *args, **kwargs):
        return await self._read("lanes", *args, **kwargs)

    async def waiting(self, *args, **kwargs):
        return await self._read("waiting", *args, **kwargs)

    async def _read(self, name, *args, **kwargs):
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            raise StoreUnavailable
        return await getattr(self.queues, name)(*args, **kwargs)


class FailingStore:
    def __init__(self, store, failures):
        self.queues = FailingQueues(store.queues, failures)
        self.listen = store.listen


async def test_reads_that_fail_are_made_again(store, clock, work, autojump_clock):
    await store.write(put(store, clock, 1, "a"))
    async with running(FailingStore(store, {"lanes": 2, "waiting": 2}), work, clock):
        await trio.sleep(10)
        assert work.keys() == ["a"]


async def test_cancelled_item_keeps_its_row(store, clock, work, autojump_clock):
    work.holds["a"] = trio.Event()
    await store.write(put(store, clock, 1, "a"))
    async with running(store, work, clock):
        await settled()
    assert [row.key for row in await store.queues.waiting(QUEUE, 1, limit=9)] == ["a"]


async def test_backlog_is_not_loaded_whole(store, clock, work, autojump_clock, monkeypatch):
    monkeypatch.setattr(lane_runner, "_LANES_KNOWN", 10)
    monkeypatch.setattr(lane_runner, "_PAGE", 4)
    await store.write(join(put(store, clock, lane, f"a{lane}", f"b{lane}") for lane in range(100)))
    most = 0

    async def watch(item):
        nonlocal most
        most = max(most, runner.busy_lanes)
        await work(item)

    runner = LaneRunner(store, QUEUE, watch, clock, workers=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        await settled()
        assert len(work.done) == 200
        assert most <= 10
        for lane in range(100, 140):
            write = put(store, clock, lane, f"c{lane}")
            await store.write(type(write)(write.statements))
            runner.offer([item(lane, f"c{lane}")])
        await settled()
        assert len(work.done) == 240
        nursery.cancel_scope.cancel()
    assert runner._held == 0


async def test_offers_beyond_the_bound_are_read_later(store, clock, work, autojump_clock, monkeypatch):
    monkeypatch.setattr(lane_runner, "_ITEMS_HELD", 3)
    async with running(store, work, clock) as runner:
        await settled()
        keys = [f"a{number:02}" for number in range(10)]
        write = put(store, clock, 1, *keys)
        await store.write(type(write)(write.statements))
        runner.offer([item(1, key) for key in keys])
        assert runner._held == 3
        await settled()
        assert work.keys() == keys


async def test_call_to_look_everywhere_finds_rows(store, clock, work, autojump_clock):
    from store.write import wake

    async with running(store, work, clock):
        await settled()
        write = put(store, clock, 1, "a")
        await store.write(type(write)(write.statements) + wake("queue:inbox"))
        await settled()
        assert work.keys() == ["a"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["put", "offer", "wait"])), max_size=25))
def test_any_mixture_of_puts_and_offers_keeps_the_order(steps):
    async def scenario():
        clock = TrioClock()
        async with open_store("sqlite://", inline=True) as store:
            work = Work(store, clock)
            expected = {}
            async with running(store, work, clock, workers=2) as runner:
                for number, (lane, step) in enumerate(steps):
                    key = f"{number:03}"
                    write = put(store, clock, lane, key)
                    if step == "wait":
                        await settled()
                    expected.setdefault(lane, []).append(key)
                    await store.write(write if step == "put" else type(write)(write.statements))
                    if step != "put":
                        runner.offer([item(lane, key)])
                await settled()
            assert {lane: work.keys(lane) for lane in expected} == expected
            assert runner._held == 0

    trio.run(scenario)


async def test_runner_that_failed_can_be_run_again(store, clock, work, autojump_clock):
    work.holds["a"] = trio.Event()
    await store.write(put(store, clock, 1, "a", "b"))
    runner = LaneRunner(store, QUEUE, work, clock)
    for _ in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runner.run)
            await settled()
            assert work.running == {1}
            nursery.cancel_scope.cancel()
    work.holds["a"].set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        await settled()
        nursery.cancel_scope.cancel()
    assert work.keys() == ["a", "b"]


async def test_row_named_in_a_hint_is_taken_from_its_maker(store, clock, work, autojump_clock, monkeypatch):
    made = {"a": item(7, "a"), "b": item(7, "b")}
    async with running(store, work, clock, take_fresh=lambda key: made.pop(key, None)):
        await settled()
        monkeypatch.setattr(store.queues, "waiting", None)
        for key in ("a", "b"):
            await store.write(type(NOTHING)(put(store, clock, 7, key).statements, (f"queue:inbox#7 {key}",)))
        await settled()
        assert work.keys() == ["a", "b"]
    assert made == {}


async def test_row_its_maker_has_forgotten_is_read(store, clock, work, autojump_clock):
    async with running(store, work, clock):
        await settled()
        await store.write(type(NOTHING)(put(store, clock, 7, "a").statements, ("queue:inbox#7 a",)))
        await settled()
        assert work.keys() == ["a"]


async def test_row_from_its_maker_stays_behind_one_that_must_be_read(store, clock, work, autojump_clock):
    made = {"c": item(7, "c")}
    async with running(store, work, clock, take_fresh=lambda key: made.pop(key, None)):
        await settled()
        await store.write(put(store, clock, 7, "a", "b"))
        await store.write(type(NOTHING)(put(store, clock, 7, "c").statements, ("queue:inbox#7 c",)))
        await settled()
        assert work.keys() == ["a", "b", "c"]
