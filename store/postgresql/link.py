"""The writer's connection, kept: opened again with a back-off, and the truth about a COMMIT it was lost over.

A connection that breaks between sending COMMIT and its answer leaves the question whether the transaction is there.
So every transaction puts its number into this writer's row of `writer_commits` before it commits. On a new connection
that row is read under a lock: the lock waits for whatever the server still does for the old connection, and then the
number says what came of it. (PostgreSQL's own `pg_xact_status` does not do: after a crash, numbers of transactions that
never reached the disk are given out again.) Only where the database stays away, or the old transaction stays open, for
`doubt_seconds` do the callers get `OutcomeUnknown`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import structlog
import trio

from store.errors import OutcomeUnknown, StoreError, StoreUnavailable
from store.postgresql.connection import Caller, Connection, open_connection
from store.postgresql.failures import ConnectionLost, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.postgresql.address import Address
    from store.postgresql.connection import Call

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0
_ROLL_BACK_SECONDS = 2.0

_LOCK_SET_UP = "SELECT pg_advisory_xact_lock(4926301)"
_CREATE = """
    CREATE TABLE IF NOT EXISTS writer_commits (writer TEXT PRIMARY KEY, number BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL)
"""
_TRIM = "DELETE FROM writer_commits WHERE at < now() - interval '30 days'"
_REGISTER = "INSERT INTO writer_commits (writer, number, at) VALUES ($1, 0, now()) ON CONFLICT (writer) DO NOTHING"
_NUMBER = "UPDATE writer_commits SET number = $2, at = now() WHERE writer = $1"
_LOOK = "SELECT number FROM writer_commits WHERE writer = $1 FOR UPDATE"
_LEAVE = "DELETE FROM writer_commits WHERE writer = $1"


class Link:
    """One writer's way to the database. Used by one task at a time.

    `tell_doubt` is called when the outcome of a commit is in doubt, before it is looked for.
    """

    def __init__(self, address: Address, *, doubt_seconds: float, tell_doubt: Callable[[StoreError], None]) -> None:
        self.address = address
        self.caller = Caller()
        self.doubt: StoreUnavailable | None = None
        """Set while the outcome of a commit is looked for: nothing is written meanwhile."""
        self._writer = uuid4().hex
        self._doubt_seconds = doubt_seconds
        self._tell_doubt = tell_doubt
        self._connection: Connection | None = None
        self._number = 0
        self._is_set_up = False
        self._error: StoreError | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._next_try = 0.0
        call = self.caller.call
        self.begin, self.roll_back_call, self._commit = call("BEGIN"), call("ROLLBACK"), call("COMMIT")
        self._set_up = [self.begin, call(_LOCK_SET_UP), call(_CREATE), call(_TRIM)]
        self._register = call(_REGISTER, self._writer)
        self._look = call(_LOOK, self._writer)

    @property
    def backend(self) -> int | None:
        """The server's process for this connection."""
        return None if self._connection is None else self._connection.backend

    async def connection(self) -> Connection:
        """The open connection. While the database is away all but a try now and then are refused at once."""
        if self._connection is not None and self._connection.is_open:
            return self._connection
        if self._error is not None and trio.current_time() < self._next_try:
            raise type(self._error)(str(self._error))
        try:
            self._connection = await self._connect()
        except StoreError as error:
            self._note_failure(error)
            raise
        if self._error is not None and self._is_set_up:
            log.info("database_is_back", database=str(self.address))
        self._error, self._pause = None, _FIRST_PAUSE_SECONDS
        return self._connection

    async def _connect(self) -> Connection:
        connection = await open_connection(self.address)
        try:
            set_up = [] if self._is_set_up else self._set_up
            connection.check(await connection.run([*set_up, self._register, *([self._commit] if set_up else ())]))
        except BaseException:
            connection.drop()
            raise
        self._is_set_up = True
        return connection

    def _note_failure(self, error: StoreError) -> None:
        if self._error is None and self._is_set_up:
            log.warning("database_is_away", database=str(self.address), reason=str(error))
        self._error = error
        self._next_try = trio.current_time() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

    async def open_transaction(self) -> Connection:
        """A connection with a transaction begun; one that broke while it stood idle is replaced unnoticed."""
        try:
            return await self._begin_on(await self.connection())
        except Unanswered:
            raise
        except ConnectionLost:
            return await self._begin_on(await self.connection())

    async def _begin_on(self, connection: Connection) -> Connection:
        try:
            connection.check(await connection.run([self.begin]))
        except BaseException:
            await self.roll_back(connection)
            raise
        return connection

    def number_next(self) -> Call:
        """Goes into every transaction before `commit`."""
        self._number += 1
        return self.caller.call(_NUMBER, self._writer, self._number)

    async def commit(self, connection: Connection, announcements: Sequence[Call] = ()) -> None:
        """Returns when what the transaction did is on disk. Raises `StoreError`: nothing happened, or `OutcomeUnknown`.

        The answer to `number_next` must be there already: until then nobody can tell what became of the transaction.
        """
        try:
            *_, committed = connection.check(await connection.run([*announcements, self._commit]))
        except ConnectionLost as error:
            connection.drop()
            await self._find_out(error)
            return
        if committed.command_status != b"COMMIT":
            raise StoreError("the transaction had failed before and was rolled back")

    async def _find_out(self, reason: ConnectionLost) -> None:
        """Returns if the last transaction was committed after all."""
        log.warning("commit_in_doubt", database=str(self.address), reason=str(reason))
        self.doubt = StoreUnavailable(f"{reason}; looking for the outcome of the last commit")
        self._tell_doubt(self.doubt)
        try:
            with trio.fail_after(self._doubt_seconds):
                is_committed = await self._look_until_known()
        except trio.TooSlowError:
            raise OutcomeUnknown(f"{reason}; whether the last writes happened is not known") from None
        finally:
            self.doubt = None
        log.info("commit_known", database=str(self.address), is_committed=is_committed)
        if not is_committed:
            raise StoreUnavailable(f"{reason}; nothing of the last writes happened")

    async def _look_until_known(self) -> bool:
        while True:
            try:
                connection = await self.connection()
                rows = await connection.fetch_all(self._look)
            except StoreUnavailable:
                await trio.sleep(_FIRST_PAUSE_SECONDS)
            else:
                return rows == [(self._number,)]

    async def roll_back(self, connection: Connection) -> None:
        """Ends an open transaction, if only by giving the connection up. Takes some seconds at most, shielded."""
        if not connection.is_in_transaction:
            return
        with trio.CancelScope(shield=True):
            try:
                connection.check(await connection.run([self.roll_back_call], seconds=_ROLL_BACK_SECONDS))
            except StoreError:
                connection.drop()

    async def close(self) -> None:
        """Takes this writer's row away, if the database answers, and closes."""
        if self._connection is not None and self._connection.is_open:
            try:
                await self._connection.run([self.caller.call(_LEAVE, self._writer)], seconds=_ROLL_BACK_SECONDS)
            except StoreError as error:
                log.info("writer_not_signed_off", reason=str(error))
        self.drop()

    def drop(self) -> None:
        """Closes the socket at once."""
        if self._connection is not None:
            self._connection.drop()
