"""Due timers become events of the inbox: once, on time, and also after downtime."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from daemon.clock import HOUR, MINUTE
from daemon.schedule.scheduler import Scheduler
from store.errors import LeaseLost
from store.ids import ChatId
from store.write import statement
from tests.fakes.clock import MovableClock
from tests.fakes.owners import seize

CHAT = ChatId(42)


def event(number=1):
    return {"event": "timer_due", "data": {"timer": f"t{number}"}, "user_id": 42}


@pytest.fixture
def scheduler(store, clock):
    return Scheduler(store, clock)


async def set_timer(store, key, due_at, payload=None):
    await store.write(store.timers.set(key, "dialog", CHAT, due_at, payload or event()))


async def waiting(store):
    return await store.queues.waiting("inbox", CHAT, limit=1000)


async def test_due_timer_becomes_inbox_event(autojump_clock, store, clock, scheduler):
    await set_timer(store, "a", clock.now())
    assert await scheduler.fire_due() == 1
    (item,) = await waiting(store)
    assert (item.payload, item.lane) == (event(), 42)
    assert await store.timers.next_due() is None


async def test_timer_fires_on_time(autojump_clock, store, clock, scheduler, nursery):
    await nursery.start(scheduler.run)
    await set_timer(store, "a", clock.now() + 5 * MINUTE)
    await trio.sleep(299)
    assert await waiting(store) == []
    await trio.sleep(2)
    assert len(await waiting(store)) == 1


async def test_earlier_timer_set_meanwhile_is_noticed(autojump_clock, store, clock, scheduler, nursery):
    await set_timer(store, "late", clock.now() + HOUR)
    await nursery.start(scheduler.run)
    await trio.testing.wait_all_tasks_blocked()
    await set_timer(store, "soon", clock.now() + 3000)
    await trio.sleep(4)
    assert [item.key.split(":")[1] for item in await waiting(store)] == ["soon"]


async def test_timers_missed_in_downtime_fire_at_start(autojump_clock, store, clock, scheduler, nursery):
    for number in range(450):
        await set_timer(store, f"t{number:03}", clock.now() - HOUR + number, event(number))
    await nursery.start(scheduler.run)
    await trio.testing.wait_all_tasks_blocked()
    assert len({item.key for item in await waiting(store)}) == 450


async def test_firing_twice_makes_one_event(autojump_clock, store, clock, scheduler):
    await set_timer(store, "a", clock.now())
    (row,) = await store.timers.due(clock.now(), 10)
    await scheduler._fire(row)
    await scheduler._fire(row)
    assert len(await waiting(store)) == 1


async def test_timer_cancelled_meanwhile_does_not_fire(autojump_clock, store, clock, scheduler):
    await set_timer(store, "a", clock.now())
    (row,) = await store.timers.due(clock.now(), 10)
    await store.write(store.timers.cancel("a"))
    await scheduler._fire(row)
    assert await waiting(store) == []


async def test_timer_set_again_under_its_key_fires_again(autojump_clock, store, clock, scheduler):
    for _ in range(2):
        await set_timer(store, "question", clock.now())
        await scheduler.fire_due()
        (item,) = await waiting(store)
        await store.write(store.queues.finish("inbox", item.key, now=clock.now()))
        await trio.sleep(1)


async def test_timer_and_event_are_one_write(autojump_clock, store, clock, scheduler):
    await set_timer(store, "a", clock.now())
    await store.write(statement("DROP TABLE queue_items"))
    with pytest.raises(ExceptionGroup):
        await scheduler.fire_due()
    assert await store.timers.next_due() == clock.now()


async def test_clock_that_jumps_forward_is_noticed_within_a_minute(autojump_clock, store, nursery):
    clock = MovableClock()
    await nursery.start(Scheduler(store, clock).run)
    await set_timer(store, "far", clock.now() + 10 * HOUR)
    await trio.testing.wait_all_tasks_blocked()
    clock.move(11 * HOUR)
    await trio.sleep(61)
    assert len(await waiting(store)) == 1


async def test_clock_that_jumps_back_fires_nothing_early(autojump_clock, store, nursery):
    clock = MovableClock()
    await nursery.start(Scheduler(store, clock).run)
    await set_timer(store, "soon", clock.now() + MINUTE)
    clock.move(-HOUR)
    await trio.sleep(600)
    assert await waiting(store) == []
    await trio.sleep(3600)
    assert len(await waiting(store)) == 1


async def test_former_holder_of_the_role_fires_nothing(autojump_clock, store, clock):
    former = Scheduler(store, clock, partial((await seize(store, "boot-1")).guard_role, "schedule"))
    later = Scheduler(store, clock, partial((await seize(store, "boot-2")).guard_role, "schedule"))
    await set_timer(store, "a", clock.now())
    with pytest.RaisesGroup(LeaseLost):
        await former.fire_due()
    assert await waiting(store) == []
    assert await later.fire_due() == 1
    assert len(await waiting(store)) == 1
