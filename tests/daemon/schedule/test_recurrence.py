"""Recurrence: the next occurrence, through summer time and at the edges."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import DAY, HOUR, MINUTE
from daemon.schedule.recurrence import Every, daily, is_missed


def moment(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(at, zone="UTC"):
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


def test_every_is_counted_from_the_epoch():
    assert shown(Every(10).next_after(moment("2026-11-21T14:03"))) == "11-21 14:10"
    assert shown(Every(10).next_after(moment("2026-11-21T14:10"))) == "11-21 14:20"


@pytest.mark.parametrize(
    ("now", "expected"), [("2026-11-21T08:59", "11-21 09:00"), ("2026-11-21T09:00", "11-22 09:00")]
)
def test_daily_at_nine_in_moscow(now, expected):
    zone = "Europe/Moscow"
    assert shown(daily("09:00").next_after(moment(now, zone)), zone) == expected


def test_skipped_hour_happens_after_the_gap():
    zone = "Europe/Berlin"  # 2026-03-29: 02:00 becomes 03:00
    assert shown(daily("02:30", zone).next_after(moment("2026-03-29T00:00", zone)), zone) == "03-29 03:30"


def test_hour_that_comes_twice_happens_once():
    zone = "Europe/Berlin"  # 2026-10-25: 03:00 becomes 02:00
    first = daily("02:30", zone).next_after(moment("2026-10-25T00:00", zone))
    assert shown(daily("02:30", zone).next_after(first), zone) == "10-26 02:30"


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(["Europe/Moscow", "Europe/Berlin", "Pacific/Apia", "UTC"]))
def test_next_is_always_later_and_within_two_days(now, zone):
    found = daily("12:15", zone).next_after(now)
    assert now < found <= now + 2 * DAY


@pytest.mark.parametrize("text", ["9", "25:00", "09:60", "09:5", "nine", ""])
def test_wrong_times_are_refused(text):
    with pytest.raises(ValueError, match=r"time|hour|minute|literal"):
        daily(text)


def test_unknown_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        daily("09:00", "Mars/Olympus")


def test_recurrence_needs_a_minute():
    with pytest.raises(ValueError, match="minute"):
        Every(0)


def test_occurrence_passed_since_the_last_is_missed():
    now = moment("2026-11-21T14:03")
    assert is_missed(now - HOUR, Every(10), now)
    assert not is_missed(now - MINUTE, Every(10), now)
    assert is_missed(None, Every(10), now)
