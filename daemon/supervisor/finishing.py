"""let_finish: work that must not be cut off in the middle, and must not hold up a stop either.

Shielded from the cancellation of its child, and given a few seconds from that moment on. What shaped it: a request on
its way is worth a second, for its answer decides whether the next life has to ask; but a board that falls silent just
then would hold its hunt longer than a layer of the daemon waits, and the process would have to end the hard way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import outcome
import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


async def let_finish(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What `work` returns or raises. Cancelled from outside, it may go on for so many seconds.

    `Cancelled` is raised afterwards in either case, as always. Bounds on work that nobody cancels are its own.
    """
    result: outcome.Outcome[T] | None = None
    async with trio.open_nursery() as nursery:
        with trio.CancelScope(shield=True) as scope:
            nursery.start_soon(_end_soon, scope, seconds, name="end of patience")
            result = await _capture(work)
        nursery.cancel_scope.cancel()
    if result is None:
        # The scope's time was up, which only a cancellation sets; that one was raised by the nursery.
        raise AssertionError("cut off without having been cancelled")
    return result.unwrap()


async def _capture(work: Callable[[], Awaitable[T]]) -> outcome.Outcome[T]:
    """An exception as a value: the nursery would wrap it in a group."""
    try:
        return outcome.Value(await work())
    except Exception as error:  # noqa: BLE001 - raised again by the caller
        return outcome.Error(error)


async def _end_soon(scope: trio.CancelScope, seconds: float) -> None:
    try:
        await trio.sleep_forever()
    finally:
        # Runs when the child is cancelled (or when the work is over, and then it means nothing).
        scope.deadline = min(scope.deadline, trio.current_time() + seconds)
