"""RestartPolicy: how long to wait before a restart, when to forget a failure, when to give up.

Full jitter, because children that failed together (a board went down) must not come back together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Full-jitter exponential back-off with a budget."""

    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 300.0
    stable_after_seconds: float = 120.0
    """Running this long resets the back-off."""
    budget: int = 5
    """More failures than this within `budget_period_seconds` put the child into quarantine."""
    budget_period_seconds: float = 300.0
    quarantine_probe_seconds: float = 1800.0
    """A quarantined child is tried again after this time; who fails again waits as long as it has been inside ..."""
    longest_probe_seconds: float = 86_400.0
    """... up to this."""

    def longest_wait(self, failures: int) -> float:
        """Upper end, in seconds, of the random wait before restart number `failures` (1 for the first)."""
        return min(self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** min(failures - 1, 60))

    def wait_before(self, failures: int, random: random.Random, retry_after_seconds: float | None = None) -> float:
        """The wait itself. Who failed with a wish to wait (`Temporary`) gets it, plus a little so that crowds part."""
        if retry_after_seconds is None:
            return random.uniform(0, self.longest_wait(failures))
        return max(retry_after_seconds, 0.0) + random.uniform(0, self.first_delay_seconds)

    def probe_after(self, quarantined_seconds: float, random: random.Random) -> float:
        """Seconds until the next try of a child that has been in quarantine for so long: about doubling each time."""
        wait = min(max(quarantined_seconds, self.quarantine_probe_seconds), self.longest_probe_seconds)
        return wait * random.uniform(0.9, 1.1)

    def is_over_budget(self, failed_at: list[float], now: float) -> bool:
        """Counts the failures of the period; forgets, in place, those that are older."""
        while failed_at and failed_at[0] <= now - self.budget_period_seconds:
            del failed_at[0]
        return len(failed_at) > self.budget
