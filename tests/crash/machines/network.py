"""Network: every way in which a connection fails, to each service outside, at three moments of a newcomer's story.

A real daemon process, a real world behind proxies (`flaky_proxy.py`), and one person who gets acquainted and has a few
applications made. Points are `FAULT:SERVICE:MOMENT:STRIKES`: from that moment on the next so many exchanges with that
service are struck. Whatever is struck, the story must come to its end by itself, and the checker must be content.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import trio

from daemon.clock import SystemClock
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.daemon_process import DaemonDied, DaemonProcess, free_port
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import MODEL_KEY, open_world
from tests.crash.checker import check
from tests.crash.flaky_proxy import FAULTS, open_proxy
from tests.crash.machines.report import Report, is_enough, repeat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from daemon.sandbox.world import World
    from tests.crash.flaky_proxy import FlakyProxy
    from tests.crash.machines.report import Size

NAME = "network"
SERVICES = ("telegram", "board", "model")
MOMENTS = {"first_contact": ("", 0), "onboarding": ("message", 2), "hunt": ("application_made", 2)}
"""Which act of the world's log marks them, and how many of it."""
STRIKES = (1, 3)
AIMED = {("board", "hunt"): b"POST /hh/negotiations", ("telegram", "onboarding"): b"/sendMessage"}
"""A single strike hits this kind of request, the one whose loss matters most; three hit whatever comes."""
SAMPLE = ("reset_after:board:hunt:1", "half_answer:telegram:onboarding:3", "black_hole:model:first_contact:1")
FAULTS_POINTS = 24
SIDE_BY_SIDE = 4
APPLICATIONS = 4
PATIENCE_SECONDS = 180.0
QUIET_SECONDS = 1.5
OPEN = """
    SELECT (SELECT count(*) FROM effects WHERE state IN ('planned', 'sending', 'ambiguous'))
         + (SELECT count(*) FROM queue_items WHERE state = 'waiting')
"""
LOUD = ("message", "edit", "application_made", "application_refused", "update")
ARGUMENTS = ("-m", "tests.crash.hasty_daemon")
PACE = {
    "AURORA_AUTOPILOT__INTERVAL_SECONDS": "2",
    "AURORA_AUTOPILOT__PAUSE_SECONDS": "0.2",
    "AURORA_AUTOPILOT__GRACE_SECONDS": "4",
    "AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS),
    "AURORA_LLM__TIMEOUT_SECONDS": "2",
    "AURORA_TELEGRAM__POLL_SECONDS": "2",
}
"""The grace passes the longest time a request of the hasty daemon can be under way."""
LOGIN = "m.sokolova@example.com"


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """The cells of this size, several at a time: they mostly wait."""
    began = time.monotonic()
    points = choose_points(size, seed) if only is None else [only]
    violations: list[str] = []
    done = trio.run(partial(try_points, points, seed, violations))
    return Report(NAME, done, time.monotonic() - began, tuple(violations))


def choose_points(size: Size, seed: int) -> Sequence[str]:
    """All cells, or each fault at each service at some moment."""
    if size == "sample":
        return SAMPLE
    cells = [f"{fault}:{service}:{moment}" for fault in FAULTS for service in SERVICES for moment in MOMENTS]
    if size == "full":
        return [f"{cell}:{strikes}" for strikes in STRIKES for cell in cells]
    chance = random.Random(f"{NAME}:{seed}")
    chance.shuffle(cells)
    one_each = {cell.rpartition(":")[0]: cell for cell in cells}
    others = [cell for cell in cells if cell not in one_each.values()]
    chosen = [*one_each.values(), *others][:FAULTS_POINTS]
    return [f"{cell}:{STRIKES[number % 2]}" for number, cell in enumerate(sorted(chosen))]


async def try_points(points: Sequence[str], seed: int, violations: list[str]) -> int:
    """How many were tried."""
    limiter = trio.CapacityLimiter(SIDE_BY_SIDE)
    done = 0

    async def try_one(point: str) -> None:
        nonlocal done
        async with limiter:
            if is_enough(violations):
                return
            found = await Cell(point, seed).play()
            done += 1
            violations.extend(f"{point}: {what}; {repeat(NAME, seed, point)}" for what in found)

    async with trio.open_nursery() as nursery:
        for point in points:
            nursery.start_soon(try_one, point)
    return done


@dataclass
class Scene:
    """Everything a cell is played with."""

    world: World
    daemon: DaemonProcess
    person: ScriptedPerson
    proxies: dict[str, FlakyProxy]
    accounts: dict[int, str]
    folder: Path


class Cell:
    """One point."""

    def __init__(self, point: str, seed: int) -> None:
        fault, self._service, self._moment, strikes = point.split(":")
        self._fault = next(known for known in FAULTS if known == fault)
        self._strikes = int(strikes)
        self._seed = seed

    async def play(self) -> list[str]:
        """What went wrong."""
        with tempfile.TemporaryDirectory(prefix="aurora-network-") as folder:
            async with open_scene(Path(folder), self._seed) as scene:
                return [*await self._play(scene), *self._check(scene)]

    async def _play(self, scene: Scene) -> list[str]:
        problems: list[str] = []
        try:
            with trio.move_on_after(PATIENCE_SECONDS) as life:
                await self._live(scene)
        except* DaemonDied as group:
            problems += [str(error) for error in group.exceptions]
        if life.cancelled_caught:
            made = scene.world.log.count("application_made")
            problems.append(f"not over after {PATIENCE_SECONDS:g} s, {made} applications")
        if not scene.proxies[self._service].struck:
            problems.append("the fault never struck")
        if code := await scene.daemon.stop():
            problems.append(f"SIGTERM was answered with exit code {code}")
        return problems

    async def _live(self, scene: Scene) -> None:
        async with trio.open_nursery() as nursery:
            kind, count = MOMENTS[self._moment]
            if not kind:
                self._strike(scene)
            await scene.daemon.start()
            nursery.start_soon(scene.daemon.watch)
            nursery.start_soon(scene.person.live)
            if kind:
                await until(scene.world, kind, count)
                self._strike(scene)
            await until(scene.world, "application_made", APPLICATIONS)
            await wait_for_quiet(scene.world, scene.folder / "aurora.db")
            nursery.cancel_scope.cancel()

    def _strike(self, scene: Scene) -> None:
        only = AIMED.get((self._service, self._moment), b"") if self._strikes == 1 else b""
        scene.proxies[self._service].arm(self._fault, self._strikes, only)

    def _check(self, scene: Scene) -> list[str]:
        # A message whose answer was lost on the way may be said twice, as over a crash: nobody can ask Telegram.
        return check(
            scene.world.log.acts(),
            scene.folder / "aurora.db",
            accounts=scene.accounts,
            crashes=scene.proxies["telegram"].struck,
            daily_limit=APPLICATIONS,
            secrets=(scene.world.telegram.state.token, MODEL_KEY, scene.world.hh.state.rules.client_secret),
            outputs=(scene.folder / "daemon.log",),
        )


async def until(world: World, kind: str, count: int) -> None:
    """Waits for so many acts of a kind."""
    while world.log.count(kind) < count:
        await world.log.wait_beyond(world.log.last)


async def wait_for_quiet(world: World, store: Path) -> None:
    """Every application is settled, and nothing is said for a while."""
    while count_open(store):  # noqa: ASYNC110 - another process settles them
        await trio.sleep(0.2)
    number, quiet_since = world.log.last, trio.current_time()
    while trio.current_time() < quiet_since + QUIET_SECONDS:
        with trio.move_on_at(quiet_since + QUIET_SECONDS):
            await world.log.wait_beyond(number)
        if any(act.kind in LOUD for act in world.log.since(number)):
            quiet_since = trio.current_time()
        number = world.log.last


def count_open(store: Path) -> int:
    """Applications and messages under way."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)) as connection:
        return int(connection.execute(OPEN).fetchone()[0])


@asynccontextmanager
async def open_scene(folder: Path, seed: int) -> AsyncIterator[Scene]:
    """World, proxies, person and daemon, none of them moving yet."""
    rules = Rules(visible_after_seconds=0.5)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(SystemClock(), seed, rules=rules))
        world_port = await stack.enter_async_context(serve_on_loopback(world.service))
        browser_client = await stack.enter_async_context(httpx2.AsyncClient(timeout=10, trust_env=False))
        proxies, ports = {}, {}
        for service in SERVICES:
            note = partial(note_strike, world, service)
            proxies[service], ports[service] = await stack.enter_async_context(open_proxy(world_port, note))
        port = free_port()
        # The person's browser goes straight to the board: their network is not what fails here.
        world.settle_at(f"http://127.0.0.1:{world_port}")
        rules.redirect_uri = f"http://127.0.0.1:{port}/oauth/hh/callback"
        settings = {**PACE, **dict(settings_of(world, world_port, ports)), "AURORA_WEB__LISTEN": f"127.0.0.1:{port}"}
        daemon = DaemonProcess(settings, folder, arguments=ARGUMENTS)
        known = world.hh.state.person_by_login(LOGIN)
        assert known is not None
        somebody = world.people.add(known.first_name)
        person = ScriptedPerson(
            somebody.user_id,
            world.people,
            world.log,
            Browser(fetch_with(browser_client)),
            manners=Manners(LOGIN, says=((1, "/status"),)),
            random_source=random.Random(seed),
        )
        try:
            yield Scene(world, daemon, person, proxies, {somebody.user_id: known.person_id}, folder)
        finally:
            await daemon.end()


def note_strike(world: World, service: str, fault: str) -> None:
    """Into the world's log: a strike is an outside act too."""
    world.log.note("fault", what=fault, service=service)


def settings_of(world: World, world_port: int, ports: dict[str, int]) -> Iterator[tuple[str, str]]:
    """The world's settings, with each service behind its proxy."""
    services = {"AURORA_TELEGRAM__API_URL": "telegram", "AURORA_HH__API_URL": "board", "AURORA_LLM__BASE_URL": "model"}
    for name, value in world.settings(f"http://127.0.0.1:{world_port}").items():
        port = ports[services[name]] if name in services else world_port
        yield name, value.replace(f":{world_port}/", f":{port}/")
