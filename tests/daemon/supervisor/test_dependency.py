"""What many share: when it counts as down, who tries, how the crowd comes back."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import trio

from daemon.errors import Temporary
from daemon.supervisor.dependency import Dependencies, Dependency, DependencyPolicy, Resting, State

POLICY = DependencyPolicy(
    failures=5, callers=3, window_seconds=60, first_rest_seconds=10, longest_rest_seconds=35, warm_up_seconds=30
)


@pytest.fixture
def board():
    return Dependency("board hh", random.Random(1), POLICY)


def fail(board, *callers, fingerprint="BoardTrouble@api.py:get", rest_seconds=None):
    for who in callers:
        leave = board.enter(who)
        leave.fail(fingerprint, rest_seconds=rest_seconds)
        leave.leave()


def succeed(board, who=None):
    leave = board.enter(who)
    leave.succeed()
    leave.leave()


def is_refused(board, who=99):
    try:
        board.enter(who).leave()
    except Resting:
        return True
    return False


async def test_equal_failures_of_several_people_open_it(autojump_clock, board, expected_errors):
    fail(board, 1, 2, 3, 1)
    assert board.state is State.CLOSED
    fail(board, 2)
    assert board.state is State.OPEN
    assert board.fingerprint == "BoardTrouble@api.py:get"
    assert is_refused(board)


async def test_one_person_alone_opens_nothing(autojump_clock, board):
    fail(board, *[1, 2] * 50)
    assert board.state is State.CLOSED


async def test_callers_nobody_knows_count_each(autojump_clock, board, expected_errors):
    fail(board, *[None] * 5)
    assert board.state is State.OPEN


async def test_different_failures_open_nothing(autojump_clock, board):
    for who in range(4):
        fail(board, who, fingerprint="a")
        fail(board, who, fingerprint="b")
    assert board.state is State.CLOSED


async def test_success_between_starts_the_count_anew(autojump_clock, board):
    for _ in range(10):
        fail(board, 1, 2, 3, 4)
        succeed(board)
    assert board.state is State.CLOSED


async def test_failures_spread_over_time_open_nothing(autojump_clock, board):
    for who in range(20):
        fail(board, who)
        await trio.sleep(15.5)
    assert board.state is State.CLOSED


async def test_one_probe_passes_after_the_rest(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    await trio.sleep(9.9)
    assert is_refused(board)
    await trio.sleep(0.2)
    probe = board.enter(7)
    assert board.state is State.PROBING
    assert is_refused(board)
    probe.succeed()
    probe.leave()
    assert board.state is State.WARMING
    assert not is_refused(board)


async def test_failed_probes_double_the_rest_up_to_its_end(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    rests = []
    for _ in range(5):
        rests.append(board.rest_seconds)
        await trio.sleep(board.rest_seconds)
        fail(board, 7, fingerprint="another one")
    assert rests == [10, 20, 35, 35, 35]
    assert board.fingerprint == "another one"


async def test_probe_given_up_lets_another_pass(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    await trio.sleep(10)
    board.enter(7).leave()
    assert board.state is State.OPEN
    assert not is_refused(board)


async def test_calls_begun_before_it_opened_change_nothing(autojump_clock, board, expected_errors):
    early = [board.enter(who) for who in range(10)]
    fail(board, *range(5))
    early[0].succeed()
    early[1].fail("BoardTrouble@api.py:get")
    assert (board.state, board.rest_seconds) == (State.OPEN, 10)
    await trio.sleep(10)
    probe = board.enter(7)
    early[2].fail("BoardTrouble@api.py:get")
    early[2].leave()
    assert board.state is State.PROBING
    probe.succeed()
    assert board.state is not State.PROBING or board.rest_seconds == 0


async def test_who_says_how_long_is_obeyed_at_once(autojump_clock, board, expected_errors):
    fail(board, 1, rest_seconds=7)
    assert board.rest_seconds == 7
    await trio.sleep(7)
    fail(board, 1, rest_seconds=1e9)
    assert board.rest_seconds == POLICY.longest_rest_seconds


async def test_crowd_turned_away_comes_back_spread(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    waits = []
    for who in range(1000):
        with pytest.raises(Resting) as refusal:
            board.enter(who)
        waits.append(refusal.value.retry_after_seconds)
    assert board.turned_away == 1000
    assert min(waits) >= 10
    assert 80 < max(waits) <= 10 + 1000 * POLICY.return_seconds_each
    a_second = Counter(int(wait) for wait in waits[500:])
    assert max(a_second.values()) < 30


async def test_warm_up_lets_few_pass_at_first_and_more_each_time(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    await trio.sleep(10)
    succeed(board)
    passed = []
    for _ in range(300):
        passed.append(sum(not is_refused(board, None) for _ in range(30)))
        await trio.sleep(0.1)
    by_second = [sum(passed[start : start + 10]) for start in range(0, 300, 10)]
    assert by_second[0] <= 4
    assert by_second[6] < by_second[12] < by_second[18] < by_second[24]
    assert board.state is State.CLOSED
    assert not any(is_refused(board) for _ in range(1000))


async def test_refusals_while_warming_up_end_with_it(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    await trio.sleep(10)
    succeed(board)
    await trio.sleep(12)
    waits = refusals(board, 300)
    assert waits
    assert all(0 < wait <= 18.1 for wait in waits)
    assert sum(wait > 9 for wait in waits) > len(waits) / 2


def refusals(board, count):
    waits = []
    for _ in range(count):
        try:
            board.enter()
        except Resting as refusal:
            waits.append(refusal.retry_after_seconds)
    return waits


async def test_failures_while_warming_up_open_it_again(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    await trio.sleep(10)
    succeed(board)
    await trio.sleep(20)
    fail(board, *range(5))
    assert (board.state, board.rest_seconds) == (State.OPEN, 10)


async def test_patient_caller_waits_out_a_short_refusal(autojump_clock, board, expected_errors):
    fail(board, 1, rest_seconds=1.5)
    began = trio.current_time()
    leave = await board.wait_turn(None, patience_seconds=5)
    leave.leave()
    assert 1.5 <= trio.current_time() - began <= 5


async def test_patience_is_not_spent_in_vain(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    began = trio.current_time()
    with pytest.raises(Resting):
        await board.wait_turn(1, patience_seconds=5)
    assert trio.current_time() == began


async def test_news_is_told_once_each_way(autojump_clock, board, expected_errors):
    fail(board, *range(5))
    for who in range(20):
        assert is_refused(board, who)
    await trio.sleep(10)
    succeed(board)
    told = [line["event"] for line in expected_errors if line["event"].startswith("dependency")]
    assert told == ["dependency_rests", "dependency_back"]


async def test_memory_of_one_caller_who_always_fails_is_bounded(autojump_clock, board):
    fail(board, *[1] * 5000)
    assert sum(len(kept) for kept in board._failures.values()) <= 10 * POLICY.failures


def test_refusal_is_temporary():
    assert issubclass(Resting, Temporary)


def test_a_name_has_one_dependency():
    known = Dependencies(random.Random(1))
    telegram = known.get("telegram")
    assert known.get("telegram") is telegram
    known.get("board hh", POLICY)
    assert [one.name for one in known.listing()] == ["board hh", "telegram"]
