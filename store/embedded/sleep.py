"""A task's sleep until its write is on disk, and what it is woken with, made of nothing that is made anew each time.

`wait_task_rescheduled` tells the loop how the sleep can be broken off, in an object made for each sleep, and a wake-up
brings an `outcome.Value` made for it and marked as used. Here both are the same for everybody: the loop only reads the
one, and the other holds nothing. That is 40 % of what a sleep and a wake-up cost with a thousand tasks (2.3 instead of
4.0 us), and fewer objects for the collector to look at while they sleep.

Only what Trio documents is called, but that its message may be said again is not promised: the test beside this file
asks each new Trio.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeVar

import outcome
from trio.lowlevel import Abort, wait_task_rescheduled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_ResultT = TypeVar("_ResultT")


class _Woken(outcome.Outcome[None]):
    """Nothing to tell, to as many as there are."""

    __slots__ = ()

    def unwrap(self) -> None:
        """Goes on."""

    def send(self, gen: Generator[_ResultT, None, object]) -> _ResultT:
        """Goes on with a generator."""
        return gen.send(None)

    async def asend(self, agen: AsyncGenerator[_ResultT, None]) -> _ResultT:
        """Goes on with an asynchronous generator."""
        return await agen.asend(None)


WOKEN = _Woken()
"""For `reschedule(task, WOKEN)`; an `outcome.Error` instead is raised in the sleeper."""


def leave(_: Any) -> Abort:
    """Lets a cancelled sleeper go at once."""
    return Abort.SUCCEEDED


def _listen_in() -> object:
    """What `wait_task_rescheduled` tells the loop."""
    coroutine = wait_task_rescheduled(leave)  # noqa: ASYNC105 - taken one step by hand
    message: object = coroutine.send(None)
    coroutine.close()
    return message


_MESSAGE = _listen_in()


@types.coroutine
def sleep() -> Generator[object, outcome.Outcome[None], None]:
    """Returns when the task is rescheduled with `WOKEN`, raises what it is rescheduled with, or `Cancelled`."""
    (yield _MESSAGE).unwrap()
