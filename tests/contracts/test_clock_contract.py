"""What every clock keeps, the machine's, the virtual one and the one that tests move."""

from __future__ import annotations

import pytest
import trio

from daemon.clock import DAY, HOUR, MINUTE, SECOND, SystemClock, TrioClock
from tests.fakes.clock import MovableClock

A_MOMENT = 0.02
CLOCKS = [SystemClock, TrioClock, MovableClock]


@pytest.fixture(params=CLOCKS, ids=lambda kind: kind.__name__)
def clock(request):
    return request.param()


def test_units_are_milliseconds():
    assert (SECOND, MINUTE, HOUR, DAY) == (1000, 60_000, 3_600_000, 86_400_000)


async def test_time_is_unix_milliseconds_of_this_century(clock):
    assert 1_700_000_000_000 < clock.now() < 4_000_000_000_000


async def test_time_does_not_stand_still(clock):
    before = clock.now()
    await trio.sleep(A_MOMENT)
    assert clock.now() >= before + A_MOMENT * SECOND - 2


async def test_sleeper_wakes_when_the_time_has_come(clock):
    due_at = clock.now() + round(A_MOMENT * SECOND)
    with trio.fail_after(5):
        await clock.sleep_until(due_at)
    assert clock.now() >= due_at


async def test_past_moment_is_over_at_once(clock):
    with trio.fail_after(5):
        await clock.sleep_until(clock.now() - HOUR)
        await clock.sleep_until(0)


async def test_sleeper_can_be_cancelled(clock):
    with trio.move_on_after(A_MOMENT) as scope:
        await clock.sleep_until(clock.now() + DAY)
    assert scope.cancelled_caught


async def test_moved_clock_tells_the_new_time(autojump_clock):
    clock = MovableClock()
    before = clock.now()
    clock.move(HOUR)
    assert clock.now() == before + HOUR
    clock.move(-2 * HOUR)
    assert clock.now() == before - HOUR
