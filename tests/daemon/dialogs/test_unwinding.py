"""Ending a script in the middle, whatever it awaits."""

import trio

from daemon.dialogs.unwinding import line_of, release, unwind


async def inner(event):
    await event.wait()


async def outer(event):
    await inner(event)


async def test_line_is_of_the_script_itself():
    coroutine = outer(trio.Event())
    trap = coroutine.send(None)
    line, awaited = line_of(coroutine)
    assert line == inner.__code__.co_firstlineno + 1
    assert "wait" in awaited
    release(trap)
    unwind(coroutine)


def test_nothing_is_known_of_nothing():
    assert line_of(None) == (0, "something foreign")


async def test_released_wait_is_never_woken():
    event = trio.Event()
    coroutine = outer(event)
    release(coroutine.send(None))
    unwind(coroutine)
    event.set()
    await trio.testing.wait_all_tasks_blocked()


async def stubborn(event, laps):
    while len(laps) < 7:
        try:
            await event.wait()
        except GeneratorExit:
            laps.append(1)


async def test_script_that_awaits_on_its_way_out_is_ended():
    laps = []
    event = trio.Event()
    coroutine = stubborn(event, laps)
    release(coroutine.send(None))
    unwind(coroutine)
    assert len(laps) == 7
    event.set()
    await trio.testing.wait_all_tasks_blocked()


async def failing_clean_up(event):
    try:
        await event.wait()
    finally:
        raise ValueError("in the clean-up")


async def test_clean_up_that_fails_harms_nobody():
    coroutine = failing_clean_up(trio.Event())
    release(coroutine.send(None))
    unwind(coroutine)


async def swallowing(event):
    try:
        await event.wait()
    except GeneratorExit:
        return


async def test_script_that_just_returns_is_over():
    coroutine = swallowing(trio.Event())
    release(coroutine.send(None))
    unwind(coroutine)
    unwind(coroutine)


def test_what_is_no_trap_is_released_by_nothing():
    release(object())
    release(None)
