"""The theatre: the whole daemon and the whole world in one process on a virtual clock, with kills that cost nothing.

What is real: `main.serve` with everything below it, the store in a file, the doubles, the people. What is not: the
network, which is a `Line` here, and the clock.

How a kill is made without a process: at the moment of the crash the store's file is copied with its log, as it is, and
the next life runs on the copy. The old life is cut off from the network and cancelled; whatever its cleanup writes goes
to a file that nobody will ever open again. So nothing after the crash has any effect, as after SIGKILL, and the kernel
need not be asked. What was on its way to a server goes on there: the servers answer in the world's nursery.
"""

from __future__ import annotations

import base64
import random
import threading
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import structlog
import trio

import daemon.dialogs.engine
import daemon.main
import daemon.sandbox.hh
import daemon.store_wait
from daemon.admin.event_hub import EventHub
from daemon.clock import TrioClock
from daemon.config import load_settings
from daemon.dialogs.fingerprint import _functions_of as functions_of
from daemon.dialogs.fingerprint import fingerprint_of
from daemon.doors import make_operations
from daemon.i18n.translate import Texts
from daemon.rooms import Outside
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.world import World, open_world
from store.factory import open_store
from store.store import Store
from tests.crash.lives import Hooks, Life, Line, LogBook, WatchedDatabase, copy_database, replaced
from tests.crash.store_image import read_store
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from types import CodeType

    from daemon.admin.operations import Operations
    from daemon.clock import Clock
    from daemon.doors import Doors
    from daemon.rooms import Rooms
    from daemon.supervisor.layers import Layers
    from daemon.web.probes import Probes
    from tests.crash.store_image import StoreImage

READ_TEXTS = Texts.load
WORLD = "127.0.0.1:1"
PUBLIC_URL = "http://127.0.0.1:2"
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
PACE = {
    "AURORA_AUTOPILOT__INTERVAL_SECONDS": "30",
    "AURORA_AUTOPILOT__PAUSE_SECONDS": "5",
    "AURORA_AUTOPILOT__GRACE_SECONDS": "12",
}
CORPORA = 3
"""So many different boards: making one takes as long as playing a story."""
UNWINDING_SECONDS = 60.0
FROZEN = "frozen.db"
"""The store as it was at the crash."""


class Theatre:
    """A world, its people, and one daemon after another in it. Made by `open_theatre`."""

    def __init__(
        self,
        world: World,
        nursery: trio.Nursery,
        folder: Path,
        *,
        clock: Clock,
        seed: int,
        log: LogBook,
        settings: Mapping[str, str],
    ) -> None:
        self.world = world
        self.folder = folder
        self.log = log
        self.daemon_clock = clock
        self.lives: list[Life] = []
        self.accounts: dict[int, str] = {}
        self.violations: list[str] = []
        limit = settings.get("AURORA_AUTOPILOT__DAILY_LIMIT")
        self.daily_limit = int(limit) if limit is not None else None
        """How many applications a day the settings allow; None: the checker does not count them."""
        self.opening: Path | None = None
        """A store that the first life finds; None: it finds none."""
        self.history: list[StoreImage] = []
        """The store at the end of each life."""
        self._threads, self._descriptors = threading.active_count(), count_descriptors()
        self._nursery = nursery
        self._seed = seed
        self._settings = settings

    # The people

    def enter(self, login: str, *, chance: random.Random, **manners: Any) -> ScriptedPerson:
        """Somebody starts to talk to the bot."""
        known = self.world.hh.state.person_by_login(login)
        assert known is not None
        language = "en" if known.resumes[0].locale == "EN" else "ru"
        somebody = self.world.people.add(known.first_name, language=language)
        person = ScriptedPerson(
            somebody.user_id,
            self.world.people,
            self.world.log,
            Browser(fetch_with(self.browse()), stop_before=PUBLIC_URL),
            manners=Manners(login, **manners),
            random_source=chance,
        )
        self.accounts[somebody.user_id] = known.person_id
        self._nursery.start_soon(person.live, name=f"person {somebody.user_id}")
        return person

    def browse(self) -> httpx2.AsyncClient:
        """The network as a person's browser has it."""
        return httpx2.AsyncClient(transport=WorldHttp({WORLD: self.world.service}), trust_env=False)

    # The daemon

    @property
    def life(self) -> Life:
        """The present one, or the last."""
        return self.lives[-1]

    @property
    def crashes(self) -> int:
        """How many lives were killed."""
        return sum(life.is_dead for life in self.lives)

    def start(self, hooks: Hooks | None = None) -> Life:
        """A new life on what the last one left on the disk."""
        number = len(self.lives) + 1
        path = self.folder / f"life-{number}" / "aurora.db"
        path.parent.mkdir()
        if self.lives:
            before = self.life
            assert before.is_dead or before.ended.is_set(), "two daemons on one store"
            frozen = before.path.parent / FROZEN
            if not frozen.exists():
                copy_database(before.path, frozen)
                self._remember(frozen)
            copy_database(frozen, path)
        elif self.opening is not None:
            copy_database(self.opening, path)
        life = Life(number, path, hooks or Hooks())
        self.lives.append(life)
        self.world.log.note("life_began", life=number)
        self._nursery.start_soon(self._live, life, name=f"daemon {number}")
        return life

    def crash(self) -> None:
        """SIGKILL, now. What its tasks do after this line has no effect."""
        life = self.life
        if life.is_dead or life.ended.is_set():
            return
        life.is_dead = True
        frozen = life.path.parent / FROZEN
        copy_database(life.path, frozen)
        self._remember(frozen)
        self.world.log.note("life_crashed", life=life.number)
        life.crashed.set()
        life.scope.cancel("killed")

    async def stop(self, *, within_seconds: float = 20.0) -> None:
        """A clean stop, as by SIGTERM; a late one is a violation."""
        life = self.life
        life.switch.ask("curtain")
        with trio.move_on_after(within_seconds) as scope:
            await life.ended.wait()
        if scope.cancelled_caught:
            self.violations.append(f"life {life.number} did not stop within {within_seconds:g} s")
            life.is_dead = True
            life.scope.cancel()

    async def unwind(self) -> None:
        """All lives are gone: a task of theirs that is still there after a minute ignores its cancellation."""
        for life in self.lives:
            with trio.move_on_after(UNWINDING_SECONDS) as scope:
                await life.ended.wait()
            if scope.cancelled_caught:
                self.violations.append(f"life {life.number} did not end: a shield without a deadline")

    def count_left(self) -> dict[str, int]:
        """What the lives have left behind, once all have ended."""
        daemons = [life for life in self.lives if not life.ended.is_set()]
        return {
            "daemons": len(daemons),
            "threads": threading.active_count() - self._threads,
            "descriptors": count_descriptors() - self._descriptors,
        }

    def _remember(self, frozen: Path) -> None:
        self.history.append(read_store(frozen, at_act=self.world.log.last))

    async def _live(self, life: Life) -> None:
        outside = Outside(
            clock=self.daemon_clock,
            random=random.Random(f"daemon:{self._seed}:{life.number}"),
            telegram=telegram_transport(Line(self.world.service, life, self._nursery)),
            http=WorldHttp({WORLD: Line(self.world.service, life, self._nursery)}),
            is_store_inline=True,
        )
        settings = {
            **self.world.settings(f"http://{WORLD}"),
            **PACE,
            "AURORA_STORE__URL": f"sqlite:///{life.path}",
            "AURORA_SECRET_KEY": KEY,
            "AURORA_WEB__LISTEN": "127.0.0.1:0",
            "AURORA_WEB__PUBLIC_URL": PUBLIC_URL,
            "AURORA_ADMIN__SOCKET": str(life.path.parent / "admin.sock"),
            "STATE_DIRECTORY": str(life.path.parent),
            **self._settings,
        }
        structlog.contextvars.bind_contextvars(life=life.number)
        try:
            with life.scope:
                await daemon.main.serve(load_settings(None, settings)[0], outside, life.switch, EventHub())
        except Exception as error:  # noqa: BLE001 - the edge of a life: what ends it is judged, not raised
            life.failure = error
            if not life.is_dead:
                self.violations.append(f"life {life.number} died of itself: {describe(error)}")
        finally:
            life.ended.set()


@asynccontextmanager
async def open_theatre(
    folder: Path,
    *,
    seed: int,
    clock: Clock | None = None,
    daemon_clock: Clock | None = None,
    rules: Rules | None = None,
    settings: Mapping[str, str] | None = None,
    is_shared: bool = False,
) -> AsyncIterator[Theatre]:
    """Curtain up; nobody has entered yet and no daemon runs. At the end everything is gone.

    `clock` is everybody's, unless the daemon has a clock of its own. `is_shared`: the daemon takes its store for one that
    other processes use too.
    """
    clock, log, logging_before = clock or TrioClock(), LogBook(), structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, log], cache_logger_on_first_use=False)
    try:
        async with (
            open_same_world(clock, seed, rules or make_rules()) as world,
            trio.open_nursery() as nursery,
        ):
            world.settle_at(f"http://{WORLD}")
            theatre = Theatre(
                world, nursery, folder, clock=daemon_clock or clock, seed=seed, log=log, settings=settings or {}
            )
            with wired(theatre, is_shared=is_shared):
                yield theatre
                await theatre.unwind()
            nursery.cancel_scope.cancel()
    finally:
        structlog.configure(**logging_before)
        structlog.contextvars.clear_contextvars()


@asynccontextmanager
async def open_same_world(clock: Clock, seed: int, rules: Rules) -> AsyncIterator[World]:
    """A world with one of a few boards."""
    with replaced(daemon.sandbox.hh, "build_corpus", lambda seed: build_corpus(seed % CORPORA)):
        async with open_world(clock, seed, rules=rules) as world:
            yield world


def make_rules(*, token_seconds: float = 90.0) -> Rules:
    """A board that shows applications late, renews logins often, and sends browsers back to where nobody listens."""
    back = f"{PUBLIC_URL}/oauth/hh/callback"
    return Rules(visible_after_seconds=1.0, access_token_seconds=token_seconds, redirect_uri=back)


@contextmanager
def wired(theatre: Theatre, *, is_shared: bool = False) -> Iterator[None]:
    """Puts the steps between `main` and the store. What a process does to itself is left out: there is only one."""

    @asynccontextmanager
    async def open_watched(url: str, **options: Any) -> AsyncIterator[Store]:
        life = next(life for life in theatre.lives if url.endswith(str(life.path)))
        async with open_store(url, **options) as store:
            yield Store(WatchedDatabase(store._database, life), is_shared=is_shared)

    def remember_operations(doors: Doors, rooms: Rooms, layers: Layers, probes: Probes, **rest: Any) -> Operations:
        operations = make_operations(doors, rooms, layers, probes, **rest)
        theatre.life.operations = operations
        return operations

    def exit_hard(stuck: tuple[str, ...]) -> None:
        theatre.violations.append(f"children ignored their cancellation: {', '.join(stuck)}")

    with ExitStack() as stack:
        stack.enter_context(replaced(daemon.store_wait, "open_store", open_watched))
        stack.enter_context(replaced(daemon.main, "make_operations", remember_operations))
        stack.enter_context(replaced(daemon.main, "exit_hard", exit_hard))
        stack.enter_context(replaced(daemon.main, "calm_collector", lambda: None))
        stack.enter_context(replaced(Texts, "load", staticmethod(load_texts)))
        stack.enter_context(replaced(daemon.dialogs.engine, "fingerprint_of", remember_fingerprint))
        yield


@dataclass(frozen=True)
class _Script:
    """A script known by its code: every life binds it anew."""

    code: CodeType
    script: Callable[..., Any] = field(compare=False)


@cache
def _fingerprint_of_code(known: _Script) -> str:
    return fingerprint_of(known.script)


@cache
def load_texts() -> Texts:
    """Read once for all lives: they are the same, and reading them is a third of a start."""
    return READ_TEXTS()


def remember_fingerprint(script: Callable[..., Any]) -> str:
    """Made once for all lives, as the scripts are the same."""
    return _fingerprint_of_code(_Script(next(functions_of(script)).__code__, script))


def count_descriptors() -> int:
    """Open files and sockets of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def describe(error: BaseException) -> str:
    """The leaves of a group, by name and words."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(describe(leaf) for leaf in error.exceptions)
    return f"{type(error).__name__}: {error}"
