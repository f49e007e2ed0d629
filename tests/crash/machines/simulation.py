"""The simulation: order of tasks, latencies, faults of the world and the moments of crashes, all from one seed.

One point is one story with one to four deaths. A death falls at a step chosen beforehand (before or after a write,
before or after a request is carried out, or as its answer arrives), at a moment of the clock, or is a clean stop. Between
two lives the wall clock may be set: the next one runs on another machine, or on one whose clock was wrong.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.clock import HOUR, MINUTE
from tests.crash.lives import Hooks, Step
from tests.crash.moved_clock import MovedClock, without_times
from tests.crash.seeded import fast_folder, play, trace_of
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import open_theatre

if TYPE_CHECKING:
    from daemon.sandbox.service import Request
    from tests.crash.lives import Life
    from tests.crash.machines.report import Report, Size
    from tests.crash.whole_daemon import Theatre

NAME = "simulation"
SEEDS: dict[Size, int] = {"sample": 10, "faults": 300, "full": 20_000}
PATIENCE_SECONDS = 120.0
"""A step that a life does not reach by then is not waited for: it is killed as it stands."""
ABOUT = {
    "": 320,
    "/hh/negotiations": 12,
    "effects": 24,
    "/hh/token": 8,
    "board_accounts": 20,
    "cursors": 20,
    "journals": 40,
    "/sendMessage": 60,
    ":generateContent": 20,
    "/vacancies": 30,
    "transaction": 4,
}
"""What a step may be about, and up to which of those a life may die: most steps are nothing special, those that are
shall be met as often.
"""
LATEST_SECONDS = 4.0
MORNING = 1_790_000_000_000
SET_BY = (0, 0, 0, 0, MINUTE, -MINUTE, HOUR, -HOUR)
"""Of the daemon's clock, in milliseconds; a day would give it another day's places."""
TELEGRAM_LIES = ("reset_after", "half_answer", "broken_json", "html")
FAULTS = (
    ("hh", ("latency", "slow_answer", "error", "too_many", "reset_before", "reset_after", "half_answer", "broken_json",
            "html", "hang", "late_commit")),
    ("gemini", ("latency", "error", "too_many", "reset_before", "reset_after", "html", "hang")),
    ("telegram", ("latency", "error", "too_many", "reset_before", "hang", *TELEGRAM_LIES)),
)  # fmt: skip


@dataclass(frozen=True)
class Death:
    """How one life ends."""

    kind: str
    """`step`, `moment` or `stop`."""
    about: str
    """Only steps about this count; empty: all do."""
    step: int
    seconds: float
    downtime_seconds: float


class SeededHooks(Hooks):
    """Latencies, and death at the chosen step."""

    def __init__(self, theatre: Theatre, chance: random.Random, steps: list[str], death: Death | None = None) -> None:
        super().__init__()
        self._theatre = theatre
        self._chance = chance
        self._steps = steps
        self._about = death.about if death is not None else ""
        self._dies_at = death.step if death is not None and death.kind == "step" else None

    async def step(self, life: Life, step: str, what: str) -> None:
        """Counts; dies; dawdles."""
        self.steps += self._about in what
        self._steps.append(f"{life.number} {trio.current_time():.6f} {step} {what}")
        if self.steps == self._dies_at and self._about in what:
            self._theatre.crash()
        elif step in {Step.BEFORE_SEND, Step.BEFORE_ANSWER}:
            await trio.sleep(self._latency())

    def _latency(self) -> float:
        draw = self._chance.random()
        if draw < 0.6:
            return 0.0
        return self._chance.uniform(0.001, 0.05) if draw < 0.95 else self._chance.uniform(0.2, 1.0)

    def late_seconds(self, request: Request) -> float:
        """An application is sometimes carried out seconds after it was sent."""
        is_application = request.method == "POST" and request.path.endswith("/negotiations")
        if is_application and self._chance.random() < 0.2:
            return self._chance.uniform(0.5, LATEST_SECONDS)
        return 0.0


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """So many seeds from this one on; a point is its seed."""
    points = [only] if only is not None else [str(seed + number) for number in range(SEEDS[size])]
    return run_points(NAME, points, try_seed, seed=seed, size=size)


def plan_deaths(chance: random.Random) -> list[Death]:
    """One to four; early and late ones alike."""
    deaths = []
    for _ in range(chance.choice((1, 1, 2, 2, 3, 4))):
        kind = chance.choices(("step", "moment", "stop"), (8, 2, 1))[0]
        about = chance.choice(("", "", "", *ABOUT))
        step = chance.randint(1, chance.choice((4, ABOUT[about])))
        seconds, downtime = chance.uniform(0, 30), chance.choice((0.0, 0.0, 0.5, 3.0, 20.0))
        deaths.append(Death(kind, about, step, seconds, downtime))
    return deaths


async def tell_story(seed: int, folder: Path) -> tuple[list[str], str]:
    """One seed: what is wrong with its story, and its trace."""
    chance, steps = random.Random(f"story:{seed}"), list[str]()
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}
    clock, daemon_clock, is_set_back = MovedClock(MORNING), MovedClock(MORNING), False
    async with open_theatre(folder, seed=seed, settings=settings, clock=clock, daemon_clock=daemon_clock) as theatre:
        enter_people(theatre, chance.choice((1, 1, 1, 2)), chance)
        throw_faults(theatre, chance)
        for death in plan_deaths(chance):
            await live_and_die(theatre, death, SeededHooks(theatre, chance, steps, death))
            daemon_clock.moved += (moved := chance.choice(SET_BY))
            is_set_back |= moved < 0
        theatre.world.faults.clear()
        theatre.start(SeededHooks(theatre, chance, steps))
        await settle(theatre)
        await theatre.stop()
        await theatre.unwind()
        violations = judge_story(theatre, lost_answers=lost_answers(theatre))
        return without_times(violations) if is_set_back else violations, trace_of(theatre.world.log.acts(), steps)


async def live_and_die(theatre: Theatre, death: Death, hooks: Hooks) -> None:
    """A life, its end, and the time until somebody starts the next one."""
    life = theatre.start(hooks)
    with trio.move_on_after(PATIENCE_SECONDS if death.kind == "step" else death.seconds):
        await life.crashed.wait()
    if death.kind == "stop" and not life.is_dead:
        await theatre.stop()
    else:
        theatre.crash()
    await trio.sleep(death.downtime_seconds)


def throw_faults(theatre: Theatre, chance: random.Random) -> None:
    """None to three switches, each for a few requests; what they break is whole again before the last life."""
    for _ in range(chance.choice((0, 0, 1, 2, 3))):
        service, kinds = chance.choice(FAULTS)
        theatre.world.faults.add(
            chance.choice(kinds),
            service=service,
            count=chance.randint(1, 6),
            probability=chance.choice((0.05, 0.3, 1.0)),
            seconds=chance.uniform(0.1, LATEST_SECONDS),
            status=chance.choice((500, 502, 503)),
        )


def lost_answers(theatre: Theatre) -> int:
    """Messages that Telegram took without saying so: said again, they may be doubled as after a crash."""
    struck = Counter(act.get("what") for act in theatre.world.log.acts("fault") if act.get("service") == "telegram")
    return sum(struck[kind] for kind in (*TELEGRAM_LIES, "latency", "hang"))


def try_seed(point: str) -> Tried:
    """What is wrong with the story of this seed."""
    return Tried(1, run_seed(int(point))[0])


def run_seed(seed: int) -> tuple[list[str], str]:
    """One story: what is wrong with it, and its trace."""
    with tempfile.TemporaryDirectory(prefix="aurora-simulation-", dir=fast_folder()) as folder:
        result: tuple[list[str], str] = play(tell_story, seed, Path(folder), seed=seed)
        return result
