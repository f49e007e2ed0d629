"""Lanes keep their order, keys are known for ever, and nothing put is lost; held against a plain model."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from store.durable.queues import _SELECT_LANES
from store.errors import Conflict
from store.factory import open_store
from store.write import join
from tests.fakes.rows import read_buried

Q = "inbox"


async def put(store, *keys, lane=7, now=10, **more):
    for key in keys:
        await store.write(store.queues.put(Q, key, lane, {"key": key}, now=now, **more))


async def waiting(store, lane=7, limit=100):
    return [item.key for item in await store.queues.waiting(Q, lane, limit=limit)]


async def test_item_comes_back_as_it_was_put(store):
    await put(store, "a", now=10, due_at=5)
    (item,) = await store.queues.waiting(Q, 7, limit=9)
    assert (item.queue, item.key, item.lane, item.position) == (Q, "a", 7, 1)
    assert (item.payload, item.attempts, item.due_at, item.put_at) == ({"key": "a"}, 0, 5, 10)
    assert (item.version, item.error) == (1, None)
    assert await store.queues.get(Q, "a") == item


async def test_lane_keeps_the_order_of_putting(store):
    await put(store, "c", "a", "b")
    assert await waiting(store) == ["c", "a", "b"]
    assert await waiting(store, limit=2) == ["c", "a"]


async def test_items_put_in_one_write_keep_their_order(store):
    write = store.queues.put(Q, "b", 7, 1, now=1) + store.queues.put(Q, "a", 7, 2, now=1)
    await store.write(write + store.queues.put(Q, "c", 7, 3, now=1))
    assert await waiting(store) == ["b", "a", "c"]


async def test_known_key_is_nothing_new_while_waiting_finished_or_buried(store):
    await put(store, "a", "b", "c")
    await store.write(store.queues.finish(Q, "a", now=20))
    await store.write(store.queues.bury(Q, "b", now=20, error="KeyError"))
    await put(store, "a", "b", "c", now=99)
    assert await waiting(store) == ["c"]
    assert (await store.queues.waiting(Q, 7, limit=9))[0].put_at == 10


async def test_same_key_in_another_queue_is_another_item(store):
    await put(store, "a")
    await store.write(store.queues.put("outbox", "a", 7, {}, now=1))
    await store.write(store.queues.finish(Q, "a", now=2))
    assert await store.queues.count("outbox", "waiting") == 1


async def test_putting_wakes_the_topic_of_its_queue(store):
    async with store.listen("queue:inbox") as inbox, store.listen("queue:outbox") as outbox:
        await put(store, "a")
        assert await inbox.wait(0)
        assert not await outbox.wait(0)


async def test_putting_tells_the_lane_as_a_hint(store):
    async with store.listen("queue:inbox") as wakeups:
        await put(store, "a", lane=-5)
        await store.write(store.queues.replace(Q, "b", 8, {}, now=1))
        assert wakeups.take_hints() == ["-5", "8"]


async def test_lanes_are_listed_by_number_in_pages(store):
    assert await store.queues.lanes(Q, after=-(2**62), limit=9) == []
    for lane in (30, -10, 20):
        await put(store, f"first of {lane}", f"second of {lane}", lane=lane)
    await put(store, "done", lane=25)
    await store.write(store.queues.finish(Q, "done", now=1))
    await store.write(store.queues.put("outbox", "x", 15, {}, now=1))
    assert await store.queues.lanes(Q, after=-(2**62), limit=2) == [-10, 20]
    assert await store.queues.lanes(Q, after=20, limit=2) == [30]


async def test_listing_lanes_costs_what_their_number_costs_whatever_the_backlog(embedded_store):  # SQLite's planner
    store = embedded_store
    for lane in (1, 2, 3):
        for start in range(0, 300, 100):
            await store.write(join(store.queues.put(Q, f"{lane}:{start + n}", lane, {}, now=1) for n in range(100)))
    assert await store.queues.lanes(Q, after=0, limit=9) == [1, 2, 3]
    rows = await store.fetch_all(f"EXPLAIN QUERY PLAN {_SELECT_LANES}", Q, 0, 9)
    searches = [row[3] for row in rows if "queue_items" in row[3]]
    assert searches
    assert all(search.startswith("SEARCH queue_items USING") for search in searches), searches


async def test_finished_item_leaves_a_tombstone_without_its_payload(store):
    await put(store, "a")
    await store.write(store.queues.finish(Q, "a", now=20))
    assert await store.queues.count(Q, "waiting") == 0
    assert await store.queues.count(Q, "finished") == 1
    assert await store.queues.get(Q, "a") is None
    assert await store.fetch_one("SELECT payload FROM queue_items WHERE key = 'a'") == ("null",)


@pytest.mark.parametrize("verb", ["finish", "retry_later", "bury"])
async def test_what_does_not_wait_can_not_be_settled(store, verb):
    await put(store, "a")
    await store.write(store.queues.finish(Q, "a", now=20))
    write = {
        "finish": lambda key: store.queues.finish(Q, key, now=30),
        "retry_later": lambda key: store.queues.retry_later(Q, key, due_at=30, error="x"),
        "bury": lambda key: store.queues.bury(Q, key, now=30, error="x"),
    }[verb]
    for key in ("a", "unknown"):
        with pytest.raises(Conflict, match="not waiting"):
            await store.write(write(key))


async def test_retry_counts_an_attempt_and_keeps_the_place(store):
    await put(store, "a", "b")
    await store.write(store.queues.retry_later(Q, "a", due_at=99, error="TimeoutError"))
    head = (await store.queues.waiting(Q, 7, limit=1))[0]
    assert (head.key, head.attempts, head.due_at, head.error) == ("a", 1, 99, "TimeoutError")


async def test_buried_item_keeps_its_payload_and_lets_its_lane_go_on(store):
    await put(store, "a", "b")
    await store.write(store.queues.bury(Q, "a", now=20, error="KeyError"))
    assert await waiting(store) == ["b"]
    (buried,) = await read_buried(store, Q)
    assert (buried.key, buried.payload, buried.attempts, buried.error) == ("a", {"key": "a"}, 1, "KeyError")


async def test_replace_puts_what_is_unknown(store):
    await store.write(store.queues.replace(Q, "card", 7, "v1", now=10))
    (item,) = await store.queues.waiting(Q, 7, limit=9)
    assert (item.payload, item.put_at, item.version) == ("v1", 10, 1)


async def test_replace_changes_the_payload_of_what_waits_in_its_place(store):
    await put(store, "card", "b")
    await store.write(store.queues.retry_later(Q, "card", due_at=50, error="x"))
    await store.write(store.queues.replace(Q, "card", 7, "v2", now=99))
    first, second = await store.queues.waiting(Q, 7, limit=9)
    assert (first.key, first.payload, first.attempts, first.due_at) == ("card", "v2", 1, 50)
    assert (first.version, second.key) == (2, "b")


@pytest.mark.parametrize("end", ["finish", "bury"])
async def test_replace_over_a_settled_item_is_a_new_one_at_the_end(store, end):
    await put(store, "card", "b")
    if end == "finish":
        await store.write(store.queues.finish(Q, "card", now=20))
    else:
        await store.write(store.queues.bury(Q, "card", now=20, error="x"))
    await store.write(store.queues.replace(Q, "card", 8, "v2", now=99))
    assert await waiting(store) == ["b"]
    (item,) = await store.queues.waiting(Q, 8, limit=9)
    assert (item.payload, item.attempts, item.put_at, item.error) == ("v2", 0, 99, None)
    assert await store.queues.count(Q, "finished") == 0


async def test_payload_replaced_while_the_old_one_is_sent_is_not_lost(store):
    await store.write(store.queues.replace(Q, "card", 7, "v1", now=10))
    (sent,) = await store.queues.waiting(Q, 7, limit=1)
    await store.write(store.queues.replace(Q, "card", 7, "v2", now=11))
    await store.write(store.queues.finish(Q, "card", now=12, version=sent.version))
    (left,) = await store.queues.waiting(Q, 7, limit=1)
    assert left.payload == "v2"
    await store.write(store.queues.finish(Q, "card", now=13, version=left.version))
    assert await waiting(store) == []


async def test_trim_forgets_old_tombstones_only(store):
    await put(store, "old", "new", "buried", "waits")
    await store.write(store.queues.finish(Q, "old", now=20))
    await store.write(store.queues.finish(Q, "new", now=30))
    await store.write(store.queues.bury(Q, "buried", now=20, error="x"))
    await store.write(store.queues.trim(30))
    assert [await store.queues.count(Q, state) for state in ("waiting", "finished", "buried")] == [1, 1, 1]
    await put(store, "old", "new")
    assert await waiting(store) == ["waits", "old"]


async def test_trim_takes_no_more_at_once_than_it_may(store):
    await put(store, *"abcde")
    for key in "abcde":
        await store.write(store.queues.finish(Q, key, now=20))
    await store.write(store.queues.trim(100, limit=2))
    assert await store.queues.count(Q, "finished") == 3


async def test_positions_stay_in_order_when_tombstones_are_trimmed(store):
    await put(store, "a", "b")
    await store.write(store.queues.finish(Q, "a", now=1) + store.queues.finish(Q, "b", now=1))
    await store.write(store.queues.trim(100))
    await put(store, "c", "d")
    assert await waiting(store) == ["c", "d"]


async def test_cleared_lane_forgets_what_waited_and_was_buried(store):
    await put(store, "a", "b")
    await put(store, "other", lane=8)
    await store.write(store.queues.bury(Q, "a", now=20, error="x"))
    await store.write(store.queues.clear_lane(Q, 7, now=30))
    assert await waiting(store) == []
    assert await read_buried(store, Q) == []
    assert await waiting(store, 8) == ["other"]
    await put(store, "a", "b")
    assert await waiting(store) == []


async def test_unknown_state_can_not_be_counted(store):
    with pytest.raises(KeyError):
        await store.queues.count(Q, "lost")


async def test_hot_statements_use_the_partial_indexes(embedded_store):  # PostgreSQL's planner decides by the rows
    store = embedded_store
    for sql in (
        "SELECT max(position) FROM queue_items WHERE queue = $1 AND lane = $2 AND state = 'waiting'",
        "SELECT lane, min(position) FROM queue_items WHERE queue = $1 AND state = 'waiting' GROUP BY lane",
        "SELECT count(*) FROM queue_items WHERE queue = $1 AND state = 'buried'",
    ):
        parameters = (Q, 7) if "$2" in sql else (Q,)
        rows = await store.fetch_all(f"EXPLAIN QUERY PLAN {sql}", *parameters)
        assert all("INDEX queue_items_" in row[3] for row in rows), rows


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "replace", "finish", "retry", "bury", "trim"]),
        st.sampled_from("abcde"),
        st.integers(1, 2),
    ),
    max_size=40,
)


class Model:
    """What a queue is, said in the simplest way: a list per lane, and a state per key."""

    def __init__(self):
        self.lanes = {1: [], 2: []}
        self.states = {}
        self.homes = {}

    def put(self, key, lane):
        if key not in self.states:
            self.wait(key, lane)

    def replace(self, key, lane):
        if self.states.get(key) != "waiting":
            self.wait(key, lane)

    def wait(self, key, lane):
        self.states[key], self.homes[key] = "waiting", lane
        self.lanes[lane].append(key)

    def settle(self, key, state):
        self.states[key] = state
        self.lanes[self.homes[key]].remove(key)

    def apply(self, verb, key, lane):
        """False: must be a conflict."""
        state = self.states.get(key)
        if verb in {"put", "replace"}:
            getattr(self, verb)(key, lane)
        elif verb == "trim":
            self.states = {key: state for key, state in self.states.items() if state != "finished"}
        elif state != "waiting":
            return False
        elif verb in {"finish", "bury"}:
            self.settle(key, "finished" if verb == "finish" else "buried")
        return True


def make_write(queues, verb, key, lane, now):
    return {
        "put": lambda: queues.put(Q, key, lane, now, now=now),
        "replace": lambda: queues.replace(Q, key, lane, now, now=now),
        "finish": lambda: queues.finish(Q, key, now=now),
        "retry": lambda: queues.retry_later(Q, key, due_at=now, error="x"),
        "bury": lambda: queues.bury(Q, key, now=now, error="x"),
        "trim": lambda: queues.trim(10**6),
    }[verb]()


@settings(max_examples=60, deadline=None)
@given(OPERATIONS)
def test_queue_does_what_its_model_does(operations):
    async def walk():
        async with open_store("sqlite://") as store:
            model, queues = Model(), store.queues
            for now, (verb, key, lane) in enumerate(operations, start=1):
                write = make_write(queues, verb, key, lane, now)
                if model.apply(verb, key, lane):
                    await store.write(write)
                else:
                    with pytest.raises(Conflict):
                        await store.write(write)
            for lane, keys in model.lanes.items():
                assert await waiting(store, lane) == keys
            assert await queues.lanes(Q, after=0, limit=9) == [lane for lane, keys in model.lanes.items() if keys]

    trio.run(walk)


async def test_item_finished_before_it_waited_is_known_by_its_key(store):
    await store.write(store.queues.put_finished("inbox", "update:1", 42, now=5))
    assert await store.queues.count("inbox", "finished") == 1
    assert await store.queues.waiting("inbox", 42, limit=9) == []
    with pytest.raises(Conflict, match="was here before"):
        await store.write(store.queues.put_finished("inbox", "update:1", 42, now=6))
    await store.write(store.queues.put("inbox", "update:1", 42, {}, now=7))
    assert await store.queues.count("inbox", "waiting") == 0


async def test_item_finished_before_it_waited_is_trimmed_like_others(store):
    await store.write(store.queues.put_finished("inbox", "update:1", 42, now=5))
    await store.write(store.queues.trim(6))
    assert await store.queues.count("inbox", "finished") == 0
