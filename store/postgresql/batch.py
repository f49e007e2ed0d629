"""Runs many writes in one transaction down one pipeline: one bad write fails alone, all others are on disk together.

Two trips to the server: all statements, whose touched rows are compared with what was expected, then COMMIT. When one
write misses, everything is rolled back and run again in groups, each in a savepoint, and a group in which one misses
write by write. SQL given the same rows does the same, so nobody can tell.

A connection that breaks before COMMIT was sent has done nothing: the batch is run once more on a new one, if there is
one at once. What is in doubt after that, `Link.commit` finds out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from store.errors import StoreCorrupt, StoreError, StoreRefused, StoreUnavailable
from store.postgresql.connection import has_failed
from store.postgresql.failures import ConnectionLost, StatementLost, Unanswered, was_overtaken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from store.postgresql.connection import Call, Connection
    from store.postgresql.link import Link
    from store.write import Statement, Write

_LARGEST_GROUP = 64
_TRIES_ALONE = 20
"""Of a write that loses against another process: a lane's next place, say, that both took."""

Outcomes = list["StoreError | None"]


class BatchRunner:
    """Writes batches through one link. `announce` makes the calls that wake listeners of other processes."""

    def __init__(self, link: Link, announce: Callable[[Iterable[str]], list[Call]]) -> None:
        self._link = link
        self._announce = announce
        call = link.caller.call
        self._savepoint, self._release = call("SAVEPOINT apart"), call("RELEASE SAVEPOINT apart")
        self._back = call("ROLLBACK TO SAVEPOINT apart")

    async def run(self, writes: Sequence[Write]) -> Outcomes:
        """Commits all writes that can be; for each the error that undid it, or None.

        Raises `StoreUnavailable` or `StoreCorrupt` when nothing could be committed, `OutcomeUnknown` when that can't be
        told.
        """
        outcomes: Outcomes = [None] * len(writes)
        batch = []
        for number, write in enumerate(writes):
            try:
                batch.append(_Entry(number, write, [self._call(statement) for statement in write.statements]))
            except StoreError as error:
                outcomes[number] = error
        if not batch:
            return outcomes
        connection = await self._run_statements(batch, outcomes)
        survivors = [entry.write for entry in batch if outcomes[entry.number] is None]
        if not survivors:
            await self._link.roll_back(connection)
            return outcomes
        await self._link.commit(connection, self._announce(topic for write in survivors for topic in write.topics))
        return outcomes

    def _call(self, statement: Statement) -> Call:
        return self._link.caller.call(statement.sql, *statement.parameters)

    async def _run_statements(self, batch: list[_Entry], outcomes: Outcomes) -> Connection:
        """Leaves a transaction open in which everything was done that could be."""
        connection = await self._link.connection()
        try:
            await self._try_to(connection, batch, outcomes)
        except Unanswered:
            raise
        except ConnectionLost:
            connection = await self._link.connection()
            await self._try_to(connection, batch, outcomes)
        return connection

    async def _try_to(self, connection: Connection, batch: list[_Entry], outcomes: Outcomes) -> None:
        """`outcomes` are touched at the end only, so that the same can be tried again."""
        try:
            miss = await self._run_together(connection, batch)
            if miss is None:
                return
            await self._link.roll_back(connection)
            if len(batch) == 1 and not miss.was_overtaken:
                outcomes[batch[0].number] = miss.error
            else:
                apart = await self._run_in_groups(connection, batch)
                for entry, outcome in zip(batch, apart, strict=True):
                    outcomes[entry.number] = outcome
        except BaseException:
            await self._link.roll_back(connection)
            raise

    async def _run_together(self, connection: Connection, batch: Sequence[_Entry]) -> _Miss | None:
        first, *_, last = results = await connection.run(
            [self._link.begin, *_calls_of(batch), self._link.number_next()]
        )
        if has_failed(first):
            raise connection.explain(first)
        miss = _find_miss(connection, batch, results[1:-1])
        if miss is None:
            _check_number(connection, last)
        return miss

    async def _run_in_groups(self, connection: Connection, batch: Sequence[_Entry]) -> Outcomes:
        begun = connection.check(await connection.run([self._link.begin, self._link.number_next()]))
        _check_number(connection, begun[-1])
        outcomes: Outcomes = []
        while len(outcomes) < len(batch):
            group = batch[len(outcomes) : len(outcomes) + _LARGEST_GROUP]
            if len(group) > 1 and await self._run_savepoint(connection, group) is None:
                outcomes.extend([None] * len(group))
            else:
                outcomes.extend([await self._run_alone(connection, entry) for entry in group])
        return outcomes

    async def _run_alone(self, connection: Connection, entry: _Entry) -> StoreError | None:
        for _ in range(_TRIES_ALONE):
            miss = await self._run_savepoint(connection, [entry])
            if miss is None or not miss.was_overtaken:
                break
        return None if miss is None else miss.error

    async def _run_savepoint(self, connection: Connection, group: Sequence[_Entry]) -> _Miss | None:
        """All of these or none; what undid them."""
        first, *results = await connection.run([self._savepoint, *_calls_of(group)])
        if has_failed(first):
            raise connection.explain(first)
        miss = _find_miss(connection, group, results)
        ending = [self._release] if miss is None else [self._back, self._release]
        connection.check(await connection.run(ending))
        return miss


class _Entry:
    """One write of a batch and its calls."""

    __slots__ = ("calls", "number", "write")

    def __init__(self, number: int, write: Write, calls: list[Call]) -> None:
        self.number = number
        self.write = write
        self.calls = calls


class _Miss(NamedTuple):
    """Why a write was undone."""

    error: StoreError
    was_overtaken: bool
    """Whether the same may succeed when it is run again."""


def _calls_of(group: Iterable[_Entry]) -> list[Call]:
    return [call for entry in group for call in entry.calls]


def _find_miss(connection: Connection, group: Iterable[_Entry], results: Iterable[PGresult]) -> _Miss | None:
    """The first statement that failed or missed; raises what would meet every other write as well."""
    following = iter(results)
    for entry in group:
        for statement in entry.write.statements:
            result = next(following)
            if has_failed(result):
                error = connection.explain(result)
                if isinstance(error, StoreUnavailable | StoreCorrupt) and not isinstance(
                    error, StatementLost | StoreRefused
                ):
                    raise error
                return _Miss(error, was_overtaken(result))
            if statement.expects is not None and (result.command_tuples or 0) != statement.expects:
                return _Miss(statement.otherwise(statement.unless or None), was_overtaken=False)
    return None


def _check_number(connection: Connection, result: PGresult) -> None:
    """Without its number on record nobody could tell later whether a transaction was committed."""
    connection.check([result])
    if result.command_tuples != 1:
        connection.drop()
        raise ConnectionLost(f"store {connection.address}: this writer is not on record any more")
