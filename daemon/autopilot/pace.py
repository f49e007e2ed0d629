"""How fast: the pause between two applications, the next search, the wait after the board's trouble.

Everything is jittered: a thousand hunts of one daemon must not knock at the board in step, and a person does not apply
every twenty seconds sharp. Times are Unix milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.clock import DAY, HOUR, SECOND

if TYPE_CHECKING:
    import random as randomness

LONGEST_TROUBLE_WAIT = 30 * 60 * SECOND
FIRST_TROUBLE_WAIT = 15 * SECOND
FIRST_CAPTCHA_WAIT = 60 * SECOND
"""At least: with searches every second a person would else be told every few seconds."""
LONGEST_CAPTCHA_WAIT = 12 * HOUR
CATCH_UP_MILLISECONDS_EACH = 100
"""Overdue searches after a start are spread so that ten of them begin a second, within one interval."""


def next_application_at(now: int, pause_seconds: float, random: randomness.Random) -> int:
    """When the next application may go out."""
    return now + round(pause_seconds * SECOND * random.uniform(0.8, 1.2))


def next_search_at(now: int, interval_seconds: float, random: randomness.Random) -> int:
    """When the board is searched again."""
    return now + round(interval_seconds * SECOND * random.uniform(0.9, 1.1))


def catch_up_at(now: int, overdue: int, interval_seconds: float, random: randomness.Random) -> int:
    """When one of `overdue` searches that fell due while nobody ran is made up for."""
    spread = min(interval_seconds * SECOND, overdue * CATCH_UP_MILLISECONDS_EACH)
    return now + round(random.uniform(0, spread)) if overdue > 1 else now


def trouble_until(
    now: int,
    troubles: int,
    interval_seconds: float,
    random: randomness.Random,
    retry_after_seconds: float | None = None,
) -> int:
    """Until when the board is left alone after `troubles` failures in a row."""
    if retry_after_seconds is not None:
        return now + round(retry_after_seconds * SECOND * random.uniform(1.0, 1.2))
    longest = min(LONGEST_TROUBLE_WAIT, max(interval_seconds * SECOND, SECOND))
    wait = min(longest, FIRST_TROUBLE_WAIT * 2.0 ** min(troubles - 1, 20))
    return now + round(wait * random.uniform(0.5, 1.0))


def captcha_until(now: int, captchas: int, interval_seconds: float) -> int:
    """Until when nothing is sent after so many captchas in a row; each is a message to the person, so ever longer."""
    first = max(FIRST_CAPTCHA_WAIT, interval_seconds * SECOND)
    return now + round(min(LONGEST_CAPTCHA_WAIT, first * 2.0 ** min(captchas - 1, 20)))


def limit_until(oldest_at: int | None, now: int) -> int:
    """When the board's window of 24 hours frees a place: a day after the oldest application in it."""
    return (oldest_at if oldest_at is not None and oldest_at > now - DAY else now) + DAY
