"""The circuits of one daemon in one list: those that turn calls away (`dependency.py`) and those that hold children."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.supervisor.circuit import Circuit
    from daemon.supervisor.dependency import Dependencies

STORE = "store"
CHILDREN = "children"


class OpenCircuits(Protocol):
    """`Supervisor` or `Layers`."""

    def open_circuits(self) -> list[Circuit]:
        """Fingerprints that are taken for the failure of something shared."""


@dataclass(frozen=True, slots=True)
class CircuitLine:
    """One circuit as an operator sees it."""

    dependency: str
    """`board hh`, `model gemini/x`, `telegram`, `store`; `children` when only the fingerprint tells."""
    state: str
    """`closed`, `open`, `probing`, `warming up`."""
    fingerprint: str
    """Of the failures that opened it last."""
    waiting: int
    """Callers it has turned away, or children it holds."""
    next_probe_in_seconds: int

    @property
    def is_open(self) -> bool:
        """Calls are turned away, or children held."""
        return self.state in {"open", "probing"}


def list_circuits(dependencies: Dependencies, supervisor: OpenCircuits) -> tuple[CircuitLine, ...]:
    """All dependencies, the store included, and whatever else many children fail of."""
    lines = [
        CircuitLine(one.name, one.state.value, one.fingerprint, one.turned_away, math.ceil(one.rest_seconds))
        for one in dependencies.listing()
    ]
    held = [_of_children(circuit) for circuit in supervisor.open_circuits()]
    if not any(line.dependency == STORE for line in held):
        held.insert(0, CircuitLine(STORE, "closed", "", 0, 0))
    return (*lines, *held)


def _of_children(circuit: Circuit) -> CircuitLine:
    state = "probing" if circuit.probe is not None else "open"
    name = circuit.dependency or CHILDREN
    return CircuitLine(name, state, circuit.fingerprint, circuit.held, math.ceil(circuit.next_probe_seconds))


def sum_open(lines: Iterable[CircuitLine]) -> Mapping[str, float]:
    """1 or 0 by dependency; several circuits of children are one figure."""
    found: dict[str, float] = {}
    for line in lines:
        found[line.dependency] = max(found.get(line.dependency, 0.0), float(line.is_open))
    return found


def sum_waiting(lines: Iterable[CircuitLine]) -> Mapping[str, float]:
    """Callers turned away and children held, by dependency."""
    found: Counter[str] = Counter()
    for line in lines:
        found[line.dependency] += line.waiting
    return dict(found)
