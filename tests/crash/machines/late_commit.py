"""Late commit: the board carries an application out long after its client has gone.

A request whose answer is lost may still be under way; asked too early, the board knows nothing of it, and whoever then
sends again has applied twice. Points are `DELAY:DOWNTIME:GRACE`: the first two applications are carried out DELAY
seconds late; the daemon waits for the first one in vain, or is killed over it and started again after DOWNTIME seconds;
GRACE is `right`, longer than the delay, or `short`. A right grace must keep everything single. A short one must double
something: a machine that does not see that is blind, and says so as a violation.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tests.crash.lives import Hooks
from tests.crash.seeded import fast_folder, play
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import make_rules, open_theatre

if TYPE_CHECKING:
    from daemon.sandbox.service import Request
    from tests.crash.machines.report import Report, Size

NAME = "late_commit"
DELAYS = (20, 30, 45, 60, 90)
DOWNTIMES = ("alive", "0", "10")
GRACES = ("right", "short")
SAMPLE = ("20:0:right", "45:alive:right", "30:10:short")
LATE_APPLICATIONS = 2
MARGIN_SECONDS = 3
"""A board shows an application a second after it has carried it out."""
SHORT_SECONDS = 2
"""With the five seconds a call may take at least, and the longest downtime, still less than the least delay."""
DYING_SECONDS = 0.5
DOUBLED = ("applied twice", "doubled: ")


class LateHooks(Hooks):
    """The first applications are carried out late."""

    def __init__(self, delay: float) -> None:
        super().__init__()
        self._delay = delay
        self.late = 0
        self.is_sent = trio.Event()

    def late_seconds(self, request: Request) -> float:
        """Of applications only."""
        is_application = request.method == "POST" and request.path.endswith("/negotiations")
        if not is_application or self.late >= LATE_APPLICATIONS:
            return 0.0
        self.late += 1
        self.is_sent.set()
        return self._delay


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All thirty, but for the sample."""
    everything = [f"{delay}:{down}:{grace}" for delay in DELAYS for down in DOWNTIMES for grace in GRACES]
    points = [only] if only is not None else list(SAMPLE if size == "sample" else everything)
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def try_point(point: str, seed: int) -> Tried:
    """What is wrong, or blind, at one point."""
    delay, downtime, grace = point.split(":")
    seconds = float(delay) + MARGIN_SECONDS if grace == "right" else SHORT_SECONDS
    with tempfile.TemporaryDirectory(prefix="aurora-late-", dir=fast_folder()) as folder:
        found: list[str] = play(tell_story, seed, float(delay), downtime, seconds, Path(folder), seed=seed)
    if grace == "right":
        return Tried(1, found)
    is_seen = any(violation.startswith(DOUBLED) for violation in found)
    return Tried(1, [] if is_seen else ["blind: the grace is too short and nothing was doubled"])


async def tell_story(seed: int, delay: float, downtime: str, grace: float, folder: Path) -> list[str]:
    """One point's story and all that is wrong with it."""
    settings = {
        "AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS),
        "AURORA_AUTOPILOT__GRACE_SECONDS": str(grace),
    }
    hooks = LateHooks(delay)
    # Logins that outlast every delay: a late application with an old login would simply be refused.
    rules = replace(make_rules(), access_token_seconds=3_600.0)
    async with open_theatre(folder, seed=seed, settings=settings, rules=rules) as theatre:
        enter_people(theatre, 1, random.Random(seed))
        theatre.start(hooks)
        await hooks.is_sent.wait()
        if downtime != "alive":
            await trio.sleep(DYING_SECONDS)
            theatre.crash()
            await theatre.life.ended.wait()
            await trio.sleep(float(downtime))
            theatre.start(hooks)
        await settle(theatre)
        await trio.sleep(delay)
        await theatre.stop()
        await theatre.unwind()
        if hooks.late < LATE_APPLICATIONS:
            theatre.violations.append(f"only {hooks.late} applications were late")
        return judge_story(theatre)
