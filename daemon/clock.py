"""Wall time and Trio's time in one object, so that tests can jump. The only file that reads a clock."""

from __future__ import annotations

import time
from typing import Protocol

import trio

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Times that are stored are Unix milliseconds; times that are waited for are Trio's."""

    def now(self) -> int:
        """Wall time as Unix milliseconds."""

    async def sleep_until(self, due_at: int) -> None:
        """Sleeps until the wall clock shows `due_at`. Looks again at least once a minute: wall time may jump."""


def boot_time() -> float:
    """Seconds since the machine was booted, those it was suspended included; Trio's time leaves them out."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Wall time as Unix milliseconds."""
        return time.time_ns() // 1_000_000

    async def sleep_until(self, due_at: int) -> None:
        """Sleeps until the wall clock shows `due_at`."""
        while (left := due_at - self.now()) > 0:  # noqa: ASYNC110 - wall time may jump, an event would not know
            await trio.sleep(min(left / SECOND, 60))


class TrioClock:
    """Wall time that follows Trio's clock: with Trio's mock clock it jumps. For tests and the simulation."""

    def __init__(self, start_at: int = 1_790_000_000_000) -> None:
        self._start_at = start_at

    def now(self) -> int:
        """Wall time as Unix milliseconds."""
        return self._start_at + round(trio.current_time() * SECOND)

    async def sleep_until(self, due_at: int) -> None:
        """Sleeps until the wall clock shows `due_at`."""
        while (left := due_at - self.now()) > 0:  # noqa: ASYNC110 - wall time may jump, an event would not know
            await trio.sleep(left / SECOND)
