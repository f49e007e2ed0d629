"""FastClock: wall time that runs so many times faster, the same in every process of one run.

Retries, pauses and graces of seconds make a run of the kill machine long, and there are thousands of runs. Trio's own
`MockClock(rate=…)` lets timers pass faster; this is the wall time that belongs to it. Work is as slow as ever, so a
rate that is too high turns it into time-outs.
"""

from __future__ import annotations

import os
import time

import trio
from trio.testing import MockClock

from daemon.clock import SECOND, SystemClock

RATE = "CRASH_RATE"
EPOCH = "CRASH_EPOCH"


class FastClock:
    """A `Clock`. `epoch` is a reading of the machine's monotonic clock, `began_at` the wall time shown then."""

    def __init__(self, rate: float, epoch: float, began_at: int) -> None:
        self.rate = rate
        self._epoch = epoch
        self._began_at = began_at

    @classmethod
    def begin(cls, rate: float) -> FastClock:
        """From now on."""
        return cls(rate, time.monotonic(), SystemClock().now())

    @classmethod
    def inherit(cls) -> FastClock:
        """The clock of the process that made this one."""
        epoch, _, began_at = os.environ[EPOCH].partition("/")
        return cls(float(os.environ[RATE]), float(epoch), int(began_at))

    def for_children(self) -> dict[str, str]:
        """Environment from which `inherit` makes the same clock."""
        return {RATE: repr(self.rate), EPOCH: f"{self._epoch!r}/{self._began_at}"}

    def for_trio(self) -> MockClock:
        """The clock of `trio.run`."""
        return MockClock(rate=self.rate)

    def now(self) -> int:
        return self._began_at + round((time.monotonic() - self._epoch) * self.rate * SECOND)

    async def sleep_until(self, due_at: int) -> None:
        while (left := due_at - self.now()) > 0:  # noqa: ASYNC110 - as SystemClock does
            await trio.sleep(left / SECOND)
