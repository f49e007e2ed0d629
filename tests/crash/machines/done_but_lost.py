"""Done but lost: each write, each kind of read and each request is carried out once and then reported as failed.

A point is one of them, in the order of the story: `write:17` is the 17th write, whose commit is on disk and whose
caller is told that the store did not answer; `request:23` the 23rd request to Telegram, the board or the model, which
the server has carried out and whose connection breaks before the answer; `read:5` the first time the 5th different
SELECT is asked. A daemon that can't start without it may end, and is started again; one that runs may not.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.sandbox.service import ConnectionCut
from store.errors import StoreUnavailable
from tests.crash.lives import Hooks, Step
from tests.crash.seeded import fast_folder, play
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import make_rules, open_theatre

if TYPE_CHECKING:
    from tests.crash.lives import Life
    from tests.crash.machines.report import Report, Size
    from tests.crash.whole_daemon import Theatre

NAME = "done_but_lost"
SAMPLE = 8
TOKEN_SECONDS = 8.0


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All of them; a sample takes a few of each kind."""
    points = [only] if only is not None else name_points(seed)
    if size == "sample" and only is None:
        points = random.Random(f"{NAME}:{seed}").sample(points, SAMPLE)
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def name_points(seed: int) -> list[str]:
    """Every write, request and kind of read of a story in which nothing is lost."""
    liar, _ = _tell("", seed)
    return [f"{kind}:{number}" for kind, count in liar.counts.items() for number in range(1, count + 1)]


def try_point(point: str, *, seed: int) -> Tried:
    """One story in which one thing is lost."""
    liar, violations = _tell(point, seed)
    return Tried(len(liar.told), [f"{liar.told[0] if liar.told else 'nothing'}: {what}" for what in violations])


def _tell(point: str, seed: int) -> tuple[Liar, list[str]]:
    with tempfile.TemporaryDirectory(prefix="aurora-lost-", dir=fast_folder()) as folder:
        result: tuple[Liar, list[str]] = play(tell_story, point, seed, Path(folder), seed=seed)
        return result


class Liar(Hooks):
    """Counts what is carried out, over all lives; says of one thing that it failed."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point
        self._read: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.told: list[str] = []

    async def step(self, life: Life, step: str, what: str) -> None:
        """After a write, or when an answer is there."""
        if step == Step.AFTER_WRITE and self._is_chosen("write", what):
            raise StoreUnavailable("the database did not answer")
        if step == Step.BEFORE_ANSWER and self._is_chosen("request", what.rpartition("/")[2]):
            raise ConnectionCut

    async def read(self, life: Life, sql: str) -> None:
        """After a read."""
        if sql in self._read:
            return
        self._read.add(sql)
        if self._is_chosen("read", " ".join(sql.split())[:60]):
            raise StoreUnavailable("the database did not answer")

    def _is_chosen(self, kind: str, what: str) -> bool:
        self.counts[kind] += 1
        is_chosen = self._point == f"{kind}:{self.counts[kind]}"
        if is_chosen:
            self.told.append(what)
        return is_chosen


async def tell_story(point: str, seed: int, folder: Path) -> tuple[Liar, list[str]]:
    """The story, and what was wrong in the end."""
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}
    rules, liar = make_rules(token_seconds=TOKEN_SECONDS), Liar(point)
    async with open_theatre(folder, seed=seed, settings=settings, rules=rules) as theatre:
        # One application's answer gets lost, so that the board is asked about one.
        theatre.world.faults.add("reset_after", service="hh", method="POST", path="/negotiations", count=1)
        enter_people(theatre, 1, random.Random(f"{NAME}:{seed}"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_alive, theatre, liar, name="keeper")
            await settle(theatre)
            nursery.cancel_scope.cancel()
        await theatre.stop()
        await theatre.unwind()
        excuse_starts(theatre)
        # A message whose answer got lost is said again: the one double that is allowed.
        return liar, judge_story(theatre, lost_answers=int(point.startswith("request")))


async def keep_alive(theatre: Theatre, liar: Liar) -> None:
    """Starts the daemon, and again when it could not start."""
    while True:
        life = theatre.start(liar)
        await life.ended.wait()


def excuse_starts(theatre: Theatre) -> None:
    """A daemon may end of a store that does not answer, as long as it was not up yet."""
    up = {line.get("life") for line in theatre.log.lines if line["event"] == "daemon_ready"}
    excused = [
        f"life {life.number} died of itself"
        for life in theatre.lives
        if life.failure is not None and life.number not in up
    ]
    theatre.violations[:] = [what for what in theatre.violations if not what.startswith(tuple(excused) or ("\0",))]
