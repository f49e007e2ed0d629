"""What PostgreSQL answers becomes an error that names the place and the mend, and quotes no value."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from store.errors import Conflict, StoreCorrupt, StoreError, StoreRefused, StoreUnavailable
from store.postgresql.address import parse_address
from store.postgresql.failures import (
    ConnectionLost,
    StatementLost,
    code_of,
    explain,
    explain_opening,
    was_overtaken,
)

RUSSIAN = Path("/usr/share/locale/ru/LC_MESSAGES/postgres-15.mo")
RAISE = "DO $do$ BEGIN RAISE EXCEPTION 'said by the server' USING ERRCODE = '{}'; END $do$"


async def result_of(connection, call, sql, *parameters):
    (result,) = await connection.run([call(sql, *parameters)])
    return result


@pytest.mark.parametrize(
    ("code", "kind", "mend"),
    [
        ("53100", StoreUnavailable, "its disk is full: free some space"),
        ("53200", StoreUnavailable, "no memory left"),
        ("53300", StoreUnavailable, "raise max_connections"),
        ("53999", StoreUnavailable, "run out of something"),
        ("57014", StoreUnavailable, "broken off"),
        ("57P03", StoreUnavailable, "stops, starts"),
        ("58030", StoreUnavailable, "kernel log"),
        ("25006", StoreUnavailable, "standby"),
        ("55P03", StatementLost, "holds a row locked"),
        ("40001", StatementLost, "wrote the same rows"),
        ("40P01", StatementLost, "wrote the same rows"),
        ("XX001", StoreCorrupt, "put a backup in place"),
        ("23502", StoreError, "refused a statement: said by the server"),
        ("42501", StoreRefused, "make it the owner"),
        ("42P05", StoreRefused, "pool_mode = session"),
        ("26000", StoreRefused, "pool_mode = session"),
    ],
)
async def test_each_kind_of_failure_has_its_error_and_mend(connection, call, code, kind, mend):
    result = await result_of(connection, call, RAISE.format(code))
    error = explain(result, connection.address)
    assert type(error) is kind
    assert mend in str(error)
    assert code_of(result) == code


async def test_store_that_is_unavailable_is_named(connection, call):
    error = explain(await result_of(connection, call, RAISE.format("53100")), connection.address)
    assert f"store {connection.address}: " in str(error)


async def test_key_that_is_taken_is_a_conflict_and_names_no_value(connection, call):
    await connection.run(
        [call("CREATE TABLE words (word TEXT PRIMARY KEY)"), call("INSERT INTO words VALUES ('canary')")]
    )
    result = await result_of(connection, call, "INSERT INTO words VALUES ('canary')")
    error = explain(result, connection.address)
    assert type(error) is Conflict
    assert "canary" not in str(error)
    assert not was_overtaken(result)


async def test_value_that_does_not_fit_is_not_quoted(connection, call):
    error = explain(await result_of(connection, call, "SELECT CAST($1 AS BIGINT)", "canary"), connection.address)
    assert type(error) is StoreError
    assert str(error) == "the store refused a value: error 22P02"


async def test_number_counted_up_twice_may_be_counted_again(connection, call):
    await connection.run(
        [
            call("CREATE TABLE places (name TEXT PRIMARY KEY, place BIGINT)"),
            call("CREATE UNIQUE INDEX places_taken ON places (place)"),
            call("INSERT INTO places VALUES ('a', 1)"),
        ]
    )  # fmt: skip - a line each
    assert was_overtaken(await result_of(connection, call, "INSERT INTO places VALUES ('b', 1)"))
    assert not was_overtaken(await result_of(connection, call, "INSERT INTO places VALUES ('a', 2)"))
    assert was_overtaken(await result_of(connection, call, RAISE.format("40P01")))


async def test_connection_that_the_server_ends_is_lost_and_the_store_named(connection, call):
    with pytest.raises(ConnectionLost, match=f"store {connection.address}: the connection broke"):
        await connection.run([call("SELECT 1"), call("SELECT pg_terminate_backend(pg_backend_pid())")])
    assert not connection.is_open


SAID = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Connection refused Is the server running on that host and accepting TCP/IP connections?", StoreUnavailable),
        ("No such file or directory Is the server running locally?", StoreUnavailable),
        ("could not receive data from server: Connection reset by peer", StoreUnavailable),
        ("SSL SYSCALL error: EOF detected", StoreUnavailable),
        ("server closed the connection unexpectedly", StoreUnavailable),
        ("session is read-only", StoreUnavailable),
        ("server does not support SSL, but SSL was required", StoreRefused),
        ("SSL error: certificate verify failed", StoreRefused),
        ('could not open certificate file "/a.pem": No such file or directory', StoreRefused),
        ("words nobody knows", StoreRefused),
    ],
)
def test_opening_that_failed_is_an_absence_or_a_refusal(words, kind):
    error = explain_opening(SAID + words, parse_address("postgresql://aurora:canary-5f2c@db/aurora"))
    assert type(error) is kind
    assert "postgresql://aurora@db/aurora" in str(error)
    assert "canary" not in str(error)


def as_written(text):
    return text


def in_russian(text):
    """As a server of this machine would say it."""
    if not RUSSIAN.exists():
        pytest.skip("no PostgreSQL with a Russian catalogue on this machine")
    with RUSSIAN.open("rb") as file:
        translated = gettext.GNUTranslations(file).gettext(text)
    assert translated != text
    return translated


@pytest.mark.parametrize("translate", [as_written, in_russian])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the database system is starting up", StoreUnavailable),
        ("the database system is not accepting connections", StoreUnavailable),
        ("the database system is not yet accepting connections", StoreUnavailable),
        ("the database system is shutting down", StoreUnavailable),
        ("the database system is in recovery mode", StoreUnavailable),
        ("sorry, too many clients already", StoreUnavailable),
        ('too many connections for role "%s"', StoreUnavailable),
        ('too many connections for database "%s"', StoreUnavailable),
        ("remaining connection slots are reserved for non-replication superuser connections", StoreUnavailable),
        ("terminating connection due to administrator command", StoreUnavailable),
        ('database "%s" does not exist', StoreRefused),
        ('database "%s" is not currently accepting connections', StoreRefused),
        ('password authentication failed for user "%s"', StoreRefused),
        ('role "%s" is not permitted to log in', StoreRefused),
        ('permission denied for database "%s"', StoreRefused),
    ],
)
def test_server_is_understood_in_both_languages(text, translate, kind):
    assert type(explain_opening(SAID + translate(text), parse_address("postgresql://db/aurora"))) is kind
