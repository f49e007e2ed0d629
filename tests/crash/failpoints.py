"""Failpoints: every store write and every network step of a daemon, counted by name, at one of which it is killed.

Lives in the daemon's process (see `launcher.py`); the environment says which passage of which point is deadly:

    CRASH_POINT="store#17:in"   CRASH_TALLY=/path/to/a/file/that/gets/a/line/for/each/passage

    before      nothing of the step has happened
    in          a write: its SQL has run and COMMIT has not; a request: it has left and no answer was read
    committed   a write only: COMMIT is done and nobody was told
    after       the step is done and told; dies at the very next step, or a moment later if none comes
    term        a request only: as `in`, but it is told to stop (SIGTERM) and may finish what it began

Store writes are numbered through (`store#1` is the first transaction of this life), network steps by what they are
(`telegram.sendMessage#2`, `board.post.negotiations#1`).
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import trio

from telegram_client.http_transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from telegram_client.transport import Deadlines, HttpRequest, HttpResponse, HttpStream

POINT = "CRASH_POINT"
TALLY = "CRASH_TALLY"
TOLD = "CRASH_TOLD"
"""A file that is made right before the process tells itself to stop."""
STORE_PHASES = ("before", "in", "committed", "after")
NETWORK_PHASES = ("before", "in", "after", "term")
LAST_MOMENT_SECONDS = 0.03
_IDENTIFIER = re.compile(r"(?<=/)[0-9A-Za-z]*[0-9][0-9A-Za-z]*(?=/|$)")
_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM|TABLE)\s+([a-z_]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Point:
    """One moment: the `number`th passage of `name`, in a phase of it."""

    name: str
    number: int
    phase: str

    @classmethod
    def parse(cls, text: str) -> Point:
        """`NAME#NUMBER:PHASE`; raises `ValueError`."""
        place, _, phase = text.rpartition(":")
        name, _, number = place.rpartition("#")
        return cls(name, int(number), phase)

    def __str__(self) -> str:
        return f"{self.name}#{self.number}:{self.phase}"


def kill_oneself() -> None:
    """No handler, no clean-up, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def stop_oneself() -> None:
    """As systemd would."""
    Path(os.environ[TOLD]).touch()
    os.kill(os.getpid(), signal.SIGTERM)


class Failpoints:
    """Counts passages, and dies at the deadly one. Used from the loop and from the store's thread."""

    def __init__(
        self,
        deadly: Point | None,
        tally: Callable[[str], None] = lambda _: None,
        *,
        die: Callable[[], None] = kill_oneself,
        stop: Callable[[], None] = stop_oneself,
    ) -> None:
        self._deadly = deadly
        self._tally = tally
        self._die = die
        self._stop = stop
        self._passages: Counter[str] = Counter()
        self._is_doomed = False

    def enter(self, name: str) -> int:
        """Before a step. Its number."""
        if self._is_doomed:
            self._die()
        self._passages[name] += 1
        number = self._passages[name]
        self.reach(name, number, "before")
        return number

    def reach(self, name: str, number: int, phase: str) -> None:
        """A phase of a step has come."""
        if self.is_deadly(name, number, phase):
            self._die()
        if phase == "in" and self.is_deadly(name, number, "term"):
            self._stop()

    def leave(self, name: str, number: int, label: str = "") -> None:
        """After a step."""
        self._tally(f"{name}#{number} {label}")
        if self.is_deadly(name, number, "after"):
            self._is_doomed = True
            threading.Timer(LAST_MOMENT_SECONDS, self._die).start()

    def is_deadly(self, name: str, number: int, phase: str) -> bool:
        """Whether this is the moment."""
        return self._deadly == Point(name, number, phase)


def from_environment() -> Failpoints:
    """As this process was told."""
    text, path = os.environ.get(POINT), os.environ.get(TALLY)
    point = Point.parse(text) if text else None
    if not path:
        return Failpoints(point)
    tally = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return Failpoints(point, lambda line: os.write(tally, f"{line}\n".encode()) and None)


def watch_sqlite(points: Failpoints) -> None:
    """From now on every transaction of this process is a point. Readers begin none."""
    connect = sqlite3.connect

    class Transactions:
        number = 0
        tables: tuple[str, ...] = ()

    def run(sql: str, execute: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if sql.startswith("BEGIN"):
            Transactions.number, Transactions.tables = points.enter("store"), ()
        if sql != "COMMIT":
            if len(Transactions.tables) < 12 and (found := _TABLE.search(sql)):
                Transactions.tables += (found[1],)
            return execute(sql, *arguments)
        points.reach("store", Transactions.number, "in")
        result = execute(sql, *arguments)
        points.reach("store", Transactions.number, "committed")
        points.leave("store", Transactions.number, ",".join(dict.fromkeys(Transactions.tables)))
        return result

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *arguments: Any) -> Any:
            return run(sql, super().execute, arguments)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, *arguments: Any) -> Any:
            return self.cursor().execute(sql, *arguments)

    def connect_watched(*arguments: Any, **options: Any) -> Any:
        return connect(*arguments, **{"factory": Connection, **options})

    sqlite3.connect = connect_watched  # type: ignore[assignment] # a process that exists to be killed


_leaving: ContextVar[Callable[[], None] | None] = ContextVar("_leaving", default=None)
"""What happens as soon as the request of this task has left."""


def watch_sockets() -> None:
    """From now on a send in a task with `_leaving` set is that task's request leaving."""
    send_all = trio.SocketStream.send_all

    async def send_and_tell(self: trio.SocketStream, data: bytes | bytearray | memoryview) -> None:
        await send_all(self, data)
        told = _leaving.get()
        if told is not None:
            told()

    trio.SocketStream.send_all = send_and_tell  # type: ignore[method-assign] # as above


class KilledTransport:
    """The Bot API's transport with a point around each call."""

    def __init__(self, points: Failpoints, api_url: str) -> None:
        self._points = points
        self._inner = HttpTransport(api_url)

    async def send(self, request: HttpRequest, deadlines: Deadlines) -> HttpResponse:
        name = f"telegram.{request.path.rpartition('/')[2]}"
        number = self._points.enter(name)
        token = _leaving.set(lambda: self._points.reach(name, number, "in"))
        try:
            answer = await self._inner.send(request, deadlines)
        finally:
            _leaving.reset(token)
        self._points.leave(name, number)
        return answer

    def stream(self, request: HttpRequest, deadlines: Deadlines) -> AbstractAsyncContextManager[HttpStream]:
        return self._inner.stream(request, deadlines)

    async def aclose(self) -> None:
        await self._inner.aclose()


class KilledHttp(httpx2.AsyncBaseTransport):
    """Boards and models, with a point around each request."""

    def __init__(self, points: Failpoints) -> None:
        self._points = points
        self._inner = httpx2.AsyncHTTPTransport(verify=False)  # the simulated world speaks plain HTTP

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = name_of(request.method, request.url.path)
        number = self._points.enter(name)

        async def trace(event: str, _facts: Any) -> None:
            if event == "http11.send_request_body.complete":
                self._points.reach(name, number, "in")

        request.extensions = {**request.extensions, "trace": trace}
        answer = await self._inner.handle_async_request(request)
        return httpx2.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Answer(answer.stream, lambda: self._points.leave(name, number)),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Answer(httpx2.AsyncByteStream):
    """A body that tells when it was read to its end."""

    def __init__(self, inner: Any, tell: Callable[[], None]) -> None:
        self._inner = inner
        self._tell = tell

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk
        self._tell()

    async def aclose(self) -> None:
        await self._inner.aclose()


def name_of(method: str, path: str) -> str:
    """`board.get.vacancies.ID` for `GET /hh/vacancies/123`, `model` for whatever is asked of a model."""
    _, service, rest = (*path.split("/", 2), "")[:3]
    if service in {"gemini", "openai"}:
        return "model"
    return f"board.{method.lower()}{_IDENTIFIER.sub('ID', f'/{rest}').replace('/', '.')}"
