"""Runs many writes in one transaction: one bad write fails alone, all others are on disk together.

Plain SQL, no Trio: runs in the writer thread, or in the loop for the tests.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from store.embedded.connection import explain_error
from store.errors import StoreCorrupt, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.embedded.placeholders import Translated
    from store.write import Statement, Write


class BatchRunner:
    """Writes batches through one connection, which nobody else uses meanwhile."""

    def __init__(self, connection: sqlite3.Connection, translate: Callable[[str], Translated], path: str) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._translate = translate
        self._path = path

    def run(self, writes: Sequence[Write]) -> list[StoreError | None]:
        """Commits all writes that can be; for each the error that undid it, or None.

        Raises `StoreUnavailable` or `StoreCorrupt` when nothing could be committed.
        """
        execute = self._cursor.execute
        try:
            execute("BEGIN IMMEDIATE")
            outcomes = [self._run_apart(write) for write in writes]
            execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise explain_error(error, self._path) from error
        except BaseException:
            self._roll_back()
            raise
        return outcomes

    def _run_apart(self, write: Write) -> StoreError | None:
        execute = self._cursor.execute
        execute("SAVEPOINT apart")
        try:
            for statement in write.statements:
                self._run_statement(statement)
        except (StoreUnavailable, StoreCorrupt):
            raise
        except StoreError as error:
            execute("ROLLBACK TO apart")
            execute("RELEASE apart")
            return error
        execute("RELEASE apart")
        return None

    def _run_statement(self, statement: Statement) -> None:
        try:
            translated = self._translate(statement.sql)
            cursor = self._cursor.execute(translated.sql, translated.bind(statement.parameters))
        except sqlite3.Error as error:
            raise explain_error(error, self._path) from error
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"wrong statement: {error}") from error
        if statement.expects is None:
            return
        touched = cursor.rowcount
        if touched < 0:
            touched = len(cursor.fetchall())
        if touched != statement.expects:
            raise statement.otherwise(statement.unless or None)

    def _roll_back(self) -> None:
        """SQLite has done so already for some errors (a full disk), for others not."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
