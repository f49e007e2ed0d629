"""Wakes listeners of other processes: NOTIFY with the topics of a batch, LISTEN on a connection of its own.

A notification is a hint and may be lost with its connection, so everybody looks everywhere after that connection was
made anew, and those who look after shared work (`polled`) every few seconds besides. PostgreSQL takes 8,000 bytes at a
time, and tells a connection what it said itself; in this process listeners were woken already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import StoreError
from store.postgresql.connection import open_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from store.postgresql.address import Address
    from store.postgresql.connection import Call, Caller, Connection
    from store.wakeups import Topics

log = structlog.get_logger(__name__)

_LISTEN = "LISTEN aurora"
_NOTIFY = "SELECT pg_notify('aurora', $1)"
_LARGEST_PAYLOAD = 7_900
_LOOK_AGAIN_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0
_PROBE_SECONDS = 5.0


def pack(topics: Iterable[str]) -> Iterator[str]:
    """Payloads that carry these topics, each once. One that is too long loses its hint: look everywhere."""
    line: list[str] = []
    size = 0
    for topic in dict.fromkeys(topics):
        length = len(topic.encode()) + 1
        if length > _LARGEST_PAYLOAD:
            yield topic.partition("#")[0]
            continue
        if size + length > _LARGEST_PAYLOAD:
            yield "\n".join(line)
            line, size = [], 0
        line.append(topic)
        size += length
    if line:
        yield "\n".join(line)


def make_announcer(caller: Caller) -> Callable[[Iterable[str]], list[Call]]:
    """Makes the calls that tell other processes about topics."""
    return lambda topics: [caller.call(_NOTIFY, payload) for payload in pack(topics)]


class Announcements:
    """Hears what other processes write, for the listeners of this one."""

    def __init__(
        self,
        address: Address,
        caller: Caller,
        topics: Topics,
        own_backend: Callable[[], int | None],
        polled: Iterable[str],
        *,
        look_again_seconds: float = _LOOK_AGAIN_SECONDS,
    ) -> None:
        self._address = address
        self._topics = topics
        self._own_backend = own_backend
        self._polled = tuple(polled)
        self._look_again_seconds = look_again_seconds
        self._listen = caller.call(_LISTEN)
        self._probe = caller.call("SELECT 1")
        self._connection: Connection | None = None

    async def open(self) -> None:
        """From now on nothing is missed. Raises `StoreUnavailable` or `StoreError`."""
        connection = await open_connection(self._address)
        try:
            connection.check(await connection.run([self._listen], seconds=_PROBE_SECONDS))
        except BaseException:
            connection.drop()
            raise
        self._connection = connection

    async def run(self) -> None:
        """Hears until cancelled. While the database is away it tries again and again."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                if self._connection is None:
                    await self.open()
                    self._topics.announce_everywhere()
                    log.info("listening_again", database=str(self._address))
                pause = _FIRST_PAUSE_SECONDS
                await self._hear()
            except StoreError as error:
                if self._connection is not None:
                    log.info("not_listening", reason=str(error))
                self.drop()
                await trio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _hear(self) -> None:
        connection = self._connection
        if connection is None:
            return
        while True:
            told = []
            with trio.move_on_after(self._look_again_seconds):
                told = await connection.wait_for_announcements()
            for one in told:
                if one.backend != self._own_backend():
                    self._topics.announce(one.payload.split("\n"))
            if not told:
                self._topics.announce_everywhere(self._polled)
                connection.check(await connection.run([self._probe], seconds=_PROBE_SECONDS))

    def drop(self) -> None:
        """Closes the socket at once."""
        if self._connection is not None:
            self._connection.drop()
            self._connection = None
