"""Layers: the supervisors of one daemon seen as one, for the admin's view, the metrics and the probes.

Layers stand on each other and stop in reverse order, so each has a supervisor of its own; names are unique over all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.supervisor.circuit import Circuit
    from daemon.supervisor.health import ChildState
    from daemon.supervisor.tree import Supervisor


class Layers:
    """All children of all layers."""

    def __init__(self, supervisors: tuple[Supervisor, ...]) -> None:
        self._supervisors = supervisors

    @property
    def restarts(self) -> int:
        """Since the start, of children that are gone too."""
        return sum(supervisor.restarts for supervisor in self._supervisors)

    def children(self) -> list[ChildState]:
        """Outer layers first."""
        return [child for supervisor in self._supervisors for child in supervisor.children()]

    def find(self, name: str) -> ChildState | None:
        """The child of this name, in whatever layer."""
        for supervisor in self._supervisors:
            if (child := supervisor.find(name)) is not None:
                return child
        return None

    def release(self, name: str) -> bool:
        """Tries a child that waits now. False when there is nothing to release."""
        return any(supervisor.release(name) for supervisor in self._supervisors)

    def open_circuits(self) -> list[Circuit]:
        """Fingerprints that are taken for the failure of something shared."""
        return [circuit for supervisor in self._supervisors for circuit in supervisor.open_circuits()]
