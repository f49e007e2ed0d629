"""Done but lost: each write, each kind of read and each request is carried out once and then reported as failed.

A point is one of them, in the order of its story: `newcomer/write:17` is the 17th write, whose commit is on disk and whose
caller is told that the store did not answer; `life/request:23` the 23rd request to Telegram, the board or the model, which
the server has carried out and whose connection breaks before the answer; `leaving/read:5` the first time the 5th different
SELECT is asked. A daemon that can't start without it may end, and is started again; one that runs may not.

`newcomer` is somebody's first day; the other stories (`lost_stories.py`) are short and have a settled person.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.sandbox.service import ConnectionCut
from store.errors import StoreUnavailable
from tests.crash.guest import seat
from tests.crash.lives import Hooks, Step
from tests.crash.lost_stories import STORIES
from tests.crash.seeded import fast_folder, play
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle, wait_for_quiet
from tests.crash.whole_daemon import make_rules, open_theatre

if TYPE_CHECKING:
    from store.write import Write
    from tests.crash.lives import Life
    from tests.crash.lost_stories import Story
    from tests.crash.machines.report import Report, Size
    from tests.crash.whole_daemon import Theatre

NAME = "done_but_lost"
SAMPLE = 8
TOKEN_SECONDS = 8.0
NEWCOMER = "newcomer"
ID = re.compile(r"\d{4}|[0-9a-f]{20}")
MOST_OF_A_KIND = 1
LONGEST_SECONDS = 3 * 3600.0


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All of them; a sample takes a few of each kind."""
    points = [only] if only is not None else name_points(seed, most=None if size == "full" else MOST_OF_A_KIND)
    if size == "sample" and only is None:
        points = random.Random(f"{NAME}:{seed}").sample(points, SAMPLE)
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def name_points(seed: int, *, most: int | None = MOST_OF_A_KIND) -> list[str]:
    """Every write, request and kind of read of every story in which nothing is lost.

    Of the short stories only the first `most` writes of the same SQL, and as many requests of the same name: the
    newcomer's day has all of its own.
    """
    points = []
    for story in (NEWCOMER, *STORIES):
        liar, _ = tell(story, "", seed)
        is_short = most is not None and story != NEWCOMER
        seen: Counter[object] = Counter()
        for point, of_a_kind in liar.done:
            seen[of_a_kind] += 1
            if not is_short or seen[of_a_kind] <= (most or 0):
                points.append(f"{story}/{point}")
    return points


def try_point(point: str, *, seed: int) -> Tried:
    """One story in which one thing is lost."""
    story, _, lost = point.partition("/")
    liar, violations = tell(story, lost, seed)
    return Tried(len(liar.told), [f"{liar.told[0] if liar.told else 'nothing'}: {what}" for what in violations])


def tell(story: str, lost: str, seed: int) -> tuple[Liar, list[str]]:
    """A story, what was done in it and what was wrong in the end; `lost` empty: nothing is lost."""
    with tempfile.TemporaryDirectory(prefix="aurora-lost-", dir=fast_folder()) as folder:
        liar = Liar(lost, is_counting=story == NEWCOMER or STORIES[story].is_whole)
        teller = tell_newcomer if story == NEWCOMER else partial(tell_short, STORIES[story])
        violations: list[str] = play(teller, liar, seed, Path(folder), seed=seed)
        return liar, violations


class Liar(Hooks):
    """Counts what is carried out, over all lives; says of one thing that it failed."""

    def __init__(self, lost: str, *, is_counting: bool = True) -> None:
        super().__init__()
        self._lost = lost
        self._is_counting = is_counting
        self._read: set[str] = set()
        self._written: dict[trio.lowlevel.Task, frozenset[str]] = {}
        self._counts: Counter[str] = Counter()
        self.done: list[tuple[str, object]] = []
        """Points in their order, each with what it is one of: the SQL of a write, of a read, the name of a call."""
        self.told: list[str] = []

    def note_write(self, write: Write) -> None:
        """Kept until it is done: a task writes one thing at a time."""
        self._written[trio.lowlevel.current_task()] = frozenset(plain(statement.sql) for statement in write.statements)

    async def step(self, life: Life, step: str, what: str) -> None:
        """After a write, or when an answer is there."""
        if step == Step.AFTER_WRITE:
            texts = self._written.pop(trio.lowlevel.current_task(), frozenset())
            if self._is_chosen("write", what, texts):
                raise StoreUnavailable("the database did not answer")
        if step == Step.BEFORE_ANSWER:
            if self._is_chosen("request", what.rpartition("/")[2], name_call(what)):
                raise ConnectionCut
            # The first poll is the last request of a start: what comes then is the story's.
            self._is_counting = self._is_counting or what.endswith("/getUpdates")

    async def read(self, life: Life, sql: str) -> None:
        """After a read."""
        text = plain(sql)
        if text in self._read or not self._is_counting:
            return
        self._read.add(text)
        if self._is_chosen("read", text[:60], text):
            raise StoreUnavailable("the database did not answer")

    def _is_chosen(self, kind: str, what: str, of_a_kind: object) -> bool:
        if not self._is_counting:
            return False
        self._counts[kind] += 1
        point = f"{kind}:{self._counts[kind]}"
        self.done.append((point, (kind, of_a_kind)))
        is_chosen = self._lost == point
        if is_chosen:
            self.told.append(what)
        return is_chosen


def plain(sql: str) -> str:
    """An SQL text on one line."""
    return " ".join(sql.split())


def name_call(what: str) -> str:
    """`GET /hh/vacancies/-`: without what names somebody or something."""
    method, _, path = what.partition(" ")
    words = ("-" if ID.search(word) else word for word in path.split("/"))
    return f"{method} {'/'.join(words)}"


async def tell_newcomer(liar: Liar, seed: int, folder: Path) -> list[str]:
    """Somebody's first day, with three applications."""
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}
    rules = make_rules(token_seconds=TOKEN_SECONDS)
    async with open_theatre(folder, seed=seed, settings=settings, rules=rules) as theatre:
        # One application's answer gets lost, so that the board is asked about one.
        theatre.world.faults.add("reset_after", service="hh", method="POST", path="/negotiations", count=1)
        enter_people(theatre, 1, random.Random(f"{NAME}:{seed}"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_alive, theatre, liar, name="keeper")
            await settle(theatre)
            nursery.cancel_scope.cancel()
        return await close(theatre, liar)


async def tell_short(story: Story, liar: Liar, seed: int, folder: Path) -> list[str]:
    """One of the others."""
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(story.limit), **story.settings}
    async with open_theatre(folder, seed=seed, settings=settings, is_shared=story.is_shared) as theatre:
        guest = await seat(theatre, wish=story.wish, then=story.prepare)
        theatre.daily_limit = None  # the person changes it
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_alive, theatre, liar, name="keeper")
            with trio.move_on_after(LONGEST_SECONDS) as patience:
                await story.play(theatre, guest)
                await wait_for_quiet(theatre)
            nursery.cancel_scope.cancel()
        if patience.cancelled_caught:
            theatre.violations.append(f"the story did not end: waited for {guest.waits_for}")
        found = await close(theatre, liar, story.errors)
        return [what for what in found if not any(part in what for part in story.excused)]


async def close(theatre: Theatre, liar: Liar, errors: frozenset[str] = frozenset()) -> list[str]:
    """The curtain, and what is wrong."""
    await theatre.stop()
    await theatre.unwind()
    excuse_starts(theatre)
    # A message whose answer got lost is said again: the one double that is allowed.
    lost_answers = sum(1 for what in liar.told if what in {"sendMessage", "editMessageText"})
    return judge_story(theatre, lost_answers=lost_answers, errors=errors)


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
