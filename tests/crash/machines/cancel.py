"""The cancel machine: what runs is cancelled at its Nth checkpoint, for every N until N is never reached.

A window says whose checkpoints are counted, a blow what is cancelled there:

    own     the very call, as its own deadline would; only a handler has one
    child   the supervised child the task works for (a hunt, the lanes, the outbox, the poller); it is started again
    life    the whole daemon at once, without a drain; the next life opens the same file
    hush    the same, and its network answers no more: what is on its way is carried out, and nobody hears of it
    stop    the drain begins at this checkpoint, as by SIGTERM

A story takes a blow at every `STRIDE`th checkpoint of its window from its offset on, so that all offsets together try
every checkpoint. Where a window has no `hush` of its own, every other story's network falls silent with a `life` blow: a
shield without a deadline would then wait for ever. What the daemon does is judged as after a kill, except that a cancellation excuses no doubled message.
"""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from daemon.accounts.board_login import BoardLogin
from daemon.accounts.tokens import TokenKeeper
from daemon.autopilot import apply, autopilot
from daemon.dialogs.live import LiveDialogs
from daemon.inbox.intake import Intake
from daemon.inbox.lanes import Lanes
from daemon.outbox.delivery import Delivery
from tests.crash.checkpoints import Checkpoints, Children
from tests.crash.lives import Hooks, Step, WatchedDatabase, replaced
from tests.crash.machines.report import Report
from tests.crash.seeded import fast_folder, play
from tests.crash.spread import Tried, run_points
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import make_rules, open_theatre

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.lives import Life
    from tests.crash.machines.report import Size
    from tests.crash.whole_daemon import Theatre

NAME = "cancel"
BLOWS_PER_STORY = 4
STORIES: dict[Size, int] = {"sample": 6, "faults": 300, "full": 10_000}
PEOPLE: dict[Size, int] = {"sample": 1, "faults": 1, "full": 2}
"""So many different people and orders of tasks; one alone has some three thousand checkpoints in all its windows."""
EVERYTHING, AFTER_STOP = "everything", "stopping"
WINDOWS: dict[str, tuple[Any, str]] = {
    "handler": (Lanes, "_run_handler"),
    "dialog": (LiveDialogs, "_perform_and_go_on"),
    "hunt": (autopilot, "take_step"),
    "search": (autopilot, "search_board"),
    "reconcile": (autopilot, "ask_board"),
    "apply": (apply, "_send_and_settle"),
    "send": (Delivery, "send"),
    "intake": (Intake, "keep"),
    "write": (WatchedDatabase, "write"),
    "refresh": (TokenKeeper, "refresh"),
    "login": (BoardLogin, "finish"),
}
BLOWS = {
    "handler": ("own", "child", "life"),
    "dialog": ("life",),
    "login": ("life",),
    "apply": ("child", "life", "hush"),
    AFTER_STOP: ("life",),
    EVERYTHING: ("life", "stop"),
}
"""Others are struck by `child` and `life`."""
TOKEN_SECONDS = 8.0


@dataclass(frozen=True)
class Point:
    """One story."""

    window: str
    blow: str
    offset: int
    stride: int

    @classmethod
    def parse(cls, text: str) -> Point:
        """As `--only` names it."""
        window, blow, offset, stride = text.split(":")
        return cls(window, blow, int(offset), int(stride))

    def __str__(self) -> str:
        return f"{self.window}:{self.blow}:{self.offset}:{self.stride}"

    @property
    def falls_silent(self) -> bool:
        """Whether the network of a struck life answers no more."""
        has_own = "hush" in BLOWS.get(self.window, ())
        return self.blow == "hush" or (self.blow == "life" and self.offset % 2 == 1 and not has_own)

    @property
    def targets(self) -> frozenset[int]:
        """The checkpoints at which it strikes."""
        return frozenset(self.offset + number * self.stride for number in range(BLOWS_PER_STORY))


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All offsets of all windows, or as many of them as the size allows."""
    if only is not None:
        return run_points(NAME, [only], partial(try_point, seed=seed), seed=seed, size=size)
    reports = [
        run_points(NAME, choose_points(STORIES[size], one), partial(try_point, seed=one), seed=one, size=size)
        for one in range(seed, seed + PEOPLE[size])
    ]
    return Report(
        NAME,
        sum(report.points for report in reports),
        sum(report.seconds for report in reports),
        tuple(violation for report in reports for violation in report.violations),
    )


def kinds_of_blows() -> Iterator[tuple[str, str]]:
    """Every window with every blow that it takes."""
    for window in (*WINDOWS, AFTER_STOP, EVERYTHING):
        for blow in BLOWS.get(window, ("child", "life")):
            yield window, blow


def choose_points(count: int, seed: int) -> list[str]:
    """The stories that together try every checkpoint; at most so many, the same share of each window."""
    chance = random.Random(f"{NAME}:{seed}")
    lengths = {window: count_checkpoints(window, seed) for window in (*WINDOWS, AFTER_STOP, EVERYTHING)}
    stories: list[list[str]] = []
    for window, blow in kinds_of_blows():
        stride = max(lengths[window] // BLOWS_PER_STORY, 1)
        stories.append([str(Point(window, blow, offset, stride)) for offset in range(1, stride + 1)])
        chance.shuffle(stories[-1])
    # In turn, so that a small size has all windows and the few stories of a short one are all told.
    turns = [window[number] for number in range(max(map(len, stories))) for window in stories if number < len(window)]
    return turns[:count]


def count_checkpoints(window: str, seed: int) -> int:
    """How many a story has in which nothing is struck."""
    return _tell(Point(window, "none", 0, 0), seed)[0]


def try_point(text: str, *, seed: int) -> Tried:
    """One story, with its blows."""
    _, blows, violations = _tell(Point.parse(text), seed)
    return Tried(blows, violations)


def _tell(point: Point, seed: int) -> tuple[int, int, list[str]]:
    with tempfile.TemporaryDirectory(prefix="aurora-cancel-", dir=fast_folder()) as folder:
        result: tuple[int, int, list[str]] = play(tell_story, point, seed, Path(folder), seed=seed)
        return result


class Network(Hooks):
    """Falls silent for a life that was struck: on the way there, or (`hush`) only on the way back."""

    def __init__(self, point: Point) -> None:
        super().__init__()
        self._falls_silent = point.falls_silent
        self._carries_out = point.blow == "hush"
        self.is_struck = False

    async def step(self, life: Life, step: str, what: str) -> None:
        """A request passes its checkpoints on the way; that of a struck life waits for ever."""
        self.steps += 1
        if " /" not in what:
            return
        await trio.lowlevel.checkpoint()
        is_on_its_way = self._carries_out and step == Step.BEFORE_SEND
        if self.is_struck and self._falls_silent and not is_on_its_way:
            await trio.sleep_forever()


class Striker:
    """Deals the blows of one story, and starts the daemon again where one ended it."""

    def __init__(self, theatre: Theatre, point: Point) -> None:
        self._theatre = theatre
        self._point = point
        self._own: dict[trio.lowlevel.Task, trio.CancelScope] = {}
        self.children = Children()
        self.is_over = False
        self.network = Network(point)
        self.silenced = 0

    def strike(self, task: trio.lowlevel.Task) -> bool:
        """Cancels what the point says; False: there was nothing to cancel."""
        if self.is_over:
            return False
        life, scope = self._theatre.life, None
        if self._point.blow == "own":
            scope = self._own.get(task)
        elif self._point.blow == "child":
            child = self.children.owner_of(task)
            scope = child.scope if child is not None else None
        elif self._point.blow in {"life", "hush"}:
            scope = life.scope
            self.network.is_struck = True
            self.silenced += self._point.falls_silent
        elif self._point.blow == "stop":
            life.switch.ask("struck")
            return True
        if scope is None:
            return False
        self._theatre.world.log.note("struck", window=self._point.window, blow=self._point.blow)
        scope.cancel("struck")
        return True

    async def with_deadline(self, original: Any, *arguments: Any) -> Any:
        """The call in a scope of its own, as `fail_after` puts it."""
        task = trio.lowlevel.current_task()
        with trio.CancelScope() as self._own[task]:
            return await original(*arguments)
        raise trio.TooSlowError

    async def keep_alive(self) -> None:
        """One life after the other until the story is over."""
        while not self.is_over:
            self.network = Network(self._point)
            life = self._theatre.start(self.network)
            await life.ended.wait()


async def tell_story(point: Point, seed: int, folder: Path) -> tuple[int, int, list[str]]:
    """Checkpoints counted, blows dealt, and what was wrong in the end."""
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}
    rules = make_rules(token_seconds=TOKEN_SECONDS)
    async with open_theatre(folder, seed=seed, settings=settings, rules=rules) as theatre:
        striker = Striker(theatre, point)
        checkpoints = Checkpoints(theatre, point.targets, striker.strike)
        checkpoints.is_everywhere = point.window == EVERYTHING
        # One application's answer gets lost, so that the board is asked about one.
        theatre.world.faults.add("reset_after", service="hh", method="POST", path="/negotiations", count=1)
        enter_people(theatre, 1, random.Random(f"{NAME}:{seed}"))
        with ExitStack() as stack:
            stack.enter_context(striker.children.known())
            if point.window in WINDOWS:
                stack.enter_context(checkpoints.watching(*WINDOWS[point.window]))
            if point.blow == "own":
                owner, name = WINDOWS[point.window]
                original = getattr(owner, name)
                stack.enter_context(replaced(owner, name, _bounded(striker, original)))
            trio.lowlevel.add_instrument(checkpoints)
            try:
                await _live_through(theatre, striker, checkpoints, point)
            finally:
                trio.lowlevel.remove_instrument(checkpoints)
        found = judge_story(theatre, lost_answers=striker.silenced)
        return checkpoints.count, checkpoints.strikes, found + thrown_away(theatre, point)


def thrown_away(theatre: Theatre, point: Point) -> list[str]:
    """Applications that were cut off although the board would have answered at once."""
    if point.window != "apply" or point.falls_silent:
        return []
    return [
        f"life {line['life']} threw away the answer to an application"
        for line in theatre.log.lines
        if line.get("event") == "inherited"
    ]


def _bounded(striker: Striker, original: Any) -> Any:
    async def bounded(*arguments: Any) -> Any:
        return await striker.with_deadline(original, *arguments)

    return bounded


async def _live_through(theatre: Theatre, striker: Striker, checkpoints: Checkpoints, point: Point) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(striker.keep_alive, name="keeper")
        if point.window == AFTER_STOP:
            await trio.sleep(4 + point.offset % 29)
            for _ in range(BLOWS_PER_STORY):
                life = theatre.life
                checkpoints.is_everywhere = True
                life.switch.ask("the drain is struck")
                await life.ended.wait()
                checkpoints.is_everywhere = False
                await trio.sleep(7)
        await settle(theatre)
        striker.is_over = True
        await theatre.stop()
        nursery.cancel_scope.cancel()
    await theatre.unwind()
