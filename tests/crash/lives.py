"""One life of the daemon in the theatre: its steps, its line to the world, its store.

Used by `whole_daemon.py`. A step is a moment at which a machine may strike: before and after every write, before a
request leaves and when its answer is there.
"""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import trio

from daemon.sandbox.service import ConnectionCut, Request, Response, Service
from daemon.supervisor.shutdown import StopSwitch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from daemon.admin.operations import Operations
    from store.database import BackedUpDatabase, Row, Transaction
    from store.write import SqlValue, Write

TABLES = frozenset(
    [
        "leases",
        "checkpoints",
        "queue_items",
        "effects",
        "journals",
        "journal_entries",
        "timers",
        "cursors",
        "users",
        "consents",
        "data_keys",
        "profiles",
        "board_accounts",
        "oauth_states",
        "hunts",
        "vacancies",
        "quarantine",
        "cards",
        "audit",
        "usage",
    ]
)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Puts something else in the place of an attribute for the length of the block."""
    before = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


class Step:
    """The names of the moments at which a machine may strike: before and after every write, at every network step."""

    BEFORE_WRITE = "before write"
    AFTER_WRITE = "after write"
    BEFORE_SEND = "before send"
    BEFORE_ANSWER = "carried out"
    AFTER_ANSWER = "answered"


class Hooks:
    """What a machine does to a life; this one does nothing. All of it is called inside the task that takes the step."""

    def __init__(self) -> None:
        self.steps = 0
        self.trips: dict[str, list[Exception]] = {}
        """What the next reads with this in their SQL fail of."""

    async def step(self, life: Life, step: str, what: str) -> None:
        """A moment. May crash the life, sleep, or raise."""
        self.steps += 1

    def note_write(self, write: Write) -> None:
        """What this task is about to write."""

    async def read(self, life: Life, sql: str) -> None:
        """The rows of a SELECT are there; may raise."""

    def late_seconds(self, request: Request) -> float:
        """How long the server takes until it carries a request out."""
        return 0.0


class Line:
    """The network between one life and the world: steps before and after, and an end that comes with the life's."""

    def __init__(self, service: Service, life: Life, nursery: trio.Nursery) -> None:
        self._service = service
        self._life = life
        self._nursery = nursery

    async def handle(self, request: Request) -> Response:
        """Carries a request over. The server goes on with it when the client is gone."""
        what = f"{request.method} {request.path}"
        await self._step(Step.BEFORE_SEND, what)
        box = _Box()
        self._nursery.start_soon(self._serve, request, box)
        await box.done.wait()
        await self._step(Step.BEFORE_ANSWER, what)
        if isinstance(box.answer, ConnectionCut):
            raise box.answer
        assert box.answer is not None
        return box.answer

    async def _step(self, step: str, what: str) -> None:
        if not self._life.is_dead:
            await self._life.hooks.step(self._life, step, what)
        if self._life.is_dead:
            raise ConnectionCut

    async def _serve(self, request: Request, box: _Box) -> None:
        if late := self._life.hooks.late_seconds(request):
            await trio.sleep(late)
        try:
            box.answer = await self._service.handle(request)
        except ConnectionCut as cut:
            box.answer = cut
        box.done.set()


@dataclass(slots=True, eq=False)
class _Box:
    """Where the answer of a request is put for whoever still waits for it."""

    done: trio.Event = field(default_factory=trio.Event)
    answer: Response | ConnectionCut | None = None


class WatchedDatabase:
    """The database with a step before and after every write."""

    def __init__(self, database: BackedUpDatabase, life: Life) -> None:
        self._database = database
        self._life = life

    async def write(self, write: Write) -> None:
        what = _name_of(write)
        await self._step(Step.BEFORE_WRITE, what)
        self._life.hooks.note_write(write)
        await self._database.write(write)
        await self._step(Step.AFTER_WRITE, what)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        row = await self._database.fetch_one(sql, *parameters)
        await self._note_read(sql)
        return row

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        rows = await self._database.fetch_all(sql, *parameters)
        await self._note_read(sql)
        return rows

    async def _note_read(self, sql: str) -> None:
        if self._life.is_dead:
            return
        for part, errors in self._life.hooks.trips.items():
            if part in sql and errors:
                raise errors.pop()
        await self._life.hooks.read(self._life, sql)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        await self._step(Step.BEFORE_WRITE, "transaction")
        async with self._database.transaction() as transaction:
            yield transaction
        await self._step(Step.AFTER_WRITE, "transaction")

    async def _step(self, step: str, what: str) -> None:
        if not self._life.is_dead:
            await self._life.hooks.step(self._life, step, what)


def _name_of(write: Write) -> str:
    """The tables it touches."""
    words = (statement.sql.split() for statement in write.statements)
    return " ".join(dict.fromkeys(next(filter(TABLES.__contains__, line), "?") for line in words))


@dataclass(eq=False)
class Life:
    """One life of the daemon, from its start to its crash or stop."""

    number: int
    path: Path
    hooks: Hooks
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    switch: StopSwitch = field(default_factory=StopSwitch)
    ended: trio.Event = field(default_factory=trio.Event)
    crashed: trio.Event = field(default_factory=trio.Event)
    is_dead: bool = False
    """Killed: nothing it does has any effect any more."""
    failure: BaseException | None = None
    operations: Operations | None = None
    """What an operator can do, once it is up."""


class LogBook:
    """Every line that any life logged, with the life's number; errors of living daemons are violations."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []

    def __call__(self, _logger: Any, method: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        self.lines.append({**event, "level": method})
        raise structlog.DropEvent


def copy_database(source: Path, target: Path) -> None:
    """The file and its log, as the disk has them: what SQLite would find after a power cut of this moment.

    Nothing where a life ended before it had made a file.
    """
    if not source.exists():
        return
    shutil.copyfile(source, target)
    log = Path(f"{source}-wal")
    if log.exists():
        shutil.copyfile(log, f"{target}-wal")
