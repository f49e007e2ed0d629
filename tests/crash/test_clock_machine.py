"""The clock machine: its jumps, and a hunt that believes in a clock that was set is found out."""

from __future__ import annotations

import os
import time

import pytest
import trio

from daemon.autopilot import facts, reconcile
from daemon.clock import DAY
from tests.crash.lives import replaced
from tests.crash.machines.clock import JUMPS, MOMENTS, SPRING, in_berlin, run
from tests.crash.moved_clock import MovedClock


@pytest.mark.slow
def test_sample_of_the_clock_machine_is_clean():
    report = run(size="sample")
    assert report.points == len(JUMPS)
    assert report.violations == ()


def test_all_of_it_are_eighteen():
    assert len(JUMPS) * (len(MOMENTS) + 1) == 18


def test_hunt_that_counts_the_grace_by_the_time_in_the_ledger_is_found_out():
    with replaced(reconcile, "question_at", lambda _tools, effect: effect.sending_at + 60_000):
        report = run(size="sample", only="hour-ahead:doubt")
    assert any("applied twice" in violation for violation in report.violations)


def test_hunt_that_sleeps_as_long_as_its_clock_was_wrong_is_found_out():
    with replaced(facts, "was_set_back", lambda _written_at, _now: False):
        report = run(size="sample", only="day-back:hunting")
    assert any("the story did not end" in violation for violation in report.violations)
    assert report.violations[0].endswith("clock --seed 1 --only day-back:hunting")


async def test_moved_clock_jumps_while_somebody_sleeps(autojump_clock):
    clock = MovedClock(SPRING)
    due_at = clock.now() + DAY
    clock_began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.sleep_until, due_at)
        await trio.sleep(10)
        clock.moved += DAY
    assert trio.current_time() - clock_began <= 60


def test_berlin_changes_its_clocks_during_the_story_and_only_there():
    before = os.environ.get("TZ")
    with in_berlin():
        assert [time.localtime(SPRING // 1000 + seconds).tm_isdst for seconds in (0, 60)] == [0, 1]
    assert os.environ.get("TZ") == before
