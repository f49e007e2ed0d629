"""A wall clock that somebody sets, for the machines in which the daemon's own goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable


class MovedClock:
    """A wall clock that can be set, over Trio's clock, which can't."""

    def __init__(self, start_at: int) -> None:
        self._start_at = start_at
        self.moved = 0

    def now(self) -> int:
        """Wall time as Unix milliseconds."""
        return self._start_at + self.moved + round(trio.current_time() * SECOND)

    async def sleep_until(self, due_at: int) -> None:
        """As the machine's clock does it: looks again at least once a minute."""
        while (left := due_at - self.now()) > 0:  # noqa: ASYNC110 - wall time may jump, an event would not know
            await trio.sleep(min(left / SECOND, 60))


def without_times(violations: Iterable[str]) -> list[str]:
    """Rows that were written before and after a clock was set back can't be put in order by their times."""
    return [one for one in violations if not one.startswith(("went back: cursors job:", "order: "))]
