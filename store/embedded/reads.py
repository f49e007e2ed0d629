"""Reads, apart from the writer: small ones in the loop, heavy ones in threads.

A trip to a thread and back costs about 170 us, a read by key about 15. So every read starts in the loop under a budget
of SQLite's own instructions, about as long as the trip; what does not fit is broken off, run again in a thread, and its
SQL goes straight there for a while. A disk that hangs holds up the loop only if the pages asked for are not in memory.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import trio

from store.embedded.connection import connect, explain_error
from store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.database import Row
    from store.embedded.placeholders import Translated
    from store.write import SqlValue

_STEPS_PER_LOOK = 1_000
"""SQLite instructions between two looks at the budget: 25 to 65 us, more only where text is searched."""
_LOOKS_ALLOWED = 3
_THREADS = 2
_CALLS_IN_THREAD = 100
"""How often a SQL text that was too heavy goes straight to a thread before the loop tries it again."""


class _Budget:
    """Breaks a read off when it has had its instructions."""

    def __init__(self) -> None:
        self.looks_left = 0

    def look(self) -> int:
        self.looks_left -= 1
        return self.looks_left < 0


class Reads:
    """Answers SELECTs from connections of its own. `inline`: never in a thread, which a virtual clock can't see."""

    def __init__(self, path: str, translate: Callable[[str], Translated], *, inline: bool) -> None:
        self._path = path
        self._translate = translate
        self._budget = _Budget()
        self._in_loop = connect(path, is_reader=True)
        if not inline:
            self._in_loop.set_progress_handler(self._budget.look, _STEPS_PER_LOOK)
            self._in_loop.execute("PRAGMA busy_timeout = 0")
        self._spare: list[sqlite3.Connection] = []
        self._is_closed = False
        self._limiter = trio.CapacityLimiter(_THREADS)
        self._heavy: dict[str, int] = {}

    async def fetch_all(self, sql: str, parameters: tuple[SqlValue, ...]) -> list[Row]:
        """All rows."""
        translated, bound = bind(self._translate, sql, parameters)
        if sql not in self._heavy:
            await trio.lowlevel.checkpoint()
            rows = self._try_in_loop(translated.sql, bound)
            if rows is not None:
                return rows
            self._heavy[sql] = _CALLS_IN_THREAD
        self._count_down(sql)
        return await trio.to_thread.run_sync(
            self._fetch_in_thread, translated.sql, bound, limiter=self._limiter, abandon_on_cancel=True
        )

    def _count_down(self, sql: str) -> None:
        left = self._heavy.get(sql, 1) - 1
        if left > 0:
            self._heavy[sql] = left
        else:
            self._heavy.pop(sql, None)

    def _try_in_loop(self, sql: str, bound: tuple[SqlValue, ...]) -> list[Row] | None:
        self._budget.looks_left = _LOOKS_ALLOWED
        try:
            return self._in_loop.execute(sql, bound).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}:
                return None
            raise explain_error(error, self._path) from error
        except sqlite3.Error as error:
            raise explain_error(error, self._path) from error

    def _fetch_in_thread(self, sql: str, bound: tuple[SqlValue, ...]) -> list[Row]:
        try:
            connection = self._spare.pop()
        except IndexError:
            connection = connect(self._path, is_reader=True)
        try:
            return connection.execute(sql, bound).fetchall()
        except sqlite3.Error as error:
            raise explain_error(error, self._path) from error
        finally:
            self._spare.append(connection)
            # A reader that was cancelled left its thread behind, and that may end after the store: nobody else would
            # close its connection then. Put back first, looked second, so that one of the two sees the other.
            if self._is_closed:
                self._close_spare()

    def close(self) -> None:
        """Closes all connections, those of threads left behind when they end; nobody reads any more."""
        self._is_closed = True
        self._in_loop.close()
        self._close_spare()

    def _close_spare(self) -> None:
        while True:
            try:
                connection = self._spare.pop()
            except IndexError:
                return
            connection.close()


def bind(
    translate: Callable[[str], Translated], sql: str, parameters: tuple[Any, ...]
) -> tuple[Translated, tuple[Any, ...]]:
    """The SQL as SQLite takes it and its parameters in order. Raises `StoreError` for a wrong statement."""
    try:
        translated = translate(sql)
        return translated, translated.bind(parameters)
    except ValueError as error:
        raise StoreError(f"wrong statement: {error}") from error
