"""Recurrence: when next? Pure arithmetic on wall time, for the timetable and for what people set ("daily at 09:00").

`daily` follows the zone's wall clock through summer time: a time that is skipped that day happens right after the gap,
one that occurs twice happens once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from daemon.clock import DAY, MINUTE

MOSCOW = "Europe/Moscow"


class Recurrence(Protocol):
    """Something that happens again and again."""

    def next_after(self, moment: int) -> int:
        """The first occurrence later than `moment`; both Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many minutes, counted from the epoch, so that a restart does not shift them."""

    minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("a recurrence needs at least one minute")

    def next_after(self, moment: int) -> int:
        """The next full multiple."""
        step = self.minutes * MINUTE
        return (moment // step + 1) * step


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at this time of the zone's clock."""

    at: time
    zone: str = MOSCOW

    def next_after(self, moment: int) -> int:
        """Today's occurrence or, when it is over, a later day's."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone).date()
        while True:
            wall = datetime.combine(day, self.at, tzinfo=zone)
            found = int(wall.astimezone(UTC).timestamp() * 1000)
            if found > moment:
                return found
            day += timedelta(days=1)


def daily(at: str, zone: str = MOSCOW) -> Daily:
    """`daily("09:00")`. Raises `ValueError` for anything but HH:MM and for an unknown zone."""
    hour, colon, minute = at.partition(":")
    if not colon or len(minute) != len("00"):
        raise ValueError("expected a time like 09:00")
    try:
        ZoneInfo(zone)
    except (KeyError, OSError):
        raise ValueError("expected a time zone like Europe/Moscow") from None
    return Daily(time(int(hour), int(minute)), zone)


def is_missed(last_at: int | None, recurrence: Recurrence, now: int) -> bool:
    """Whether an occurrence has passed since the last one that was done. Never done counts from a day ago."""
    return recurrence.next_after(last_at if last_at is not None else now - DAY) <= now
