"""A wall clock that a test can move apart from Trio's: a suspended machine, a corrected time, a wrong battery."""

from __future__ import annotations

from daemon.clock import TrioClock


class MovableClock(TrioClock):
    """Follows Trio's clock until it is moved. Passes the contract of `daemon.clock.Clock`."""

    def __init__(self, start_at: int = 1_790_000_000_000) -> None:
        super().__init__(start_at)
        self._moved = 0

    def move(self, milliseconds: int) -> None:
        """The wall clock jumps, forwards or back; what sleeps does not notice before it looks again."""
        self._moved += milliseconds

    def now(self) -> int:
        """Wall time as Unix milliseconds."""
        return super().now() + self._moved
