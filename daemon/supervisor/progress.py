"""Progress: each agent's own word on when it must have moved on, and who is late.

A loop that turns proves little: the poller may wait for an answer that never comes, the store's writer for a lock, the
supervisor may start nobody. So each of them has a mark. Before every wait it says how long that may take at most; to be
idle as long as was said is progress too, and an agent that does not run at all rests. Read by `watchdog.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PROOFS_PER_HANG = 6


class Mark:
    """One agent's."""

    __slots__ = ("due_at",)

    def __init__(self) -> None:
        self.due_at = math.inf
        """Trio's time."""

    def expect(self, within_seconds: float) -> None:
        """The agent moved on, and will again within this time."""
        self.due_at = trio.current_time() + within_seconds

    def rest(self) -> None:
        """Nothing is expected: the agent does not run."""
        self.due_at = math.inf


class Progress:
    """All marks of one daemon."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}

    def mark(self, name: str) -> Mark:
        """The mark of this name; the same one each time."""
        return self._marks.setdefault(name, Mark())

    def adopt(self, name: str, mark: Mark) -> None:
        """An agent that brings its own mark."""
        self._marks[name] = mark

    def late(self) -> tuple[str, ...]:
        """Who should have moved on by now: `poller, 12 s late`."""
        now = trio.current_time()
        return tuple(
            f"{name}, {now - mark.due_at:.0f} s late" for name, mark in sorted(self._marks.items()) if mark.due_at < now
        )


async def keep_proving(
    mark: Mark,
    probe: Callable[[], Awaitable[object]],
    *,
    hang_seconds: float,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Has a part that only acts when asked (a writer, a supervisor) prove again and again that it does.

    Whatever the probe returns is an answer. Until cancelled.
    """
    task_status.started()
    every_seconds = hang_seconds / PROOFS_PER_HANG
    try:
        while True:
            mark.expect(hang_seconds)
            await probe()
            mark.expect(every_seconds + hang_seconds)
            await trio.sleep(every_seconds)
    finally:
        mark.rest()
