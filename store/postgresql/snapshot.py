"""A reader that sees the database as it was when it was opened, while others write: what a backup is made from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from store.postgresql.connection import Caller, open_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.database import Row
    from store.postgresql.address import Address
    from store.postgresql.connection import Connection
    from store.write import SqlValue

_PAGE_SECONDS = 60.0
_BE_PATIENT = "SELECT set_config('idle_in_transaction_session_timeout', '600s', false)"
"""The disk a backup goes to may be slow; nothing is locked meanwhile."""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Snapshot:
    """See `Reader`."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self._connection = connection
        self._caller = caller

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None."""
        rows = await self.fetch_all(sql, *parameters)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows."""
        call = self._caller.call(sql, *parameters)
        (result,) = self._connection.check(await self._connection.run([call], seconds=_PAGE_SECONDS))
        return self._connection.rows_of(result)


@asynccontextmanager
async def open_snapshot(address: Address) -> AsyncIterator[Snapshot]:
    """Raises `StoreUnavailable`."""
    caller = Caller()
    connection = await open_connection(address, is_reader=True)
    try:
        for sql in (_BE_PATIENT, _BEGIN):
            connection.check(await connection.run([caller.call(sql)]))
        yield Snapshot(connection, caller)
    finally:
        connection.drop()
