"""A model that keeps failing is left alone, then asked once, then by everybody again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.llm.circuit import MAX_REST_SECONDS, Circuit

if TYPE_CHECKING:
    from trio.testing import MockClock


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        assert circuit.enter()
        circuit.fail()
        circuit.leave()


async def test_few_failures_change_nothing(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=3)
    fail(circuit, 2)
    assert circuit.enter()
    circuit.succeed()
    fail(circuit, 2)
    assert not circuit.is_open


async def test_many_failures_in_a_row_open_it(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=3, rest_seconds=30)
    fail(circuit, 3)
    assert circuit.is_open
    assert not circuit.enter()
    await trio.sleep(29)
    assert not circuit.enter()


async def test_one_probe_passes_after_the_rest(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=1, rest_seconds=30)
    fail(circuit)
    await trio.sleep(31)
    assert circuit.enter()
    assert not circuit.enter()
    circuit.succeed()
    circuit.leave()
    assert circuit.enter()
    assert circuit.enter()


async def test_failed_probe_rests_twice_as_long(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=1, rest_seconds=30)
    fail(circuit)
    await trio.sleep(31)
    fail(circuit)
    await trio.sleep(31)
    assert not circuit.enter()
    await trio.sleep(30)
    assert circuit.enter()


async def test_abandoned_probe_lets_another_pass(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=1, rest_seconds=30)
    fail(circuit)
    await trio.sleep(31)
    assert circuit.enter()
    circuit.leave()
    assert circuit.enter()


async def test_server_that_says_how_long_is_obeyed(autojump_clock: MockClock) -> None:
    circuit = Circuit()
    assert circuit.enter()
    circuit.fail(rest_seconds=7)
    assert not circuit.enter()
    await trio.sleep(7)
    assert circuit.enter()


async def test_rest_has_an_upper_end(autojump_clock: MockClock) -> None:
    circuit = Circuit(failures=1, rest_seconds=30)
    for _ in range(40):
        fail(circuit)
        await trio.sleep(MAX_REST_SECONDS)
    assert circuit.enter()
    circuit.fail(rest_seconds=1e9)
    await trio.sleep(MAX_REST_SECONDS)
    assert circuit.enter()
