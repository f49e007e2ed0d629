"""Drives psycopg's generators by Trio: they speak to libpq and yield what they wait for, we wait.

psycopg has no Trio mode; its generators are the seam between libpq and whatever waits. A generator left in the middle
(its task was cancelled) can be driven on later: it asks for the same thing again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import trio
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

T = TypeVar("T")

_NOTHING = 0
"""Sent into a generator: nothing is ready yet, say again what you wait for."""


async def drive(steps: Generator[int, int, T], socket: int, *, is_left: bool = False) -> T:
    """Runs the steps to their end; what they return. Raises what they raise and `trio.ClosedResourceError`.

    `is_left`: the steps were begun by a drive that was cancelled.
    """
    try:
        asked = steps.send(_NOTHING) if is_left else next(steps)
        while True:
            asked = steps.send(await wait_until_ready(socket, asked))
    except StopIteration as end:
        result: T = end.value
        return result


async def drive_opening(steps: Generator[tuple[int, int], int, T]) -> T:
    """The same for steps that open a socket. Left in the middle they are closed."""
    try:
        socket, asked = next(steps)
        while True:
            socket, asked = steps.send(await wait_until_ready(socket, asked))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


async def wait_until_ready(socket: int, asked: int) -> int:
    """Which of the ways asked for is open."""
    if asked == Wait.R:
        await trio.lowlevel.wait_readable(socket)
        return Ready.R
    if asked == Wait.W:
        await trio.lowlevel.wait_writable(socket)
        return Ready.W
    return await _wait_for_either(socket)


async def _wait_for_either(socket: int) -> int:
    """Only while a server does not take what we send, so the price of two tasks is not paid often."""
    ready = 0

    async def wait(until_open: Callable[[int], Awaitable[None]], way: int) -> None:
        nonlocal ready
        await until_open(socket)
        ready |= way
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, trio.lowlevel.wait_readable, Ready.R)
        nursery.start_soon(wait, trio.lowlevel.wait_writable, Ready.W)
    return ready
