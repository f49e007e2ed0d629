"""Pauses, next searches and waits: jittered, bounded, never a burst."""

from __future__ import annotations

import random

import pytest

from daemon.autopilot import pace
from daemon.clock import DAY, HOUR, MINUTE, SECOND

NOW = 1_790_000_000_000


def test_pause_and_interval_are_jittered_around_their_setting() -> None:
    dice = random.Random(1)
    pauses = {pace.next_application_at(NOW, 20, dice) - NOW for _ in range(200)}
    assert 16 * SECOND <= min(pauses) < max(pauses) <= 24 * SECOND
    assert len(pauses) > 100
    searches = {pace.next_search_at(NOW, 600, dice) - NOW for _ in range(200)}
    assert 540 * SECOND <= min(searches) < max(searches) <= 660 * SECOND


def test_thousand_overdue_searches_are_spread() -> None:
    dice = random.Random(1)
    moments = [pace.catch_up_at(NOW, 1000, 600, dice) - NOW for _ in range(1000)]
    per_second = [sum(second * SECOND <= moment < (second + 1) * SECOND for moment in moments) for second in range(100)]
    assert max(per_second) < 25
    assert max(moments) <= 100 * SECOND


def test_one_overdue_search_is_made_up_for_at_once() -> None:
    assert pace.catch_up_at(NOW, 1, 600, random.Random(1)) == NOW


def test_spread_stays_within_one_interval() -> None:
    dice = random.Random(1)
    assert max(pace.catch_up_at(NOW, 100_000, 10, dice) - NOW for _ in range(500)) <= 10 * SECOND


def test_trouble_waits_longer_each_time_up_to_the_interval() -> None:
    class Most(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return max(a, b)

    waits = [pace.trouble_until(NOW, troubles, 600, Most()) - NOW for troubles in (1, 2, 3, 4, 10, 1000)]
    assert waits == [15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 10 * MINUTE, 10 * MINUTE]
    assert pace.trouble_until(NOW, 50, 86_400, Most()) - NOW == 30 * MINUTE


def test_board_that_names_a_wait_gets_at_least_that() -> None:
    assert 30 * SECOND <= pace.trouble_until(NOW, 1, 600, random.Random(1), 30) - NOW <= 36 * SECOND


@pytest.mark.parametrize(("captchas", "wait"), [(1, 600 * SECOND), (2, 1200 * SECOND), (20, 12 * HOUR)])
def test_each_captcha_in_a_row_waits_longer(captchas: int, wait: int) -> None:
    assert pace.captcha_until(NOW, captchas, 600) - NOW == wait


def test_short_intervals_do_not_make_captchas_nag() -> None:
    assert pace.captcha_until(NOW, 1, 1) - NOW == 60 * SECOND


def test_window_frees_a_day_after_its_oldest() -> None:
    assert pace.limit_until(NOW - 5 * HOUR, NOW) == NOW + 19 * HOUR
    assert pace.limit_until(None, NOW) == NOW + DAY
    assert pace.limit_until(NOW - 3 * DAY, NOW) == NOW + DAY
