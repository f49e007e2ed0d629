"""The circuit alone: when it opens, who tries, and when the others may follow."""

from __future__ import annotations

import random

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.supervisor.circuit import Circuit, CircuitPolicy

POLICY = CircuitPolicy(children=3, window_seconds=60, first_probe_seconds=10, longest_probe_seconds=35, trial_seconds=5)


def open_circuit():
    circuit = Circuit("ValueError@x", POLICY, random.Random(1))
    for name in ("a", "b", "c"):
        circuit.note_failure(name, trio.current_time())
    return circuit


class Waiters:
    """Children waiting at a circuit; remembers when each was let go."""

    def __init__(self, nursery, circuit, names):
        self.turns = {}
        self.scopes = {}
        for name in names:
            nursery.start_soon(self._wait, circuit, name)

    async def _wait(self, circuit, name):
        with trio.CancelScope() as self.scopes[name]:
            spread = await circuit.take_turn(name)
            self.turns[name] = (trio.current_time(), spread)


async def test_few_failures_leave_it_closed(autojump_clock):
    circuit = Circuit("x", POLICY, random.Random(1))
    assert not circuit.note_failure("a", 0)
    assert not circuit.note_failure("a", 1)
    assert not circuit.note_failure("b", 2)


async def test_failures_spread_over_time_leave_it_closed(autojump_clock):
    circuit = Circuit("x", POLICY, random.Random(1))
    assert [circuit.note_failure(name, 40.0 * number) for number, name in enumerate("abcdef")] == [False] * 6


async def test_enough_different_children_open_it(autojump_clock):
    assert open_circuit().is_open


async def test_one_tries_after_the_wait_and_others_stay(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, "abc")
        await trio.sleep(12)
        assert list(waiters.turns.values()) == [(10, 0.0)]
        assert circuit.held == 2
        nursery.cancel_scope.cancel()


async def test_success_of_probe_lets_others_follow_spread(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, "abcdef")
        await trio.sleep(11)
        circuit.note_ready(circuit.probe, trio.current_time())
        await trio.sleep(20)
        assert not circuit.is_open
        assert sorted(at for at, _ in waiters.turns.values()) == [10] + [16] * 5
        spreads = [spread for at, spread in waiters.turns.values() if at == 16]
        assert len(set(spreads)) == 5
        assert all(0 <= spread <= POLICY.spread_seconds for spread in spreads)


async def test_probe_that_is_not_up_closes_nothing(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        Waiters(nursery, circuit, "abc")
        await trio.sleep(1000)
        assert circuit.is_open
        assert circuit.held == 2
        nursery.cancel_scope.cancel()


async def test_failed_probe_makes_all_wait_longer(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, "abcde")
        for _ in range(4):
            await trio.sleep(36)
            circuit.note_failure(circuit.probe, trio.current_time())
        assert [at for at, _ in waiters.turns.values()] == [10, 56, 107, 143]
        nursery.cancel_scope.cancel()


async def test_probe_that_leaves_hands_over_at_once(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, "abc")
        await trio.sleep(11)
        circuit.note_end(circuit.probe)
        await wait_all_tasks_blocked()
        assert len(waiters.turns) == 2
        nursery.cancel_scope.cancel()


async def test_cancelled_watcher_is_replaced(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, "abc")
        await trio.sleep(1)
        for name in list(waiters.scopes)[:2]:
            waiters.scopes[name].cancel()
        await trio.sleep(15)
        assert len(waiters.turns) == 1


async def test_closed_circuit_is_forgotten_after_its_window(autojump_clock):
    circuit = Circuit("x", POLICY, random.Random(1))
    circuit.note_failure("a", 0)
    assert not circuit.is_forgettable(59)
    assert circuit.is_forgettable(61)


async def test_circuit_that_everybody_left_closes(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        Waiters(nursery, circuit, "abc")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    await trio.sleep(POLICY.first_probe_seconds + POLICY.window_seconds - 1)
    circuit.settle(trio.current_time())
    assert circuit.is_open

    await trio.sleep(1)
    circuit.settle(trio.current_time())

    assert not circuit.is_open


async def test_crowd_comes_back_few_at_first_and_over_a_time_that_grows_with_it(autojump_clock):
    async with trio.open_nursery() as nursery:
        circuit = open_circuit()
        waiters = Waiters(nursery, circuit, [str(number) for number in range(2001)])
        await trio.sleep(11)
        circuit.note_ready(circuit.probe, trio.current_time())
        await trio.sleep(20)
        spreads = [spread for at, spread in waiters.turns.values() if at == 16]
    assert 18 < max(spreads) <= 20, "2,000 children at a hundredth of a second each"
    assert sum(spread < 5 for spread in spreads) < 200, "a quarter of the time, a sixteenth of the crowd"


def test_dependency_is_what_the_fingerprint_names():
    names = [
        Circuit(mark, POLICY, random.Random(1)).dependency for mark in ("StoreUnavailable@store", "X@a/b.py:f", "X")
    ]
    assert names == ["store", "", ""]


async def test_next_probe_is_told(autojump_clock):
    circuit = open_circuit()
    await trio.sleep(4)
    assert circuit.next_probe_seconds == 6
