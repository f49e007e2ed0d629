"""One list of all circuits, for `status`, `why` and the figures."""

from __future__ import annotations

import random

from daemon.supervisor.circuit import Circuit, CircuitPolicy
from daemon.supervisor.circuit_lines import CircuitLine, list_circuits, sum_open, sum_waiting
from daemon.supervisor.dependency import Dependencies

CLOSED_STORE = CircuitLine("store", "closed", "", 0, 0)


class Children:
    """A supervisor whose children fail of these."""

    def __init__(self, *fingerprints):
        self._circuits = []
        for fingerprint in fingerprints:
            circuit = Circuit(fingerprint, CircuitPolicy(children=1), random.Random(1))
            circuit.note_failure("a", 0)
            self._circuits.append(circuit)

    def open_circuits(self):
        return self._circuits


async def test_healthy_daemon_shows_its_dependencies_closed(autojump_clock):
    known = Dependencies(random.Random(1))
    known.get("telegram")
    known.get("board hh")
    lines = list_circuits(known, Children())
    assert [(line.dependency, line.state) for line in lines] == [
        ("board hh", "closed"),
        ("telegram", "closed"),
        ("store", "closed"),
    ]
    assert not any(line.is_open for line in lines)


async def test_open_dependency_says_of_what_for_whom_and_how_long(autojump_clock, expected_errors):
    known = Dependencies(random.Random(1))
    board = known.get("board hh")
    board.enter().fail("BoardTrouble@api.py:get", rest_seconds=20)
    assert board.refusal(42) > 0
    line, _ = list_circuits(known, Children())
    assert line == CircuitLine("board hh", "open", "BoardTrouble@api.py:get", 1, 20)
    assert line.is_open


async def test_children_that_fail_of_the_store_are_the_stores_line(autojump_clock):
    (line,) = list_circuits(Dependencies(random.Random(1)), Children("StoreUnavailable@store"))
    assert (line.dependency, line.state, line.next_probe_in_seconds) == ("store", "open", 15)


async def test_what_only_a_fingerprint_tells_is_children(autojump_clock):
    lines = list_circuits(
        Dependencies(random.Random(1)), Children("KeyError@daemon/x.py:run", "OSError@daemon/y.py:run")
    )
    assert lines[0] == CLOSED_STORE
    assert [line.dependency for line in lines[1:]] == ["children", "children"]


def test_figures_are_summed_by_dependency():
    lines = [
        CLOSED_STORE,
        CircuitLine("children", "probing", "a", 3, 0),
        CircuitLine("children", "open", "b", 4, 9),
        CircuitLine("telegram", "warming up", "", 0, 0),
    ]
    assert sum_open(lines) == {"store": 0.0, "children": 1.0, "telegram": 0.0}
    assert sum_waiting(lines) == {"store": 0, "children": 7, "telegram": 0}
