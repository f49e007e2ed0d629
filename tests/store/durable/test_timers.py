"""Timers go off in order, once, together with what they cause."""

from __future__ import annotations

import pytest

from store.durable.timers import TimerRow
from store.errors import Conflict


async def test_timers_are_due_in_order_and_not_before(store):
    for key, due_at in (("late", 300), ("b", 100), ("a", 100), ("early", 50)):
        await store.write(store.timers.set(key, "dialog", 7, due_at, {"for": key}))
    assert [timer.key for timer in await store.timers.due(100, 10)] == ["early", "a", "b"]
    assert [timer.key for timer in await store.timers.due(300, 2)] == ["early", "a"]
    assert await store.timers.due(49, 10) == []


async def test_timer_comes_back_as_it_was_set(store):
    await store.write(store.timers.set("key", "dialog", -7, 100, {"n": [1]}))
    assert await store.timers.due(100, 1) == [TimerRow("key", "dialog", -7, 100, {"n": [1]})]


async def test_next_due_is_the_earliest(store):
    assert await store.timers.next_due() is None
    await store.write(store.timers.set("b", "dialog", 7, 200, None) + store.timers.set("a", "dialog", 7, 100, None))
    assert await store.timers.next_due() == 100


async def test_setting_again_moves_it(store):
    await store.write(store.timers.set("key", "dialog", 7, 100, "old"))
    await store.write(store.timers.set("key", "digest", 8, 200, "new"))
    assert await store.timers.due(1000, 10) == [TimerRow("key", "digest", 8, 200, "new")]


async def test_cancelled_timer_does_not_go_off_and_cancelling_twice_is_nothing(store):
    await store.write(store.timers.set("key", "dialog", 7, 100, None))
    await store.write(store.timers.cancel("key"))
    await store.write(store.timers.cancel("key"))
    assert await store.timers.due(1000, 10) == []


async def test_setting_wakes_the_topic(store):
    async with store.listen("timers") as wakeups:
        await store.write(store.timers.set("key", "dialog", 7, 100, None))
        assert await wakeups.wait(0)


async def test_timer_is_taken_once_together_with_what_it_causes(store):
    await store.write(store.timers.set("key", "dialog", 7, 100, None))
    fire = store.timers.take("key", 100) + store.queues.put("inbox", "timer:key", 7, {}, now=100)
    await store.write(fire)
    with pytest.raises(Conflict):
        await store.write(fire)
    assert await store.queues.count("inbox", "waiting") == 1


async def test_timer_set_anew_meanwhile_is_not_taken(store):
    await store.write(store.timers.set("key", "dialog", 7, 100, None))
    await store.write(store.timers.set("key", "dialog", 7, 500, None))
    with pytest.raises(Conflict, match="not due at 100"):
        await store.write(store.timers.take("key", 100))
    assert await store.timers.next_due() == 500


async def test_timers_of_a_lane_are_cancelled_together(store):
    await store.write(store.timers.set("a", "dialog", 7, 300, None) + store.timers.set("b", "dialog", 7, 100, None))
    await store.write(store.timers.set("c", "dialog", 8, 100, None))
    await store.write(store.timers.cancel_lane(7))
    assert [timer.key for timer in await store.timers.due(1000, 10)] == ["c"]
