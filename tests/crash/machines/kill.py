"""The kill machine: SIGKILL before, in and after every store write and every network step, over six stories.

At network steps SIGTERM too (phase `term`): what was begun must be finished then, and nothing doubled at all.

A first run of each story writes down all its passages (`failpoints.py`); then each point is lived: killed there, started
again, lived to the end, stopped, and judged by the checker. A point is `STORY/NAME#NUMBER:PHASE`; two of them joined by
`+` are a double kill, the second in the next life.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tests.crash.failpoints import NETWORK_PHASES, STORE_PHASES, Point
from tests.crash.fast_clock import FastClock
from tests.crash.kill_stories import ALICE, STORIES, Story, find_story, invite, remember, settle
from tests.crash.machines.report import Report, is_enough, repeat
from tests.crash.stage import open_stage
from tests.crash.zygote import open_zygote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.crash.machines.report import Size
    from tests.crash.stage import Stage
    from tests.crash.zygote import Zygote

MACHINE = "kill"
RATE = 8.0
SAMPLE = (
    "hunt/board.post.negotiations#1:in",
    "hunt/board.post.negotiations#2:term",
    "reply/telegram.getUpdates#2:after",
    "reply/store#6:after",
    "hunt/store#11:committed",
    "onboarding/store#12:in",
    "onboarding/telegram.sendMessage#2:in",
    "refresh/board.post.token#1:after",
    "reconcile/store#4:in",
    "recovery/store#6:before",
)
"""Chosen once, so that no story has to be counted first."""
FAULTS = 60
"""The sample included."""
DOUBLES = 2000
"""That were reached: a story may take another way after its first kill."""
SIDE_BY_SIDE = 4
RISING = {"store": 6, "telegram.getMe": 1, "telegram.setMyCommands": 2, "telegram.getUpdates": 1}
"""So many passages of each are part of every start."""
MOST_LIVES = 8


@dataclass
class Finding:
    """What came of one point."""

    point: str
    violations: list[str]
    is_reached: bool
    passages: list[Point] = field(default_factory=list)


class KillMachine:
    """Lives stories, each from a store that was prepared once."""

    def __init__(self, zygote: Zygote, clock: FastClock, folder: Path, seed: int) -> None:
        self._zygote = zygote
        self._clock = clock
        self._folder = folder
        self._seed = seed
        self._templates: dict[str, Path] = {}
        self._turn = trio.Lock()

    async def live(self, story: Story, points: Sequence[str], *, is_counted: bool = False) -> Finding:
        """The whole story, killed at these points one life after the other."""
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._folder))
        name = f"{story.name}/{'+'.join(points)}"
        template = await self._template(story)
        async with open_stage(
            self._zygote, folder, self._clock, self._seed, template=template, limit=story.limit
        ) as stage:
            invite(stage)
            if template is not None:
                remember(stage, story)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(story.act, stage)
                deaths = await self._live_all(stage, story, points, is_counted=is_counted)
                nursery.cancel_scope.cancel()
            violations = stage.judge()
            passages = read_tally(stage.tally) if is_counted else []
        shutil.rmtree(folder)
        return Finding(name, violations, deaths >= len(story.openings) + len(points), passages)

    async def _live_all(self, stage: Stage, story: Story, points: Sequence[str], *, is_counted: bool) -> int:
        """Life after life until one ends by SIGTERM with nothing left to do; how many were killed."""
        planned = [*story.openings, *points]
        for life in range(MOST_LIVES):
            point = planned[life] if life < len(planned) else None
            await stage.start(point, is_counted=is_counted and life == len(story.openings))
            is_over = await stage.live(partial(story.is_over, stage), seconds=story.seconds)
            if is_enough(stage.problems) or (is_over and await stage.stop() and stage.is_idle()):
                return stage.struck
            if life == 0:
                for text in story.between:
                    stage.world.people.send_text(ALICE, text)
        stage.problems.append(f"the daemon did not live to its end in {MOST_LIVES} lives")
        return stage.struck

    async def _template(self, story: Story) -> Path | None:
        """A folder with the store of somebody settled."""
        if story.wish is None:
            return None
        async with self._turn:
            if story.name not in self._templates:
                folder = self._folder / f"template-{story.name}"
                async with open_stage(self._zygote, folder, self._clock, self._seed) as stage:
                    invite(stage)
                    await settle(stage, story)
                self._templates[story.name] = folder
        return self._templates[story.name]


def read_tally(path: Path) -> list[Point]:
    """Every step that was passed in the life that was counted."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Point.parse(f"{line.split(' ', 1)[0]}:before") for line in lines]


def phases_of(name: str) -> tuple[str, ...]:
    """A write has a phase more than a request."""
    return STORE_PHASES if name == "store" else NETWORK_PHASES


def kind_of(point: str) -> str:
    """By what points are spread: story, service and phase."""
    story, _, rest = point.partition("/")
    parsed = Point.parse(rest)
    return f"{story} {parsed.name.partition('.')[0]} {parsed.phase}"


def spread(points: Iterable[str], count: int, seed: int) -> list[str]:
    """So many of them, in turn from every kind, each kind shuffled by the seed."""
    chance = random.Random(f"spread:{seed}")
    kinds: dict[str, list[str]] = defaultdict(list)
    for point in points:
        kinds[kind_of(point)].append(point)
    stacks = [kinds[kind] for kind in sorted(kinds)]
    for stack in stacks:
        chance.shuffle(stack)
    chance.shuffle(stacks)
    chosen: list[str] = []
    while len(chosen) < count and any(stacks):
        chosen += [stack.pop() for stack in stacks if stack][: count - len(chosen)]
    return chosen


def doubles_of(points: Sequence[str], seed: int) -> Iterator[str]:
    """Double kills without end: two points of one story, half of them with the second while the next life comes up."""
    chance = random.Random(f"doubles:{seed}")
    by_story: dict[str, list[str]] = defaultdict(list)
    for point in points:
        story, _, rest = point.partition("/")
        by_story[story].append(rest)
    rising = {story: [place for place in places if is_rising(place)] for story, places in by_story.items()}
    stories = sorted(by_story)
    while True:
        story = chance.choice(stories)
        seconds = chance.choice((rising[story], by_story[story]))
        yield f"{story}/{chance.choice(by_story[story])}+{chance.choice(seconds)}"


def is_rising(place: str) -> bool:
    """Whether every life passes here on its way up."""
    point = Point.parse(place)
    return point.number <= RISING.get(point.name, 0)


async def count_points(machine: KillMachine, stories: Iterable[Story]) -> tuple[list[str], list[Finding]]:
    """All points of these stories, and what was found when nobody was killed."""
    points, findings = [], []
    for story in stories:
        finding = await machine.live(story, [], is_counted=True)
        findings.append(finding)
        points += [
            f"{story.name}/{Point(passage.name, passage.number, phase)}"
            for passage in finding.passages
            for phase in phases_of(passage.name)
        ]
    return points, findings


@dataclass
class Work:
    """All points of one run of the machine, and what was found at them."""

    machine: KillMachine
    seed: int
    lived: int = 0
    unreached: int = 0
    violations: list[str] = field(default_factory=list)

    async def do(self, size: Size, only: str | None) -> None:
        """First the sample: it is what catches most broken builds. The rest needs its points counted."""
        await self._live_at([only] if only is not None else SAMPLE)
        if only is None and size != "sample" and not is_enough(self.violations):
            points, findings = await count_points(self.machine, STORIES)
            for finding in findings:
                self._note(finding)
            others = [point for point in points if point not in SAMPLE]
            is_full = size == "full"
            await self._live_at(others if is_full else spread(others, FAULTS - len(SAMPLE), self.seed))
            if is_full:
                await self._live_at(doubles_of(points, self.seed), until=self.lived + DOUBLES)
        if self.unreached:
            print(f"{MACHINE}: {self.unreached} points were not reached and are not counted", file=sys.stderr)

    async def _live_at(self, points: Iterable[str], until: float = inf) -> None:
        """A story waits most of its time: several side by side fill the cores. `until`: so many are enough."""
        left = takewhile(lambda _: self.lived < until, points)
        async with trio.open_nursery() as nursery:
            for _ in range(SIDE_BY_SIDE):
                nursery.start_soon(self._live_on, left)

    async def _live_on(self, left: Iterator[str]) -> None:
        for point in left:
            if is_enough(self.violations):
                return
            story, _, places = point.partition("/")
            finding = await self.machine.live(find_story(story), places.split("+") if places else [])
            self.lived += finding.is_reached
            self.unreached += not finding.is_reached
            self._note(finding)

    def _note(self, finding: Finding) -> None:
        again = repeat(MACHINE, self.seed, finding.point)
        for violation in finding.violations:
            self.violations.append(f"{finding.point}: {violation} | {again}")
            print(self.violations[-1], file=sys.stderr, flush=True)


async def work(size: Size, seed: int, only: str | None, folder: Path) -> Work:
    """Lives every point of this size."""
    async with open_zygote() as zygote:
        done = Work(KillMachine(zygote, FastClock.begin(RATE), folder, seed), seed)
        await done.do(size, only)
    return done


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """See `tests.crash.faults`."""
    began = time.monotonic()
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a SIGKILL loses nothing that a disk would keep
    with tempfile.TemporaryDirectory(prefix="aurora-kill-", dir=shared) as folder:
        clock = FastClock.begin(RATE).for_trio()
        done = trio.run(work, size, seed, only, Path(folder), clock=clock)
    return Report(MACHINE, done.lived, time.monotonic() - began, tuple(done.violations))
