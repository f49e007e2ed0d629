"""PostgreSQL behind the `Database` protocol: one writer with group commit, a few readers, one listener.

`open_postgres(url)` is called by the factory only. Several processes may use one database at once; which of them acts
for whom is decided by leases (`store/durable/ownership.py`), not here.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import structlog
import trio

from store.embedded.group_commit import GroupCommit
from store.errors import StoreError, StoreUnavailable
from store.postgresql.address import parse_address
from store.postgresql.announcements import Announcements, make_announcer
from store.postgresql.batch import BatchRunner
from store.postgresql.connection import open_connection
from store.postgresql.link import Link
from store.postgresql.readers import Readers
from store.postgresql.task_worker import TaskWorker
from store.wakeups import Topics

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from store.database import Row, Transaction, Wakeups
    from store.postgresql.address import Address
    from store.postgresql.connection import Connection
    from store.write import SqlValue, Write

log = structlog.get_logger(__name__)

_CLOSE_SECONDS = 3.0
_DOUBT_SECONDS = 30.0
"""With the deadline of an exchange it stays below the watchdog's idea of a hang."""
_IN_TRANSACTION_SECONDS = 300.0
"""For a statement of a migration, which may have to rewrite a table."""
_LOCK_SCHEMA = "SELECT pg_advisory_xact_lock(4926302)"
_PATIENCE = "SET LOCAL lock_timeout = '120s'"


@asynccontextmanager
async def open_postgres(
    url: str,
    *,
    polled: Iterable[str] = (),
    close_seconds: float = _CLOSE_SECONDS,
    doubt_seconds: float = _DOUBT_SECONDS,
) -> AsyncIterator[PostgresDatabase]:
    """The database at `postgresql://…`. Raises `StoreUnavailable`, or `StoreError` for one that is of no use.

    Listeners of topics that begin with one of `polled` are told to look again every few seconds. Everything handed in
    is on disk at the end, unless the database does not answer for `close_seconds`.
    """
    database = PostgresDatabase(parse_address(url), polled, doubt_seconds)
    await database.open()
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        work = trio.CancelScope(shield=True)
        nursery.start_soon(database.run, work)
        try:
            yield database
        except BaseException as error:  # noqa: BLE001 - raised again below, out of reach of the nursery's groups
            failure = error
        finally:
            with trio.move_on_after(close_seconds, shield=True) as scope:
                await database.close()
            if scope.cancelled_caught:
                log.error("store_not_closed", database=str(database.link.address), seconds=close_seconds)
            work.cancel()
            database.drop()
    if failure is not None:
        raise failure


async def reach_postgres(url: str) -> None:
    """Returns when the server has let us in. Raises as `open_postgres` does."""
    connection = await open_connection(parse_address(url))
    connection.drop()


class PostgresDatabase:
    """See `Database`."""

    def __init__(self, address: Address, polled: Iterable[str], doubt_seconds: float) -> None:
        self.link = Link(address, doubt_seconds=doubt_seconds, tell_doubt=self._refuse_waiting)
        self._caller = self.link.caller
        self._topics = Topics()
        self._readers = Readers(address)
        self._worker = TaskWorker()
        runner = BatchRunner(self.link, make_announcer(self._caller))
        self._commits = GroupCommit(self._worker, runner.run, self._topics.announce)
        self._announcements = Announcements(address, self._caller, self._topics, lambda: self.link.backend, polled)

    async def open(self) -> None:
        """Connects. Raises `StoreUnavailable` or `StoreError`."""
        try:
            await self.link.connection()
            await self._announcements.open()
        except BaseException:
            self.drop()
            raise

    async def run(self, scope: trio.CancelScope) -> None:
        """Writes and listens until the scope is cancelled."""
        with scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._worker.run)
                nursery.start_soon(self._announcements.run)

    def _refuse_waiting(self, error: StoreError) -> None:
        self._commits.refuse_waiting(error)

    async def write(self, write: Write) -> None:
        """See `Database.write`."""
        if self.link.doubt is not None:
            raise type(self.link.doubt)(str(self.link.doubt))
        await self._commits.write(write)

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None."""
        rows = await self.fetch_all(sql, *parameters)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows."""
        return await self._readers.fetch_all(self._caller.call(sql, *parameters))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """See `Database.transaction`. A cancelled block is rolled back, or its connection given up, in seconds."""
        async with self._commits.hold():
            # Behind the batch that is on its way; afterwards the writer's connection is ours.
            await self._commits.call(trio.lowlevel.checkpoint)
            connection = await self.link.open_transaction()
            try:
                yield PostgresTransaction(self.link, connection)
                connection.check(await connection.run([self.link.number_next()]))
                await self.link.commit(connection)
            finally:
                await self.link.roll_back(connection)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[Wakeups]:
        """See `Database.listen`."""
        with self._topics.listen(topic) as wakeups:
            yield wakeups

    async def backup(self, path: str | os.PathLike[str]) -> NoReturn:
        """From outside of this connection only: see `transfer.back_up_server`."""
        await trio.lowlevel.checkpoint()
        raise StoreError(f"no backup to {path}: a store on a server is backed up by `aurora backup FILE`")

    async def close(self) -> None:
        """Everything handed in is on disk; then the connections close."""
        await self._commits.close()
        await self._commits.call(self.link.close)
        self._readers.close()

    def drop(self) -> None:
        """Closes all sockets at once."""
        self._commits.refuse_waiting(StoreUnavailable("the store is closed"))
        self.link.drop()
        self._announcements.drop()
        self._readers.close()


class PostgresTransaction:
    """See `Transaction`."""

    def __init__(self, link: Link, connection: Connection) -> None:
        self._link = link
        self._connection = connection

    async def execute(self, sql: str, *parameters: SqlValue) -> int:
        """Rows touched."""
        touched, _ = await self._run(sql, parameters)
        return touched

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None."""
        _, rows = await self._run(sql, parameters)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows."""
        _, rows = await self._run(sql, parameters)
        return rows

    async def lock_schema(self) -> None:
        """See `Transaction.lock_schema`."""
        await self.execute(_PATIENCE)
        await self.execute(_LOCK_SCHEMA)

    async def _run(self, sql: str, parameters: tuple[SqlValue, ...]) -> tuple[int, list[Row]]:
        call = self._link.caller.call(sql, *parameters)
        results = await self._connection.run([call], seconds=_IN_TRANSACTION_SECONDS)
        (result,) = self._connection.check(results)
        return result.command_tuples or 0, self._connection.rows_of(result)
