"""Trust: until when a process may act for what it owns, by clocks of its own.

Nobody takes over from a member before its whole lease has passed without a beat. The window is counted from the moment
the beat was *sent*, and ends a margin earlier, so an owner has stopped before anybody else begins. Two clocks have to
agree: one of a suspended machine stands still (Trio's), the other counts on (`CLOCK_BOOTTIME`), and neither is the wall
clock, which people and time servers set.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MARGIN_SHARE = 0.2
"""Of the lease. Covers clocks that run at different speeds, and the last second of what is cut off."""

Moment = tuple[float, ...]
"""What each clock showed."""


class Trust:
    """A window that every confirmed beat moves on."""

    def __init__(self, lease_seconds: float, clocks: tuple[Callable[[], float], ...]) -> None:
        self.lease_seconds = lease_seconds
        self._window = lease_seconds * (1 - MARGIN_SHARE)
        self._clocks = clocks
        self._ends: Moment | None = None

    def now(self) -> Moment:
        """To be read before a beat is sent, and handed to `renew` once it is on disk."""
        return tuple(clock() for clock in self._clocks)

    def renew(self, sent: Moment) -> None:
        """A beat sent then is on disk."""
        self._ends = tuple(moment + self._window for moment in sent)

    def end(self) -> None:
        """The membership is over."""
        self._ends = None

    def seconds_left(self) -> float:
        """How long this process may still act; 0 or less: not any more."""
        if self._ends is None:
            return -math.inf
        return min(end - clock() for end, clock in zip(self._ends, self._clocks, strict=True))
