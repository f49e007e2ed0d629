"""One connection to PostgreSQL: calls go down it together and their results come back in order.

libpq's pipeline mode throughout: a lone SELECT and a batch of two thousand statements are the same exchange, one trip
there and back. A call that is cancelled or has had its time is broken off at the server (a cancel request) under a
deadline of its own; a server that does not answer that either loses the connection. So nobody is held up by a frozen
server for longer than `_BREAK_OFF_SECONDS` after their own deadline, shielded or not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import trio
from psycopg import generators, pq
from psycopg.adapt import Transformer

from store.errors import StoreError, StoreRefused, StoreUnavailable
from store.postgresql.failures import NO_SESSION, ConnectionLost, Unanswered, explain, explain_opening
from store.postgresql.pump import drive, drive_opening
from store.postgresql.sql_text import Types, Values, bind, make_translator, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from psycopg.pq import PGnotify
    from psycopg.pq.abc import PGconn, PGresult

    from store.database import Row
    from store.postgresql.address import Address
    from store.postgresql.sql_text import Text
    from store.write import SqlValue

_CONNECT_SECONDS = 5.0
"""For each address tried."""
_ANSWER_SECONDS = 15.0
"""For an exchange, unless said otherwise: a batch of two thousand writes takes a tenth of a second."""
_BREAK_OFF_SECONDS = 1.0
_LET_FINISH_SECONDS = 0.02
"""A cancelled call usually is about to end by itself, which is cheaper than a cancel request."""
_KEPT_PLANS = 1024

_SET_UP = """
    SELECT set_config('client_encoding', 'UTF8', false), set_config('idle_in_transaction_session_timeout', $1, false),
        set_config('lock_timeout', $2, false), set_config('default_transaction_read_only', $3, false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
        set_config('client_min_messages', 'warning', false), set_config('client_connection_check_interval', $4, false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('idle_session_timeout', '0', false),
        pg_backend_pid(), current_setting('server_encoding')
"""
"""A daemon that is frozen inside a transaction, or has given a connection up, must not hold its locks against the
others; nor may an operator's setting turn "on disk" into a hope, have our writers refuse each other, or end a reader
that has nothing to read.
"""
_IDLE_IN_TRANSACTION = "5s"
_LOCK_TIMEOUT = "5s"
_NOTICE_LEFT = "1s"
_PROVE_SECONDS = 1.0


class Call(NamedTuple):
    """One statement, ready to travel."""

    text: Text
    types: Types
    values: Values


class Announcement(NamedTuple):
    """What a NOTIFY brought."""

    backend: int
    """The server's process of the connection that told it."""
    payload: str


class Connection:
    """Used by one task at a time. `open_connection` makes one."""

    def __init__(self, pgconn: PGconn, address: Address) -> None:
        self.address = address
        self.backend = pgconn.backend_pid
        """The process at the server; behind a pooler, which tells its clients a number of its own, see `_set_up`."""
        self._pgconn = pgconn
        self._socket = pgconn.socket
        self._rows = Transformer()
        self._plans: dict[tuple[bytes, Types], bytes] = {}
        self._plan_number = 0
        self._told: list[Announcement] = []
        self._is_open = True
        pgconn.notify_handler = self._note_announcement
        pgconn.enter_pipeline_mode()

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self._is_open

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, failed ones included."""
        return self._is_open and self._pgconn.transaction_status != pq.TransactionStatus.IDLE

    async def run(self, calls: Sequence[Call], *, seconds: float = _ANSWER_SECONDS) -> list[PGresult]:
        """A result for each call, failed ones included; after a failed one the others are not run.

        Raises `ConnectionLost`, and its child `Unanswered` after `seconds`. Cancelled, it ends what runs at the server.
        """
        with trio.move_on_after(seconds):
            return await self._exchange(calls)
        self._drop_unless_idle()
        raise Unanswered(f"store {self.address}: the database did not answer within {seconds:.0f} s")

    async def fetch_all(self, call: Call) -> list[Row]:
        """All rows of a call. Raises what its failure means."""
        return self.rows_of(self.check(await self.run([call]))[0])

    def check(self, results: list[PGresult]) -> list[PGresult]:
        """The results, if all is well. Raises what the first failure means."""
        for result in results:
            if has_failed(result):
                raise self.explain(result)
        return results

    def explain(self, result: PGresult) -> StoreError:
        """What a failed result means."""
        return explain(result, self.address)

    def rows_of(self, result: PGresult) -> list[Row]:
        """The rows of a result."""
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)

    async def _exchange(self, calls: Sequence[Call]) -> list[PGresult]:
        if not self._is_open:
            raise ConnectionLost(f"store {self.address}: the connection broke")
        steps = self._send_and_collect(calls)
        try:
            return await drive(steps, self._socket)
        except trio.Cancelled:
            await self._break_off(steps)
            raise
        except (psycopg.Error, OSError, trio.ClosedResourceError) as error:
            raise self._lose(error) from None

    def _send_and_collect(self, calls: Sequence[Call]) -> Generator[int, int, list[PGresult]]:
        pgconn, plans = self._pgconn, self._plans
        made: dict[int, tuple[bytes, Types]] = {}
        for number, (text, types, values) in enumerate(calls):
            key = (text.sql, types)
            name = plans.get(key)
            if name is None and text.is_prepared and len(plans) < _KEPT_PLANS:
                self._plan_number += 1
                plans[key] = name = b"p%d" % self._plan_number
                made[number] = key
                pgconn.send_prepare(name, text.sql, types)
            if name is None:
                pgconn.send_query_params(text.sql, values, types)
            else:
                pgconn.send_query_prepared(name, values)
        pgconn.pipeline_sync()
        return (yield from self._collect(len(calls), made))

    def _collect(self, count: int, made: dict[int, tuple[bytes, Types]]) -> Generator[int, int, list[PGresult]]:
        pgconn, fetch = self._pgconn, generators.fetch_many
        yield from generators.send(pgconn)
        results = []
        for number in range(count):
            if number in made:
                (planned,) = yield from fetch(pgconn)
                if has_failed(planned):
                    self._plans.pop(made[number], None)
                    yield from fetch(pgconn)
                    results.append(planned)
                    continue
            (result,) = yield from fetch(pgconn)
            results.append(result)
        yield from fetch(pgconn)
        return results

    async def _break_off(self, steps: Generator[int, int, Any]) -> None:
        """Ends what runs at the server and takes its results off the wire, or gives the connection up."""
        is_off = False
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _BREAK_OFF_SECONDS):
            try:
                with trio.move_on_after(_LET_FINISH_SECONDS):
                    await drive(steps, self._socket, is_left=True)
                    is_off = True
                if not is_off:
                    cancel = self._pgconn.cancel_conn()
                    cancel.start()
                    await drive_opening(generators.cancel(cancel))
                    await drive(steps, self._socket, is_left=True)
                    is_off = True
            except (psycopg.Error, OSError, trio.ClosedResourceError):
                is_off = False
        if not is_off:
            self.drop()

    def _drop_unless_idle(self) -> None:
        """After a time-out: a call that was broken off cleanly leaves a connection that may stay, and roll back."""
        if self._is_open and self._pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            self.drop()

    async def wait_for_announcements(self) -> list[Announcement]:
        """What other connections told since the last call, even while a call ran. Raises `ConnectionLost`."""
        try:
            if not self._told and self._is_open:
                await drive(generators.notifies(self._pgconn), self._socket)
        except (psycopg.Error, OSError, trio.ClosedResourceError) as error:
            raise self._lose(error) from None
        told, self._told = self._told, []
        return told

    def _note_announcement(self, told: PGnotify) -> None:
        self._told.append(Announcement(told.be_pid, told.extra.decode(errors="replace")))

    def _lose(self, error: BaseException) -> ConnectionLost:
        self.drop()
        return ConnectionLost(f"store {self.address}: the connection broke ({one_line(error)})")

    def drop(self) -> None:
        """Closes the socket, whatever runs on it. Wakes whoever waits for it with `ConnectionLost`."""
        if self._is_open:
            self._is_open = False
            trio.lowlevel.notify_closing(self._socket)
            self._pgconn.finish()


class Caller:
    """Makes calls of SQL and values."""

    def __init__(self) -> None:
        self._translate: Callable[[str], Text] = make_translator()

    def call(self, sql: str, *parameters: SqlValue) -> Call:
        """Raises `StoreError` for a wrong statement."""
        try:
            text = self._translate(sql)
            return Call(text, *bind(text, parameters))
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"wrong statement: {error}") from error


def _call_once(sql: str, *parameters: SqlValue) -> Call:
    """A call whose plan is not worth keeping."""
    text = replace(translate(sql), is_prepared=False)
    return Call(text, *bind(text, parameters))


def has_failed(result: PGresult) -> bool:
    """Whether the call of this result failed, or was not run because one before it had."""
    return result.status in {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED}


async def open_connection(address: Address, *, is_reader: bool = False) -> Connection:
    """A connection set up for this store. Raises `StoreUnavailable` or, for a database of no use, `StoreError`.

    Of several addresses one that may yet let us in says more than one that does not.
    """
    error: StoreUnavailable | None = None
    for attempt in await address.attempts():
        try:
            connection = await _open_one(attempt, address)
            break
        except StoreUnavailable as caught:
            if error is None or not isinstance(caught, StoreRefused):
                error = caught
    else:
        raise error or StoreUnavailable(f"store {address}: the database has no address")
    try:
        if await _set_up(connection, is_reader=is_reader):
            await _prove_session(connection, attempt)
    except BaseException:
        connection.drop()
        raise
    return connection


async def _open_one(attempt: str, address: Address) -> Connection:
    try:
        with trio.fail_after(_CONNECT_SECONDS):
            return Connection(await drive_opening(generators.connect(attempt)), address)
    except trio.TooSlowError:
        raise StoreUnavailable(f"store {address}: no answer to connecting within {_CONNECT_SECONDS:.0f} s") from None
    except (psycopg.Error, OSError) as error:
        raise explain_opening(one_line(error), address) from None


async def _set_up(connection: Connection, *, is_reader: bool) -> bool:
    """Whether a pooler stands between us and the server."""
    read_only = "on" if is_reader else "off"
    call = _call_once(_SET_UP, _IDLE_IN_TRANSACTION, _LOCK_TIMEOUT, read_only, _NOTICE_LEFT)
    ((*_, backend, encoding),) = await connection.fetch_all(call)
    if encoding != "UTF8":
        raise StoreError(f"store {connection.address}: the database keeps {encoding}: make one with ENCODING 'UTF8'")
    is_pooled: bool = backend != connection.backend
    connection.backend = backend
    return is_pooled


async def _prove_session(connection: Connection, attempt: str) -> None:
    """Raises `StoreRefused` where the pooler lends our process at the server to somebody else between transactions.

    Settings, prepared statements and LISTEN would be another client's then. PgBouncer hands out first what was given
    back last, so a second client is given our process if it can be given at all.
    """
    other = await _open_one(attempt, connection.address)
    try:
        results = other.check(await other.run([_call_once("SELECT pg_backend_pid()")], seconds=_PROVE_SECONDS))
        if other.rows_of(results[0]) == [(connection.backend,)]:
            raise StoreRefused(f"store {connection.address}: {NO_SESSION}")
    except ConnectionLost:
        pass  # a pool of one, say: it serves nobody else while we are here
    finally:
        other.drop()


def one_line(error: BaseException) -> str:
    """An error of libpq, which likes several."""
    return " ".join(str(error).split())
