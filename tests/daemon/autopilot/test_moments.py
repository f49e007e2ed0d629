"""Moments as people read them."""

from __future__ import annotations

from daemon.autopilot.moments import show_moment


def test_moment_is_shown_in_moscow_time() -> None:
    assert show_moment(1_763_724_900_000) == "21.11, 14:35"


def test_day_turns_at_moscow_midnight() -> None:
    assert show_moment(1_763_758_800_000) == "22.11, 00:00"
