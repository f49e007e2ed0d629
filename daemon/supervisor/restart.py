"""RestartPolicy: how long to wait before a restart, when to forget a failure, when to give up."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A quarantined child is tried again after this time."""

    def longest_wait(self, failures: int) -> float:
        """Upper end, in seconds, of the random wait before restart number `failures` (1 for the first)."""
        return min(self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** (failures - 1))
