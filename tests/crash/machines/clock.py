"""The clock machine: the wall clock jumps under a running daemon, six ways, while somebody gets acquainted or hunts.

Or between two lives, the first of which was killed over an application that the board carries out late (`doubt`): as on a
machine whose clock is set right after its start, or where another machine takes over whose clock goes differently.

`ahead` and `back` by an hour and by a day: the daemon's wall clock alone, as when somebody sets it or it is set right.
`summer`: the time zone of the machine changes its offset; nothing may notice. `suspend`: ten minutes pass for all the
world in which the daemon does not run, and its monotonic clock stands still.

Nothing may be doubled, no day's limit be passed (by the daemon's own calendar; where its clock was set a day ahead it
can't know better), timers fire once, and the hunt goes on within the patience of the story.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.clock import DAY, HOUR, MINUTE, SECOND
from tests.crash.machines.late_commit import LateHooks
from tests.crash.moved_clock import MovedClock, without_times
from tests.crash.seeded import fast_folder, play
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import make_rules, open_theatre

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.machines.report import Report, Size
    from tests.crash.whole_daemon import Theatre

NAME = "clock"
JUMPS = {
    "hour-ahead": HOUR,
    "hour-back": -HOUR,
    "day-ahead": DAY,
    "day-back": -DAY,
    "summer": 0,
    "suspend": 10 * MINUTE,
}
MOMENTS = {"acquainted": ("update", 4), "hunting": ("application_made", 1)}
"""The jump comes with the Nth act of this kind."""
DOUBT = "doubt"
LATE_SECONDS = 40.0
DYING_SECONDS = 0.5
GRACE_SECONDS = LATE_SECONDS + 3.0
"""A board shows an application a second after it has carried it out."""
SECONDS_AFTER = {"acquainted": 0.0, "hunting": 2.0}
"""In the middle of the pause between two applications."""
PATIENCE_SECONDS = 1800.0
"""The hunt must not wait as long as its clock was wrong."""
SPRING = 1_774_745_940_000
"""2026-03-29 00:59:00 UTC, a minute before the clocks of Europe go forward."""


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All eighteen; a sample has one of each jump."""
    points = [only] if only is not None else [f"{jump}:{moment}" for jump in JUMPS for moment in (*MOMENTS, DOUBT)]
    if size == "sample" and only is None:
        points = points[1::3]
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def try_point(point: str, *, seed: int) -> Tried:
    """One story with one jump."""
    jump, moment = point.split(":")
    with tempfile.TemporaryDirectory(prefix="aurora-clock-", dir=fast_folder()) as folder, in_berlin():
        violations: list[str] = play(tell_story, jump, moment, seed, Path(folder), seed=seed)
        return Tried(1, violations)


@contextmanager
def in_berlin() -> Iterator[None]:
    """This process's own zone is one whose clocks change."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


async def tell_story(jump: str, moment: str, seed: int, folder: Path) -> list[str]:
    """The story, and what was wrong in the end."""
    settings = {
        "AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS),
        "AURORA_AUTOPILOT__GRACE_SECONDS": str(GRACE_SECONDS),
    }
    world_clock, daemon_clock = MovedClock(SPRING), MovedClock(SPRING)
    rules = replace(make_rules(), access_token_seconds=14 * DAY / SECOND)
    async with open_theatre(
        folder, seed=seed, settings=settings, clock=world_clock, daemon_clock=daemon_clock, rules=rules
    ) as theatre:
        enter_people(theatre, 1, random.Random(f"{NAME}:{seed}"))
        log = theatre.world.log
        if moment == DOUBT:
            await die_over_an_application(theatre)
        else:
            theatre.start()
            kind, count = MOMENTS[moment]
            while log.count(kind) < count:
                await log.wait_beyond(log.last)
            await trio.sleep(SECONDS_AFTER[moment])
        daemon_clock.moved += JUMPS[jump]
        if jump == "suspend":
            world_clock.moved += JUMPS[jump]
        moved_at = log.note("clock_moved", by=JUMPS[jump]).number
        if moment == DOUBT:
            theatre.start()
        if jump == "summer":
            await trio.sleep(90)
        await settle(theatre, patience_seconds=PATIENCE_SECONDS)
        await theatre.stop()
        await theatre.unwind()
        if jump == "day-ahead":
            theatre.daily_limit = None
        found = judge_story(theatre)
        moved, sent_before = (JUMPS[jump] if jump != "suspend" else 0), int(moment == DOUBT)
        return (without_times(found) if moved < 0 else found) + own_calendar(
            theatre, moved_at, moved, sent_before=sent_before
        )


async def die_over_an_application(theatre: Theatre) -> None:
    """One life, to its end; its application is still on its way then."""
    hooks = LateHooks(LATE_SECONDS)
    theatre.start(hooks)
    await hooks.is_sent.wait()
    await trio.sleep(DYING_SECONDS)
    theatre.crash()
    await theatre.life.ended.wait()


def own_calendar(theatre: Theatre, moved_at: int, moved: int, *, sent_before: int) -> list[str]:
    """Days in which the limit was passed, as the daemon's clock showed them.

    `sent_before`: how many of those carried out after the jump were sent before it.
    """
    made = [act for act in theatre.world.log.acts("application_made") if act.get("source") == "api"]
    after = [act.number for act in made if act.number > moved_at][sent_before:]
    times = sorted(act.at + (moved if act.number in after else 0) for act in made)
    return [
        f"{count} applications within a day of the daemon's clock"
        for count in (sum(first <= at < first + DAY for at in times) for first in times)
        if count > APPLICATIONS
    ]
