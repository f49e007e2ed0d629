"""A board that fails for many is left alone for all; what it refuses shows that it lives."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.accounts.board_circuit import BoardCircuits, BoardResting, circuit_for
from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    LimitReached,
    LoginLost,
    NotApplicable,
    UncertainOutcome,
)
from daemon.supervisor.dependency import Dependencies, State
from store.ids import BoardName, UserId

HH, OTHER = BoardName("hh"), BoardName("other")


@pytest.fixture
def circuits():
    return BoardCircuits(Dependencies(random.Random(1)))


async def answer(outcome):
    await trio.lowlevel.checkpoint()
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def call(circuits, who, outcome, board=HH):
    try:
        return await circuits.call(board, UserId(who), lambda: answer(outcome))
    except BoardError as error:
        return error


async def test_answer_comes_back(autojump_clock, circuits):
    assert await call(circuits, 1, "found") == "found"


@pytest.mark.parametrize("error", [BoardTrouble("the board answered 503"), UncertainOutcome()])
async def test_trouble_of_many_people_spares_all_the_next_call(autojump_clock, circuits, error, expected_errors):
    for who in range(5):
        assert await call(circuits, who, error) is error
    refused = await call(circuits, 77, "found")
    assert isinstance(refused, BoardResting)
    assert refused.retry_after_seconds >= 15
    assert "BoardTrouble@" in circuits.get(HH).fingerprint or "UncertainOutcome@" in circuits.get(HH).fingerprint
    assert await call(circuits, 77, "found", OTHER) == "found"


async def test_board_that_is_back_is_called_again(autojump_clock, circuits, expected_errors):
    for who in range(5):
        await call(circuits, who, BoardTrouble())
    await trio.sleep(16)
    assert await call(circuits, 1, "found") == "found"
    assert circuits.get(HH).state is State.WARMING
    assert await call(circuits, 2, "found") == "found"


@pytest.mark.parametrize(
    "refusal", [CaptchaRequired("https://b.example"), LimitReached(), LoginLost(), NotApplicable("archived")]
)
async def test_refusals_show_that_it_lives(autojump_clock, circuits, refusal):
    for who in range(50):
        await call(circuits, who, BoardTrouble() if who % 5 else refusal)
    assert circuits.get(HH).state is State.CLOSED


async def test_asked_to_slow_down_says_nothing(autojump_clock, circuits, expected_errors):
    for who in range(50):
        await call(circuits, who, BoardBusy(retry_after_seconds=5))
    assert circuits.get(HH).state is State.CLOSED
    for who in range(5):
        await call(circuits, who, BoardTrouble())
        await call(circuits, who, BoardBusy())
    assert circuits.get(HH).state is State.OPEN


async def test_caller_that_gives_up_says_nothing(autojump_clock, circuits, expected_errors):
    for who in range(5):
        await call(circuits, who, BoardTrouble())
    await trio.sleep(15)
    with trio.move_on_after(1):
        await circuits.call(HH, UserId(1), trio.sleep_forever)
    assert circuits.get(HH).state is State.OPEN
    assert await call(circuits, 2, "found") == "found"


async def test_crowd_after_an_outage_passes_slowly_at_first(autojump_clock, circuits, expected_errors):
    passed = []

    async def hunt(who):
        while True:
            outcome = await call(circuits, who, "found")
            if outcome == "found":
                passed.append(trio.current_time())
                return
            await trio.sleep(outcome.retry_after_seconds)

    for who in range(5):
        await call(circuits, who, BoardTrouble())
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for who in range(400):
            nursery.start_soon(hunt, who)
    times = sorted(at - began for at in passed)
    assert len(times) == 400
    assert times[0] >= 15
    busiest = max(sum(start <= at < start + 1 for at in times) for start in times)
    assert busiest <= 40, "ten a second would be even"
    assert sum(at < times[0] + 5 for at in times) <= 30


def test_board_is_not_left_alone_for_longer_than_between_two_searches():
    rests = [circuit_for(interval) for interval in (600, 60, 4, 0.1)]
    assert [(rest.first_rest_seconds, rest.longest_rest_seconds) for rest in rests] == [
        (15, 300),
        (15, 60),
        (4, 4),
        (1, 1),
    ]
