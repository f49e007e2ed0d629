"""A scene: a real daemon process, a real world behind proxies, and a newcomer who has a few applications made.

What the machines with a process of their own have in common. Each decides what befalls the daemon meanwhile; the story
must come to its end by itself, and the checker must be content with it.
"""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import psycopg
import trio

from daemon.clock import SystemClock
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.daemon_process import DaemonDied, DaemonProcess, free_port
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import MODEL_KEY, open_world
from tests.crash.checker import check
from tests.crash.flaky_proxy import open_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from daemon.sandbox.world import World
    from tests.crash.flaky_proxy import FlakyProxy

SERVICES = ("telegram", "board", "model")
DATABASE = "database"
ARGUMENTS = ("-m", "tests.crash.hasty_daemon")
APPLICATIONS = 4
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
PATIENCE_SECONDS = 180.0
QUIET_SECONDS = 1.5
NEXT_LIFE_SECONDS = 30.0
LOUD = ("message", "edit", "application_made", "application_refused", "update")
OPEN = """
    SELECT (SELECT count(*) FROM effects WHERE state IN ('planned', 'sending', 'ambiguous'))
         + (SELECT count(*) FROM queue_items WHERE state = 'waiting')
"""


@dataclass
class Scene:
    """Who is on it."""

    world: World
    daemon: DaemonProcess
    person: ScriptedPerson
    proxies: dict[str, FlakyProxy]
    accounts: dict[int, str]
    folder: Path
    door: str
    """Address of the daemon's own HTTP door."""
    store: Path | str
    """A file, or the URL of a database."""
    problems: list[str] = field(default_factory=list)

    async def play(self, meanwhile: Callable[[], Awaitable[None]], *, is_started: bool = False) -> None:
        """The story, with what happens `meanwhile`, to the daemon's stop. What went wrong is in `problems`."""
        try:
            with trio.move_on_after(PATIENCE_SECONDS) as life:
                if not is_started:
                    await self.daemon.start()
                await self._live(meanwhile)
        except* DaemonDied as group:
            self.problems += [str(error) for error in group.exceptions]
        if life.cancelled_caught:
            made = self.world.log.count("application_made")
            self.problems.append(f"not over after {PATIENCE_SECONDS:g} s, {made} applications")
        if code := await self.daemon.stop():
            self.problems.append(f"SIGTERM was answered with exit code {code}")
        if not life.cancelled_caught and not self.problems and not str(self.store).startswith("/proc"):
            await self._finish_next_time()

    async def _finish_next_time(self) -> None:
        """A status card that changed in the instant of the stop is shown by the next life."""
        if await trio.to_thread.run_sync(count_open, self.store):
            await self.daemon.start()
            with trio.move_on_after(NEXT_LIFE_SECONDS):
                await self._wait_for_quiet()
            await self.daemon.stop()

    async def _live(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.daemon.watch)
            nursery.start_soon(self.person.live)
            await meanwhile()
            await self.until("application_made", APPLICATIONS)
            await self._wait_for_quiet()
            nursery.cancel_scope.cancel()

    async def until(self, kind: str, count: int) -> None:
        """Waits for so many acts of a kind."""
        while self.world.log.count(kind) < count:
            await self.world.log.wait_beyond(self.world.log.last)

    async def _wait_for_quiet(self) -> None:
        """Nothing is said for a while, and every application and message is settled."""
        log = self.world.log
        number, quiet_since = log.last, trio.current_time()
        while True:
            with trio.move_on_at(quiet_since + QUIET_SECONDS):
                await log.wait_beyond(number)
            is_open = await trio.to_thread.run_sync(count_open, self.store)
            if is_open or any(act.kind in LOUD for act in log.since(number)):
                quiet_since = trio.current_time()
            elif trio.current_time() >= quiet_since + QUIET_SECONDS:
                return
            number = log.last

    async def ask_ready(self) -> tuple[int, dict[str, str]]:
        """What `/readyz` answers: the status and each check's word."""
        async with httpx2.AsyncClient(timeout=10, trust_env=False) as http:
            answer = await http.get(f"{self.door}/readyz")
        return answer.status_code, answer.json()["checks"]

    def check(self) -> list[str]:
        """What went wrong, and what the checker finds in the world's log and the store."""
        # A message whose answer was lost on the way may be said twice, as over a crash: nobody can ask Telegram.
        return self.problems + check(
            self.world.log.acts(),
            self.store,
            accounts=self.accounts,
            crashes=self.proxies["telegram"].struck,
            daily_limit=APPLICATIONS,
            secrets=(self.world.telegram.state.token, MODEL_KEY, self.world.hh.state.rules.client_secret),
            outputs=(self.folder / "daemon.log",),
        )


def count_open(store: Path | str) -> int:
    """Applications and messages under way. A store in another's mounts is copied first: SQLite would resolve its path."""
    if isinstance(store, str):
        with psycopg.connect(store, autocommit=True) as server:
            return int(server.execute(OPEN).fetchone()[0])  # type: ignore[index] # a count is one row
    if store.is_relative_to("/proc"):
        with tempfile.TemporaryDirectory() as folder:
            for path in store.parent.glob(f"{store.name}*"):
                shutil.copy(path, folder)
            return count_open(Path(folder) / store.name)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)) as connection:
        return int(connection.execute(OPEN).fetchone()[0])


@asynccontextmanager
async def open_scene(
    folder: Path,
    seed: int,
    *,
    arguments: tuple[str, ...] = ARGUMENTS,
    store: Path | str | None = None,
    settings: Mapping[str, str] | None = None,
    database: Path | None = None,
) -> AsyncIterator[Scene]:
    """Nobody is moving yet. `database`: the socket of the server of `store`, which the daemon reaches by a proxy then."""
    rules = Rules(visible_after_seconds=0.5)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(SystemClock(), seed, rules=rules))
        world_port = await stack.enter_async_context(serve_on_loopback(world.service))
        browser_client = await stack.enter_async_context(httpx2.AsyncClient(timeout=10, trust_env=False))
        proxies, ports = {}, {}
        for service in SERVICES:
            note = partial(note_strike, world, service)
            proxies[service], ports[service] = await stack.enter_async_context(open_proxy(world_port, note))
        if database is not None:
            note = partial(note_strike, world, DATABASE)
            proxies[DATABASE], ports[DATABASE] = await stack.enter_async_context(open_proxy(database, note))
            settings = {**(settings or {}), "AURORA_STORE__URL": by_proxy(str(store), ports[DATABASE])}
        door = f"127.0.0.1:{free_port()}"
        # The person's browser goes straight to the board: their network is not what fails here.
        world.settle_at(f"http://127.0.0.1:{world_port}")
        rules.redirect_uri = f"http://{door}/oauth/hh/callback"
        outside = dict(settings_of(world, world_port, ports))
        daemon = DaemonProcess(
            {**PACE, **outside, "AURORA_WEB__LISTEN": door, **(settings or {})}, folder, arguments=arguments
        )
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
        accounts = {somebody.user_id: known.person_id}
        path = store or folder / "aurora.db"
        try:
            yield Scene(world, daemon, person, proxies, accounts, folder, f"http://{door}", path)
        finally:
            await daemon.end()


def by_proxy(url: str, port: int) -> str:
    """The same database, by TCP."""
    schema = re.search(r"search_path%3D(\w+)", url)
    assert schema is not None, url
    return f"postgresql://aurora@127.0.0.1:{port}/aurora?sslmode=disable&options=-csearch_path%3D{schema[1]}"


def note_strike(world: World, service: str, fault: str) -> None:
    """Into the world's log: a strike is an outside act too."""
    world.log.note("fault", what=fault, service=service)


def settings_of(world: World, world_port: int, ports: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The world's settings, with each service behind its proxy."""
    services = {"AURORA_TELEGRAM__API_URL": "telegram", "AURORA_HH__API_URL": "board", "AURORA_LLM__BASE_URL": "model"}
    for name, value in world.settings(f"http://127.0.0.1:{world_port}").items():
        port = ports[services[name]] if name in services else world_port
        yield name, value.replace(f":{world_port}/", f":{port}/")
