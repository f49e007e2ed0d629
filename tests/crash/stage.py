"""Stage: one world, one store and one daemon over several lives, for one run of a fault machine.

Daemons are forked by a zygote and live on a fast clock, as the world does. Between two lives the store is copied into
the run's history; at the end the checker reads the history, the store, the world's log and everything that was written.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import httpx2
import trio

from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.judge import Witness, judge
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.story import applied_words
from daemon.sandbox.world import MODEL_KEY, World, open_world
from tests.crash.broken import VARIABLE
from tests.crash.checker import Evidence, check, cursor_follows_inbox
from tests.crash.failpoints import POINT, TALLY, TOLD, Point, name_of
from tests.crash.store_image import read_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from daemon.sandbox.people import Person
    from daemon.sandbox.service import Request, Response
    from tests.crash.fast_clock import FastClock
    from tests.crash.store_image import StoreImage
    from tests.crash.zygote import Child, Zygote

GRACE_SECONDS = 8.0
LATE_SECONDS = 1.0
LATEST_SECONDS = 11.0
SLOW_SECONDS = 4.0
"""Half of what `launcher.py` makes of the last second of an application."""
APPLY = "board.post.negotiations"
VISIBLE_AFTER_SECONDS = 0.5
MISTAKES = ("AttributeError", "TypeError", "KeyError", "ValueError", "AssertionError", "RuntimeError", "Conflict")
MISFITS = ("AttributeError", "TypeError", "NameError", "ImportError")
LOOK_SECONDS = 0.3
STOP_SECONDS = 150.0
_IDLE = """
    SELECT (SELECT count(*) FROM queue_items WHERE state = 'waiting')
         + (SELECT count(*) FROM effects WHERE state IN ('planned', 'sending', 'ambiguous'))
"""


@cache
def _words_of_applied() -> tuple[str, ...]:
    """The catalogues are read once a process, not once a point."""
    return applied_words()


class Lateness:
    """The world, slow at the very request at which the daemon's life ends. A `Service`.

    Killed there: an application is carried out when the next life is up already; the latest moment is well within the
    grace, which begins five seconds after the sending at the latest. Stopped there: the answer comes when the stop has
    reached whoever waits for it, and still in time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._point: Point | None = None
        self._passages = 0

    def expect(self, point: Point | None) -> None:
        """A new life begins, which ends there."""
        self._point, self._passages = point, 0

    async def handle(self, request: Request) -> Response:
        point = self._point
        if point is None or not point.name.startswith("board.") or name_of(request.method, request.path) != point.name:
            return await self._world.service.handle(request)
        self._passages += 1
        is_here = self._passages == point.number
        if is_here and point.phase == "in" and point.name == APPLY:
            await self._wait_for_next_life()
        answer = await self._world.service.handle(request)
        if is_here and point.phase == "term":
            await trio.sleep(SLOW_SECONDS)
        return answer

    async def _wait_for_next_life(self) -> None:
        updates = self._world.telegram.state.updates
        polls = updates.polls
        with trio.move_on_after(LATEST_SECONDS):
            while updates.polls == polls:  # noqa: ASYNC110 - a counter of another process's doing
                await trio.sleep(LOOK_SECONDS)
            await trio.sleep(LATE_SECONDS)


@dataclass
class Stage:
    """Everything of one run."""

    world: World
    zygote: Zygote
    folder: Path
    settings: Mapping[str, str]
    lateness: Lateness
    browser: Browser
    people: dict[int, Person] = field(default_factory=dict)
    """By chat."""
    limit: int = 2
    history: list[StoreImage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    child: Child | None = None
    crashes: int = 0
    stops: int = 0
    """Lives that ended by a SIGTERM in the middle of something."""
    missed: int = 0
    """Lives that were to stop at a point and did not come there."""
    _polls: int = 0
    _is_to_stop: bool = False

    @property
    def store(self) -> Path:
        """Where the daemon keeps what must survive."""
        return self.folder / "aurora.db"

    @property
    def output(self) -> Path:
        """Everything it has said."""
        return self.folder / "daemon.log"

    @property
    def tally(self) -> Path:
        """Passages of the life that was counted."""
        return self.folder / "tally"

    @property
    def told(self) -> Path:
        """There once a life has told itself to stop."""
        return self.folder / "told"

    async def start(self, point: str | None = None, *, is_counted: bool = False) -> None:
        """A new life, which ends at this point if it comes there."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AURORA_")},
            **self.settings,
            "STATE_DIRECTORY": str(self.folder),
            "RUNTIME_DIRECTORY": str(self.folder),
            TOLD: str(self.told),
        }
        environment |= {POINT: point} if point is not None else {}
        environment |= {TALLY: str(self.tally)} if is_counted else {}
        planned = Point.parse(point) if point is not None else None
        self.lateness.expect(planned)
        self._is_to_stop = planned is not None and planned.phase == "term"
        self.told.unlink(missing_ok=True)
        self._polls = self.world.telegram.state.updates.polls
        self.child = await self.zygote.fork(environment, self.output)

    async def live(self, is_over: Callable[[], bool], *, seconds: float) -> bool:
        """Until the story is over (True) or the daemon has died at its point (False)."""
        assert self.child is not None
        with trio.move_on_after(seconds):
            while self.child.code is None:
                if self._is_up() and is_over() and self.is_idle():
                    return True
                with trio.move_on_after(LOOK_SECONDS):
                    await self.child.wait()
        if self.child.code is None:
            self.problems.append(f"the story was not over after {seconds:g} s: {self._open_ends()}")
            return True
        self._bury(self.child.code)
        return False

    async def stop(self) -> bool:
        """SIGTERM. False: it died at its point on the way down."""
        assert self.child is not None
        if not self._is_to_stop:
            self.child.signal(signal.SIGTERM)
        elif not self.told.exists():
            # It may tell itself any moment, and two SIGTERMs end it at once: its point was not reached.
            self.missed += 1
            self.child.signal(signal.SIGKILL)
        with trio.move_on_after(STOP_SECONDS):
            code = await self.child.wait()
            if code == -signal.SIGKILL or (code == 0 and self._is_to_stop):
                self._bury(code)
                return False
            if code:
                self.problems.append(f"SIGTERM was answered with exit code {code}: {self.tail()}")
            return True
        self.problems.append("SIGTERM was not answered")
        self.child.signal(signal.SIGKILL)
        await self.child.wait()
        return True

    def _bury(self, code: int) -> None:
        if code == 0 and self._is_to_stop:
            self.stops += 1
            self.world.log.note("daemon_stopped", life=self.crashes + self.stops)
            self.history.append(read_store(self.store, at_act=self.world.log.last))
            self.problems += finishes_what_it_began(self.history[-1], self.history[-2:-1])
            return
        if code != -signal.SIGKILL:
            self.problems.append(f"the daemon ended by itself with exit code {code}: {self.tail()}")
        self.crashes += 1
        self.world.log.note("daemon_killed", life=self.crashes)
        image = read_store(self.store, at_act=self.world.log.last)
        self.history.append(image)
        # What is lost already need not be waited for.
        self.problems += cursor_follows_inbox(Evidence(acts=tuple(self.world.log.acts()), store=image))

    def _is_up(self) -> bool:
        """It has asked for updates: whoever stops it earlier meets no handler of signals."""
        return self.world.telegram.state.updates.polls > self._polls

    @property
    def struck(self) -> int:
        """Lives that ended at their points."""
        return self.crashes + self.stops - self.missed

    def is_idle(self) -> bool:
        """Nothing waits at Telegram, in inbox and outbox, and nothing in the ledger is without an end."""
        return not self.world.telegram.state.updates.pending and self._ask(_IDLE) == 0

    def _ask(self, question: str) -> int | None:
        try:
            with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=1)) as connection:
                return int(connection.execute(question).fetchone()[0])
        except sqlite3.OperationalError:
            return None  # not there yet

    def _open_ends(self) -> str:
        image = read_store(self.store)
        items = [f"{row['queue']}:{row['key']}" for row in image.rows("queue_items", state="waiting")]
        effects = [f"{row['key']} {row['state']}" for row in image.rows("effects")]
        return f"waiting {items}, effects {effects}, {self.world.log.count('application_made')} applications"

    def tail(self) -> str:
        """The end of what the daemon said."""
        return self.output.read_text(encoding="utf-8", errors="replace")[-1500:] if self.output.exists() else ""

    def judge(self) -> list[str]:
        """What is wrong with this run."""
        accounts = {chat: person.person_id for chat, person in self.people.items()}
        found = check(
            self.world.log.acts(),
            self.store,
            accounts=accounts,
            crashes=self.crashes,
            history=self.history,
            daily_limit=self.limit,
            secrets=self.secrets(),
            outputs=[self.output],
        )
        verdict = judge(tuple(self.world.log.acts()), Witness(accounts, _words_of_applied()), crashes=self.crashes)
        return list(dict.fromkeys([*found, *verdict.problems, *self.mistakes(), *self.problems]))

    def mistakes(self) -> list[str]:
        """See `mistakes_in`. A broken build that does not even run proves nothing about the machine."""
        found = mistakes_in(self.output)
        misfits = [mistake for mistake in found if any(name in mistake for name in MISFITS)]
        if misfits and os.environ.get(VARIABLE):
            raise RuntimeError(f"the broken build does not fit the product any more: {misfits}")
        return found

    def secrets(self) -> list[str]:
        """What must not be found in anything that was written."""
        tokens = self.world.hh.state.tokens
        grants = [*tokens._grants.values()]
        given = [token for grant in grants for token in (grant.access_token, grant.refresh_token) if token]
        keys = [path.read_text(encoding="ascii").strip() for path in self.folder.glob("*.key")]
        rules = self.world.hh.state.rules
        return [self.world.telegram.state.token, rules.client_secret, MODEL_KEY, *tokens._codes, *given, *keys]


def mistakes_in(output: Path) -> list[str]:
    """Errors the daemon has logged, and children that failed by a mistake of ours: no kill excuses them."""
    lines = output.read_bytes().splitlines() if output.exists() else []
    # A line that was being written at the kill is cut.
    records = [json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]
    found = [record for record in records if record["level"] in {"error", "critical"}]
    found += [record for record in records if str(record.get("fingerprint")).startswith(MISTAKES)]
    return [f"the daemon's log: {record['event']} {record.get('fingerprint', '')}" for record in found]


def finishes_what_it_began(image: StoreImage, before: Sequence[StoreImage] = ()) -> list[str]:
    """After a stop by SIGTERM in a world that answers at once: no answer was thrown away.

    `before`: the store as an earlier kill left it. What was on its way then is that kill's, not the stop's.
    """
    begun = {(row["key"], row["sending_at"]) for one in before for row in one.rows("effects", state="sending")}
    asked = {row["user_id"] for one in before for row in one.rows("board_accounts") if row["refresh_began_at"]}
    thrown = [
        row["key"] for row in image.rows("effects", state="sending") if (row["key"], row["sending_at"]) not in begun
    ]
    lost = (row["user_id"] for row in image.rows("board_accounts", state="lost"))
    thrown += [f"login of {user_id}" for user_id in lost if user_id not in asked]
    return [f"thrown away by a stop: the answer about {what}" for what in thrown]


@asynccontextmanager
async def open_stage(
    zygote: Zygote, folder: Path, clock: FastClock, seed: int, *, template: Path | None = None, limit: int = 2
) -> AsyncIterator[Stage]:
    """A world and nobody in it yet; the daemon has not been started. `template`: a folder with a store to begin with."""
    _lay_out(folder, template)
    rules = Rules(visible_after_seconds=VISIBLE_AFTER_SECONDS, requests_per_second=50)
    async with (
        open_world(clock, seed, rules=rules) as world,
        httpx2.AsyncClient(timeout=100, trust_env=False, verify=False) as client,
    ):
        lateness = Lateness(world)
        async with serve_on_loopback(lateness) as world_port:
            base_url, port = f"http://127.0.0.1:{world_port}", quiet_port()
            world.settle_at(base_url)
            rules.redirect_uri = f"http://127.0.0.1:{port}/oauth/hh/callback"
            settings = {
                **world.settings(base_url),
                **clock.for_children(),
                "AURORA_SUPERVISOR__SLOWEST_START_SECONDS": "0",
                "AURORA_SUPERVISOR__HANG_SECONDS": "0",  # on a fast clock a busy machine looks like a hang
                "AURORA_WEB__LISTEN": f"127.0.0.1:{port}",
                "AURORA_AUTOPILOT__INTERVAL_SECONDS": "20",
                "AURORA_AUTOPILOT__PAUSE_SECONDS": "0.2",
                "AURORA_AUTOPILOT__GRACE_SECONDS": str(GRACE_SECONDS),
                "AURORA_AUTOPILOT__DAILY_LIMIT": str(limit),
            }
            stage = Stage(world, zygote, folder, settings, lateness, Browser(fetch_with(client)), limit=limit)
            try:
                yield stage
            finally:
                if stage.child is not None and stage.child.code is None:
                    stage.child.signal(signal.SIGKILL)
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + 100):
                        await stage.child.wait()


def quiet_port() -> int:
    """A loopback port that no connection is given by chance while the daemon is down between two lives."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _lay_out(folder: Path, template: Path | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if template is not None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
