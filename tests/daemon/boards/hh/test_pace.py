"""Two requests a second and token, no more; and memory that follows the calls under way."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.boards.hh.pace import Pacer
from daemon.secret import Secret, SharedSecret

if TYPE_CHECKING:
    from trio.testing import MockClock


@pytest.fixture
def pacer() -> Pacer:
    return Pacer(2.0, random.Random(1))


async def test_one_token_waits_for_its_turns(autojump_clock: MockClock, pacer: Pacer) -> None:
    at: list[float] = []
    for _ in range(10):
        await pacer.wait_turn("a")
        at.append(trio.current_time())
    gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert min(gaps) >= 0.5 - 1e-9
    assert max(gaps) <= 0.55 + 1e-9
    assert len(set(gaps)) > 5, "jittered"


async def test_callers_at_once_are_spread_out(autojump_clock: MockClock, pacer: Pacer) -> None:
    at: list[float] = []

    async def call() -> None:
        await pacer.wait_turn("a")
        at.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(call)
    at.sort()
    assert all(later - earlier >= 0.5 - 1e-9 for earlier, later in zip(at, at[2:], strict=False))
    assert at[-1] >= 9.5


async def test_tokens_do_not_wait_for_one_another(autojump_clock: MockClock, pacer: Pacer) -> None:
    started = trio.current_time()
    for number in range(300):
        await pacer.wait_turn(number)
    assert trio.current_time() == started


async def test_first_call_after_a_pause_is_immediate(autojump_clock: MockClock, pacer: Pacer) -> None:
    await pacer.wait_turn("a")
    await trio.sleep(10)
    started = trio.current_time()
    await pacer.wait_turn("a")
    assert trio.current_time() == started


async def test_board_that_asks_to_slow_down_is_obeyed(autojump_clock: MockClock, pacer: Pacer) -> None:
    await pacer.wait_turn("a")
    pacer.hold("a", 30)
    pacer.hold("a", 5)
    started = trio.current_time()
    await pacer.wait_turn("b")
    assert trio.current_time() == started
    await pacer.wait_turn("a")
    assert trio.current_time() - started >= 30 - 0.55


@pytest.mark.slow
async def test_memory_follows_the_calls_under_way(autojump_clock: MockClock, pacer: Pacer) -> None:
    for number in range(2_000):
        await pacer.wait_turn(number)
        await trio.sleep(0.1)
    assert len(pacer) <= 257


async def test_callers_that_give_up_do_not_push_others_back(autojump_clock: MockClock, pacer: Pacer) -> None:
    await pacer.wait_turn("a")
    for _ in range(100):
        with trio.move_on_after(0.001):
            await pacer.wait_turn("a")
    started = trio.current_time()
    await pacer.wait_turn("a")
    assert trio.current_time() - started < 0.7


async def test_token_of_all_processes_has_an_even_part_of_the_pace(autojump_clock: MockClock) -> None:
    processes = 3
    pacer = Pacer(2.0, random.Random(1), count_sharers=lambda: processes)
    shared, persons = SharedSecret("application"), Secret("person")

    async def seconds_between_turns(token: Secret) -> float:
        await pacer.wait_turn(token)
        began = trio.current_time()
        await pacer.wait_turn(token)
        return trio.current_time() - began

    assert 1.5 <= await seconds_between_turns(shared) <= 1.65
    assert 0.5 <= await seconds_between_turns(persons) <= 0.55
    await trio.sleep(10)
    processes = 1
    assert 0.5 <= await seconds_between_turns(shared) <= 0.55
