"""State of each child, and all of them summed up; read by the admin socket, the metrics page and the watchdog.

Ten thousand of these live at once: they are slotted, and what only a failing or stopping child needs is made late.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.supervisor.child import ChildSpec
    from daemon.supervisor.quarantine import QuarantineEntry


class Phase(StrEnum):
    """What a child is doing."""

    STARTING = "starting"
    """Called, not up yet."""
    RUNNING = "running"
    WAITING = "waiting"
    """Failed; is started again at `next_try_at`."""
    HELD = "held"
    """Failed like many others; waits for the circuit of its fingerprint."""
    QUARANTINED = "quarantined"
    STOPPING = "stopping"
    STUCK = "stuck"
    """Did not end though it was cancelled and the deadline is over."""
    ENDED = "ended"


class ChildState:
    """One child as the supervisor sees it. Others only read it."""

    __slots__ = (
        "_ended",
        "_settled",
        "entry",
        "failed_at",
        "fingerprint",
        "next_try_at",
        "phase",
        "restarts",
        "scope",
        "since",
        "spec",
        "stop_reason",
        "stopping",
        "streak",
    )

    def __init__(self, spec: ChildSpec, since: float) -> None:
        self.spec = spec
        self.phase = Phase.STARTING
        self.since = since
        """Trio's time at which this phase began."""
        self.restarts = 0
        self.streak = 0
        """Failures since the child was last stable."""
        self.fingerprint: str | None = None
        """Of the last failure."""
        self.next_try_at = math.inf
        """Trio's time of the next start; only while waiting."""
        self.entry: QuarantineEntry | None = None
        """In quarantine, or on probation after it."""
        self.failed_at: list[float] | None = None
        self.stop_reason: str | None = None
        self.scope: trio.CancelScope | None = None
        self.stopping: trio.Event | None = None
        self._settled: trio.Event | None = None
        self._ended: trio.Event | None = None

    @property
    def name(self) -> str:
        """The child's name."""
        return self.spec.name

    def enter(self, phase: Phase, now: float) -> None:
        """Changes the phase; whoever waits for the outcome of a start is woken."""
        self.phase = phase
        self.since = now
        if phase is not Phase.STARTING and self._settled is not None:
            self._settled.set()
            self._settled = None
        if phase is Phase.ENDED and self._ended is not None:
            self._ended.set()

    async def wait_settled(self) -> None:
        """Until it is up, or has failed to come up."""
        if self.phase is not Phase.STARTING:
            await trio.lowlevel.checkpoint()
            return
        if self._settled is None:
            self._settled = trio.Event()
        await self._settled.wait()

    async def wait_ended(self) -> None:
        """Until it is gone from the tree."""
        if self.phase is Phase.ENDED:
            await trio.lowlevel.checkpoint()
            return
        if self._ended is None:
            self._ended = trio.Event()
        await self._ended.wait()


@dataclass(frozen=True, slots=True)
class Health:
    """All children summed up."""

    phases: dict[str, int]
    restarts: int
    missing: tuple[str, ...]
    """Essential children that are not running."""

    @property
    def is_ready(self) -> bool:
        """Every essential child is up."""
        return not self.missing


def summarize(children: Iterable[ChildState]) -> Health:
    """Counts by phase, restarts of the living, and who is missing."""
    phases: Counter[str] = Counter()
    restarts = 0
    missing = []
    for child in children:
        phases[child.phase.value] += 1
        restarts += child.restarts
        if child.spec.is_essential and child.phase is not Phase.RUNNING:
            missing.append(child.name)
    return Health(dict(phases), restarts, tuple(sorted(missing)))
