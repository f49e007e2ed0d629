"""Sleeping and waking with shared objects is, to a task and to Trio, what it is with objects of their own."""

from __future__ import annotations

import outcome
import pytest
import trio
from trio.lowlevel import current_task, reschedule, wait_task_rescheduled
from trio.testing import wait_all_tasks_blocked

from store.embedded.sleep import _MESSAGE, WOKEN, leave, sleep


async def go_to_sleep(asleep, done):
    asleep.append(current_task())
    try:
        await sleep()
    except ValueError as error:
        done.append(error)
    else:
        done.append("woken")


def test_loop_is_told_what_trio_itself_would_tell_it():
    coroutine = wait_task_rescheduled(leave)  # noqa: ASYNC105 - taken one step by hand
    assert coroutine.send(None) == _MESSAGE
    coroutine.close()


async def test_all_are_woken_by_the_same_object_again_and_again():
    asleep, done = [], []
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(go_to_sleep, asleep, done)
            await wait_all_tasks_blocked()
            while asleep:
                reschedule(asleep.pop(), WOKEN)
    assert done == ["woken"] * 15


async def test_what_a_sleeper_is_rescheduled_with_is_raised_in_it():
    asleep, done = [], []
    error = ValueError("x")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_to_sleep, asleep, done)
        await wait_all_tasks_blocked()
        reschedule(asleep[0], outcome.Error(error))
    assert done == [error]


async def test_cancelled_sleeper_leaves_at_once_and_others_sleep_on():
    asleep, done = [], []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_to_sleep, asleep, done)
        await wait_all_tasks_blocked()
        with trio.move_on_after(0) as scope:
            await sleep()
        assert scope.cancelled_caught
        assert done == []
        reschedule(asleep[0], WOKEN)
    assert done == ["woken"]


async def test_sleeper_shows_in_a_tasks_frames():
    asleep = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_to_sleep, asleep, [])
        await wait_all_tasks_blocked()
        frames = [frame.f_code.co_name for frame, _ in asleep[0].iter_await_frames()]
        reschedule(asleep[0], WOKEN)
    assert frames == ["go_to_sleep", "sleep"]


async def test_outcome_goes_on_with_generators_of_both_kinds():
    def count():
        yield 1
        yield 2

    async def count_async():
        yield 1
        yield 2

    generator, asynchronous = count(), count_async()
    assert [WOKEN.send(generator), WOKEN.send(generator)] == [1, 2]
    assert [await WOKEN.asend(asynchronous), await WOKEN.asend(asynchronous)] == [1, 2]
    with pytest.raises(StopIteration):
        WOKEN.send(generator)
    await asynchronous.aclose()
    assert WOKEN.unwrap() is None
