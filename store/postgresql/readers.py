"""Reads, on a few connections of their own that the writer never waits for.

A connection that stood idle while the server restarted is found dead by the next read; a read does no harm twice, so it
is run again on a new one before anybody hears of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from store.errors import StoreError, StoreUnavailable
from store.postgresql.connection import Connection, open_connection
from store.postgresql.failures import ConnectionLost, Unanswered

if TYPE_CHECKING:
    from store.database import Row
    from store.postgresql.address import Address
    from store.postgresql.connection import Call

_CONNECTIONS = 4
_READ_SECONDS = 30.0
_PAUSE_SECONDS = 0.5
"""Between two tries to connect while the database is away; reads in between fail at once."""


class Readers:
    """Answers SELECTs."""

    def __init__(self, address: Address, *, connections: int = _CONNECTIONS) -> None:
        self._address = address
        self._turns = trio.Semaphore(connections)
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._error: StoreError | None = None
        self._next_try = 0.0
        self._is_closed = False

    async def fetch_all(self, call: Call) -> list[Row]:
        """All rows. Raises `StoreUnavailable` or what the server's refusal means."""
        async with self._turns:
            connection = await self._take()
            try:
                return await self._read(connection, call)
            except Unanswered:
                raise
            except ConnectionLost:
                self._drop_idle()
            return await self._read(await self._take(), call)

    async def _read(self, connection: Connection, call: Call) -> list[Row]:
        self._busy.add(connection)
        try:
            (result,) = connection.check(await connection.run([call], seconds=_READ_SECONDS))
            return connection.rows_of(result)
        finally:
            self._busy.discard(connection)
            if connection.is_open:
                self._idle.append(connection)

    async def _take(self) -> Connection:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        if self._error is not None and trio.current_time() < self._next_try:
            raise type(self._error)(str(self._error))
        try:
            connection = await open_connection(self._address, is_reader=True)
        except StoreError as error:
            self._error, self._next_try = error, trio.current_time() + _PAUSE_SECONDS
            raise
        self._error = None
        return connection

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().drop()

    def close(self) -> None:
        """Closes all connections; who still reads is told that it is gone."""
        self._is_closed = True
        self._drop_idle()
        for connection in list(self._busy):
            connection.drop()
