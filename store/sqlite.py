"""SQLite behind the `Database` protocol: WAL, full synchronisation, one writer with group commit, readers apart.

`open_sqlite(path)` is called by the factory only. With `inline=True` the same class runs its SQL in the loop, so that
tests can use Trio's mock clock, which can't see a thread. A store in memory is always inline: it has one connection.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import trio

from store.embedded.batch import BatchRunner
from store.embedded.connection import MEMORY, check_file, connect, explain_error, prepare_file
from store.embedded.copying import copy_database
from store.embedded.file_lock import lock_file
from store.embedded.group_commit import GroupCommit
from store.embedded.placeholders import make_translator
from store.embedded.reads import Reads, bind
from store.embedded.worker import LoopWorker, ThreadWorker
from store.wakeups import Topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from store.database import Row, Transaction, Wakeups
    from store.embedded.placeholders import Translated
    from store.write import SqlValue, Write

log = structlog.get_logger(__name__)

_ROLL_BACK_SECONDS = 5.0


@asynccontextmanager
async def open_sqlite(path: str, *, inline: bool = False, close_seconds: float = 10.0) -> AsyncIterator[SqliteDatabase]:
    """The database at `path` (`:memory:` for none), to this process alone.

    Raises `StoreInUse`, `StoreCorrupt` or `StoreUnavailable`. All writes handed in are on disk at the end; a disk that
    does not answer is waited for `close_seconds`, then left as it is: the process must end.
    """
    with ExitStack() as stack:
        if path != MEMORY:
            path = prepare_file(path)
            stack.enter_context(lock_file(path))
        connection = stack.enter_context(closing(connect(path)))
        check_file(connection, path)
        database = SqliteDatabase(path, connection, inline=inline or path == MEMORY)
        try:
            yield database
        finally:
            with trio.move_on_after(close_seconds, shield=True) as scope:
                await database.close()
            if scope.cancelled_caught:
                log.error("store_not_closed", path=path, seconds=close_seconds)
                database.leave(stack.pop_all())


class SqliteDatabase:
    """See `Database`."""

    def __init__(self, path: str, connection: sqlite3.Connection, *, inline: bool) -> None:
        self._path = path
        self._connection = connection
        self._translate = make_translator()
        self._topics = Topics()
        self._is_inline = inline
        self._worker = LoopWorker() if inline else ThreadWorker(f"store {Path(path).name}")
        self._reads = None if path == MEMORY else Reads(path, self._translate, inline=inline)
        self._runner = BatchRunner(connection, self._translate, path)
        self._commits = GroupCommit(self._worker, self._runner.run, self._topics.announce)

    def write(self, write: Write) -> Coroutine[Any, Any, None]:
        """See `Database.write`. Not `async` itself: a coroutine less on every write."""
        return self._commits.write(write)

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None."""
        rows = await self.fetch_all(sql, *parameters)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows."""
        if self._reads is not None:
            return await self._reads.fetch_all(sql, parameters)
        await trio.lowlevel.checkpoint()
        return _run(self._connection, self._path, *bind(self._translate, sql, parameters)).fetchall()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """See `Database.transaction`. A cancelled block is rolled back before the next write runs."""
        async with self._commits.hold():
            transaction = SqliteTransaction(self._connection, self._translate, self._commits, self._path)
            try:
                await transaction.begin()
                yield transaction
                await transaction.end("COMMIT")
            except BaseException:
                with trio.move_on_after(_ROLL_BACK_SECONDS, shield=True):
                    await transaction.end("ROLLBACK")
                raise

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[Wakeups]:
        """See `Database.listen`. One process uses an embedded store, so its own announcements are all there are."""
        with self._topics.listen(topic) as wakeups:
            yield wakeups

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """Copies a consistent state to `path`, which appears complete or not at all. Writers go on meanwhile."""
        if self._is_inline:
            await trio.lowlevel.checkpoint()
            copy_database(self._connection, os.fspath(path), look=lambda: None)
            return
        await trio.to_thread.run_sync(self._copy_apart, os.fspath(path))

    def _copy_apart(self, target: str) -> None:
        with closing(connect(self._path, is_reader=True)) as source:
            copy_database(source, target, look=trio.from_thread.check_cancelled)

    async def close(self) -> None:
        """Everything handed in is on disk; then the connections close."""
        await self._commits.close()
        await self._commits.call(self._runner.close)
        await self._worker.close()
        if self._reads is not None:
            self._reads.close()

    def leave(self, resources: ExitStack) -> None:
        """The writer is stuck in the disk: what it uses, the lock included, stays until the process ends."""
        self._worker.keep(resources)


class SqliteTransaction:
    """See `Transaction`."""

    def __init__(
        self, connection: sqlite3.Connection, translate: Callable[[str], Translated], commits: GroupCommit, path: str
    ) -> None:
        self._connection = connection
        self._translate = translate
        self._commits = commits
        self._path = path

    async def begin(self) -> None:
        """Takes SQLite's write lock."""
        await self._run("BEGIN IMMEDIATE", ())

    async def end(self, verb: str) -> None:
        """COMMIT or ROLLBACK; the latter also when SQLite has rolled back by itself."""

        def finish() -> None:
            if verb == "COMMIT" or self._connection.in_transaction:
                try:
                    self._connection.execute(verb)
                except sqlite3.Error as error:
                    raise explain_error(error, self._path) from error

        await self._commits.call(finish)

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
        """See `Transaction.lock_schema`. `BEGIN IMMEDIATE` has done it."""
        await trio.lowlevel.checkpoint()

    async def _run(self, sql: str, parameters: tuple[SqlValue, ...]) -> tuple[int, list[Row]]:
        translated, bound = bind(self._translate, sql, parameters)

        def run() -> tuple[int, list[Row]]:
            cursor = _run(self._connection, self._path, translated, bound)
            rows = cursor.fetchall()
            return cursor.rowcount, rows

        result: tuple[int, list[Row]] = await self._commits.call(run)
        return result


def _run(connection: sqlite3.Connection, path: str, translated: Translated, bound: tuple[Any, ...]) -> sqlite3.Cursor:
    try:
        return connection.execute(translated.sql, bound)
    except sqlite3.Error as error:
        raise explain_error(error, path) from error
