"""Runs many writes in one transaction: one bad write fails alone, all others are on disk together.

Writes run in groups that share a savepoint. When one of a group fails, the group is undone and run again, each write in
a savepoint of its own: SQL given the same rows does the same, so nobody can tell, and the usual case, in which nothing
fails, pays for two savepoints in a hundred writes. Groups shrink while writes fail and grow while they do not.

Plain SQL, no Trio: runs in the writer thread, or in the loop for the tests.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from store.embedded.connection import explain_error
from store.errors import StoreCorrupt, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.embedded.placeholders import Translated
    from store.write import Write

_LARGEST_GROUP = 64


class BatchRunner:
    """Writes batches through one connection, which nobody else uses meanwhile."""

    def __init__(self, connection: sqlite3.Connection, translate: Callable[[str], Translated], path: str) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._translate = translate
        self._path = path
        self._group = _LARGEST_GROUP

    def run(self, writes: Sequence[Write]) -> list[StoreError | None]:
        """Commits all writes that can be; for each the error that undid it, or None.

        Raises `StoreUnavailable` or `StoreCorrupt` when nothing could be committed.
        """
        try:
            self._roll_back()
            self._cursor.execute("BEGIN IMMEDIATE")
            outcomes = self._run_small(writes) if len(writes) <= self._group else self._run_large(writes)
            if self._connection.in_transaction:
                self._cursor.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up()
            raise explain_error(error, self._path) from error
        except BaseException:
            self._give_up()
            raise
        return outcomes

    def close(self) -> None:
        """Closes the connection. The cursor first: a statement that failed in it keeps SQLite from closing the file."""
        self._cursor.close()
        self._connection.close()

    def _run_small(self, writes: Sequence[Write]) -> list[StoreError | None]:
        """A single group: the transaction is its savepoint. A lone write is most writes, and gives up the
        interpreter's lock at each statement, so on a busy loop each one spared is time.
        """
        error = self._run_statements(writes)
        if error is None:
            self._grow()
            return [None] * len(writes)
        self._cursor.execute("ROLLBACK")
        if len(writes) == 1:
            return [error]
        self._cursor.execute("BEGIN IMMEDIATE")
        return self._run_apart(writes)

    def _run_large(self, writes: Sequence[Write]) -> list[StoreError | None]:
        outcomes: list[StoreError | None] = []
        while len(outcomes) < len(writes):
            group = writes[len(outcomes) : len(outcomes) + self._group]
            if self._run_savepoint(group) is None:
                self._grow()
                outcomes.extend([None] * len(group))
            else:
                outcomes.extend(self._run_apart(group))
        return outcomes

    def _run_apart(self, writes: Sequence[Write]) -> list[StoreError | None]:
        self._group = max(self._group // 2, 1)
        return [self._run_savepoint((write,)) for write in writes]

    def _grow(self) -> None:
        self._group = min(self._group * 2, _LARGEST_GROUP)

    def _run_savepoint(self, writes: Sequence[Write]) -> StoreError | None:
        """All of these or none; the error that undid them."""
        execute = self._cursor.execute
        execute("SAVEPOINT apart")
        error = self._run_statements(writes)
        if error is not None:
            execute("ROLLBACK TO apart")
        execute("RELEASE apart")
        return error

    def _run_statements(self, writes: Sequence[Write]) -> StoreError | None:
        """The error of the first statement that failed; raises what fails the whole batch.

        Every write passes here: no call that can be spared.
        """
        cursor, translate = self._cursor, self._translate
        execute = cursor.execute
        try:
            for write in writes:
                for statement in write.statements:
                    translated = translate(statement.sql)
                    parameters = statement.parameters
                    if translated.order is not None or len(parameters) != translated.count:
                        parameters = translated.bind(parameters)
                    execute(translated.sql, parameters)
                    expects = statement.expects
                    if expects is not None and cursor.rowcount != expects and _count_rows(cursor) != expects:
                        return statement.otherwise(statement.unless or None)
        except sqlite3.Error as error:
            explained = explain_error(error, self._path)
            if isinstance(explained, StoreUnavailable | StoreCorrupt):
                raise explained from error
            return explained
        except (ValueError, TypeError, OverflowError) as error:
            return StoreError(f"wrong statement: {error}")
        return None

    def _roll_back(self) -> None:
        """SQLite has done so already for some errors (a full disk), for others not."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _give_up(self) -> None:
        """A rollback that fails is tried again before the next batch."""
        with suppress(sqlite3.Error):
            self._roll_back()


def _count_rows(cursor: sqlite3.Cursor) -> int:
    """Rows touched, or read: sqlite3 does not count those of a SELECT."""
    return cursor.rowcount if cursor.rowcount >= 0 else len(cursor.fetchall())
