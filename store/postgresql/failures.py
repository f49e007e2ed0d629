"""Turns what PostgreSQL answers into the store's errors.

One line for whoever reads the log at night: where, what, and the mend. Values never stand in it: PostgreSQL quotes them
in its details and in the messages of its data errors, so of those only the code is told.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from psycopg.pq import DiagnosticField

from store.errors import Conflict, StoreCorrupt, StoreError, StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from store.postgresql.address import Address

_UNIQUE = "23505"
_DAMAGED = frozenset({"XX001", "XX002"})
_OVERTAKEN = frozenset({"40001", "40P01"})
"""Lost against somebody else's transaction."""
_PRIMARY_KEY = "_pkey"
"""How PostgreSQL names the constraint of a table's key."""
_OF_ONE_STATEMENT = _OVERTAKEN | {"55P03"}
_MENDS = {
    "53100": "its disk is full: free some space",
    "53200": "it has no memory left",
    "53300": "it has no connection left: raise max_connections, or close what else uses it",
    "55P03": "another program holds a row locked: look into pg_stat_activity",
    "40001": "another program wrote the same rows",
    "40P01": "another program wrote the same rows",
    "57014": "the statement was broken off",
    "25006": "it takes no writes: it is a standby, or set to read only",
    "25P03": "the transaction stood still for too long",
    "58030": "its disk reports an error: look at its kernel log",
}
NO_SESSION = (
    "a connection pooler lends the session to others: set its pool_mode = session, or give the server's own address"
)
_REFUSALS = {
    "26000": NO_SESSION,
    "42P05": NO_SESSION,
    "42501": "the role lacks a right: make it the owner of the database and of what is in its schema",
}
"""What an operator can mend while the daemon waits."""
_FAMILIES = {
    "08": "the connection broke",
    "53": "it has run out of something: look at its log",
    "57": "it stops, starts or ended the connection: look at its log",
    "58": "its machine reports an error: look at its log",
}
_WITH_VALUES = "22"
_NOBODY_THERE = (
    *(
        os.strerror(number)
        for number in (
            errno.EAGAIN,
            errno.ECONNABORTED,
            errno.ECONNREFUSED,
            errno.ECONNRESET,
            errno.EHOSTDOWN,
            errno.EHOSTUNREACH,
            errno.ENETDOWN,
            errno.ENETUNREACH,
            errno.ENOENT,
            errno.EPIPE,
            errno.ETIMEDOUT,
        )
    ),
    "server closed the connection unexpectedly",
    "EOF detected",
)
"""libpq's own words where no server, or only half a one, has answered."""
_OF_OUR_FILES = ("certificate", "private key")
_NOT_NOW = (
    "database system is starting up",
    "database system is not accepting connections",
    "database system is not yet accepting connections",
    "database system is shutting down",
    "database system is in recovery mode",
    "too many clients already",
    "too many connections for",
    "connection slots are reserved",
    "server is in hot standby mode",
    "session is read-only",
    "terminating connection",
    "система баз данных запускается",
    "система БД не принимает подключения",
    "система БД ещё не принимает подключения",
    "система баз данных останавливается",
    "система баз данных в режиме восстановления",
    "слишком много клиентов",
    "слишком много подключений",
    "слоты подключений зарезервированы",
    "закрытие подключения",
)
"""Of an opening that failed libpq gives the text and not the code, and a server speaks the language it is set to."""


class ConnectionLost(StoreUnavailable):
    """The connection to the database is gone; nothing that was not committed happened."""


class Unanswered(ConnectionLost):
    """The database did not answer in time; the connection was given up."""


class StatementLost(StoreUnavailable):
    """A statement lost against somebody else's; other writes are not touched by that."""


def code_of(result: PGresult) -> str:
    """PostgreSQL's five letters."""
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def was_overtaken(result: PGresult) -> bool:
    """Whether the same again may well succeed, because another process was in the way.

    So it is with a number counted up from the rows there are (the next place in a lane): two processes take the same,
    the second meets the index, and counts anew. A key that is taken stays taken.
    """
    code = code_of(result)
    constraint = (result.error_field(DiagnosticField.CONSTRAINT_NAME) or b"").decode()
    return code in _OVERTAKEN or (code == _UNIQUE and not constraint.endswith(_PRIMARY_KEY))


def explain(result: PGresult, address: Address) -> StoreError:
    """What this failed result means for the caller."""
    code = code_of(result)
    message = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    if code == _UNIQUE:
        return Conflict(message)
    if code in _DAMAGED:
        return StoreCorrupt(f"store {address}: the database finds its data damaged ({message}): put a backup in place")
    if code in _REFUSALS:
        return StoreRefused(f"store {address}: {_REFUSALS[code]} ({message})")
    mend = _MENDS.get(code) or _FAMILIES.get(code[:2])
    if mend is not None:
        kind = StatementLost if code in _OF_ONE_STATEMENT else StoreUnavailable
        return kind(f"store {address}: {mend} ({message})")
    if code.startswith(_WITH_VALUES):
        return StoreError(f"the store refused a value: error {code}")
    return StoreError(f"the store refused a statement: {message} ({code})")


def explain_opening(words: str, address: Address) -> StoreUnavailable:
    """What it means that no connection could be opened. Words nobody knows are taken for a refusal."""
    is_passing = any(known in words for known in _NOT_NOW) or (
        any(known in words for known in _NOBODY_THERE) and not any(ours in words for ours in _OF_OUR_FILES)
    )
    kind = StoreUnavailable if is_passing else StoreRefused
    return kind(f"store {address}: the database can't be reached ({words})")
