"""Moments as people read them in messages: day, month and time in Moscow, which most boards and people go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

MOSCOW = timezone(timedelta(hours=3))
"""No summer time since 2014; the catalogue's texts say which zone it is."""


def show_moment(at: int) -> str:
    """`21.11, 14:35`: reads well after "at", "until", and in Russian after no preposition at all."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(MOSCOW).strftime("%d.%m, %H:%M")
