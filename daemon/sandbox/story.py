"""`aurora demo`: the newcomer's story. World, person and judge are here; the daemon is a child that is struck.

A person presses the first button all the way through, logs in at the board, and the autopilot applies until its day's
limit. On the way the child is stopped once and killed twice at moments the seed chooses. At the end the judge reads
the world's log. The child gets public settings by its environment and nothing else: it can't tell this world from the
real one.
"""

from __future__ import annotations

import logging
import random
import signal
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import orjson
import structlog
import trio

from daemon.clock import SECOND, SystemClock
from daemon.i18n.translate import Texts
from daemon.outbox.message import Text
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.daemon_process import RUN_DAEMON, DaemonDied, DaemonProcess, free_port
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.judge import Verdict, Witness, judge
from daemon.sandbox.narrator import Narrator
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.plot import Moment, Plot, make_plot
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.status_card import make_status_reader
from daemon.sandbox.telegram_text import parse_html
from daemon.sandbox.world import World, open_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

log = structlog.get_logger(__name__)

GRACE_SECONDS = 3.0
PACE = {
    "AURORA_AUTOPILOT__INTERVAL_SECONDS": "6",
    "AURORA_AUTOPILOT__PAUSE_SECONDS": "0.3",
    "AURORA_AUTOPILOT__GRACE_SECONDS": str(GRACE_SECONDS),
}
VISIBLE_AFTER_SECONDS = 1.0
"""The board shows a fresh application in its lists only after this: asking too early finds nothing."""
LIFE_SECONDS = 180.0
"""A story that is not over by then is judged as it stands."""
QUIET_SECONDS = 1.5
LOUD = ("message", "edit", "application_made", "application_refused", "update", "model_asked")
SLOW_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The last line of the demo."""

    applied: int
    duplicates: int
    lost: int
    restarts: int
    seconds: float

    def as_line(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()


class Story:
    """One newcomer's story with one daemon."""

    def __init__(self, world: World, daemon: DaemonProcess, person: ScriptedPerson, plot: Plot) -> None:
        self._world = world
        self._daemon = daemon
        self._person = person
        self._plot = plot
        self.crashes = 0
        self.exit_code = 0

    async def play(self) -> Verdict:
        """The whole story, to the daemon's last stop, and the verdict."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._person.live, name="person")
            with trio.move_on_after(LIFE_SECONDS) as life:
                await self._live_through()
            if life.cancelled_caught:
                log.warning("story_cut_short", applied=self._count("application"))
            nursery.cancel_scope.cancel()
        await self._stop()
        return self._judge(was_cut_short=life.cancelled_caught)

    async def _live_through(self) -> None:
        await self._start()
        for moment in self._plot.moments:
            await self._while_running(partial(self._wait_for, moment))
            await self._strike(moment)
        end = Moment("stop", "application", self._plot.applications)
        await self._while_running(partial(self._wait_for, end))
        await self._while_running(self._wait_for_quiet)
        self._world.people.send_text(self._person.user_id, "/status")
        await self._while_running(self._wait_for_quiet)

    async def _start(self) -> None:
        await self._daemon.start()
        self._world.log.note("daemon_started", life=self._daemon.starts)

    async def _strike(self, moment: Moment) -> None:
        """Stops or kills the daemon and starts it again."""
        if moment.blow == "stop":
            await self._stop()
        else:
            await self._daemon.kill()
            self.crashes += 1
            self._world.log.note("daemon_killed", moment=str(moment))
        self._world.faults.clear()
        await self._start()

    async def _stop(self) -> None:
        code = await self._daemon.stop()
        self._world.log.note("daemon_stopped", code=code)
        self.exit_code = self.exit_code or code

    async def _while_running(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Waits, unless the daemon dies of itself meanwhile."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._daemon.watch)
            await wait()
            nursery.cancel_scope.cancel()

    async def _wait_for(self, moment: Moment) -> None:
        if moment.is_in_flight:
            await self._wait_for_count(moment.kind, moment.count - 1)
            where = {"service": "hh", "method": "POST", "path": "/negotiations"}
            self._world.faults.add("slow_answer", **where, count=1, seconds=SLOW_ANSWER_SECONDS)
        await self._wait_for_count(moment.kind, moment.count)

    async def _wait_for_count(self, kind: str, count: int) -> None:
        while self._count(kind) < count:
            await self._world.log.wait_beyond(self._world.log.last)

    def _count(self, kind: str) -> int:
        log = self._world.log
        if kind == "application":
            return log.count("application_made")
        return sum(act.get("what") == "callback_query" for act in log.acts("update"))

    async def _wait_for_quiet(self) -> None:
        """Returns when nothing was said or applied for a while, the grace of an uncertain application included."""
        quiet_since = trio.current_time()
        number = self._world.log.last
        while trio.current_time() < quiet_since + QUIET_SECONDS:
            with trio.move_on_at(quiet_since + QUIET_SECONDS):
                await self._world.log.wait_beyond(number)
            if any(act.kind in LOUD for act in self._world.log.since(number)):
                quiet_since = trio.current_time()
            number = self._world.log.last

    @property
    def restarts(self) -> int:
        """How often the daemon was started again."""
        return self._daemon.starts - 1

    async def stay_up(self, narrator: Narrator, base_url: str) -> None:
        """The world and the daemon go on until SIGINT or SIGTERM, for whoever wants to play."""
        await self._start()
        narrator.say(f"The world stays up: {base_url}/   (Ctrl-C ends it)")
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _signal in signals:
                break
        await self._stop()

    def _judge(self, *, was_cut_short: bool) -> Verdict:
        vacancies = self._world.hh.state.vacancies
        witness = Witness(
            {self._person.user_id: self._plot.person.person_id},
            applied_words(),
            frozenset(name for name, vacancy in vacancies.items() if vacancy.is_suitable),
            make_status_reader(),
        )
        verdict = judge(tuple(self._world.log.acts()), witness, crashes=self.crashes)
        if self.exit_code:
            verdict.lose(f"the daemon answered SIGTERM with exit code {self.exit_code}")
        if was_cut_short:
            verdict.lose(f"the story was not over after {LIFE_SECONDS:g} s")
        return verdict


def applied_words() -> tuple[str, ...]:
    """By which words the bot says that an application was made, from its own catalogue."""
    texts = Texts.load()
    news = Text("autopilot.applied", {"title": "|", "employer": "|"})
    return tuple(parse_html(texts.render(news, language)).text.partition("|")[0].strip() for language in ("ru", "en"))


@asynccontextmanager
async def open_story(
    world: World, base_url: str, plot: Plot, folder: Path, seed: int, *, arguments: tuple[str, ...] = RUN_DAEMON
) -> AsyncIterator[Story]:
    """A story ready to be played: person, browser and daemon, none of them running yet."""
    port = free_port()
    rules = world.hh.state.rules
    rules.redirect_uri = f"http://127.0.0.1:{port}/oauth/hh/callback"
    settings = {
        **world.settings(base_url),
        **PACE,
        "AURORA_AUTOPILOT__DAILY_LIMIT": str(plot.applications),
        "AURORA_WEB__LISTEN": f"127.0.0.1:{port}",
    }
    daemon = DaemonProcess(settings, folder, arguments=arguments)
    chance = random.Random(f"person:{seed}")
    somebody = world.people.add(plot.person.first_name, last_name=plot.person.last_name, language=plot.language)
    says = ((chance.randint(2, 6), "/status"), (chance.randint(8, 14), "/help"))
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
        person = ScriptedPerson(
            somebody.user_id,
            world.people,
            world.log,
            Browser(fetch_with(client)),
            manners=Manners(plot.person.email, says=says),
            random_source=chance,
        )
        try:
            yield Story(world, daemon, person, plot)
        finally:
            await daemon.end()


def run_demo(seed: int, *, exit_after: bool) -> int:
    """`aurora demo`. 0 when nothing was doubled and nothing lost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="aurora-demo-") as folder:
        return trio.run(partial(_demo, seed, Path(folder), exit_after=exit_after))


async def _demo(seed: int, folder: Path, *, exit_after: bool) -> int:
    clock = SystemClock()
    rules = Rules(visible_after_seconds=VISIBLE_AFTER_SECONDS)
    is_clean = False
    async with (
        open_world(clock, seed, rules=rules) as world,
        serve_on_loopback(world.service) as port,
        trio.open_nursery() as nursery,
    ):
        base_url = f"http://127.0.0.1:{port}"
        world.settle_at(base_url)
        plot = make_plot(seed, world.hh.state)
        narrator = Narrator(world.hh.state, plot.applications)
        _introduce(narrator, plot, base_url)
        nursery.start_soon(narrator.follow, world.log, name="narrator")
        nursery.start_soon(_end_at_sigterm, nursery.cancel_scope, name="sigterm")
        async with open_story(world, base_url, plot, folder, seed) as story:
            is_clean = await _perform(story, narrator, clock)
            if not exit_after:
                await story.stay_up(narrator, base_url)
        nursery.cancel_scope.cancel()
    return 0 if is_clean else 1


async def _end_at_sigterm(scope: trio.CancelScope) -> None:
    """A demo that is told to end takes its daemon along."""
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _signal in signals:
            scope.cancel()


async def _perform(story: Story, narrator: Narrator, clock: SystemClock) -> bool:
    """Plays the story and prints its ledger; whether all is well."""
    began_at = clock.now()
    try:
        with narrator.on_stage():
            verdict = await story.play()
    except* DaemonDied as group:
        narrator.say("\n".join(str(error) for error in leaves_of(group)))
        verdict = Verdict(lost=1)
    seconds = round((clock.now() - began_at) / SECOND, 1)
    ledger = Ledger(verdict.applied, verdict.duplicates, verdict.lost, story.restarts, seconds)
    for problem in verdict.problems:
        narrator.say(problem)
    sys.stdout.write(ledger.as_line() + "\n")
    sys.stdout.flush()
    return verdict.is_clean and verdict.applied > 0


def leaves_of(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors of a group, however deep."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (leaves_of(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _introduce(narrator: Narrator, plot: Plot, base_url: str) -> None:
    person = plot.person
    narrator.say(f"{person.first_name} {person.last_name}, {person.resumes[0].title}, meets the bot.")
    narrator.say("The daemon will be struck: " + "; ".join(str(moment) for moment in plot.moments) + ".")
    narrator.say(f"Watch or join in: {base_url}/")
