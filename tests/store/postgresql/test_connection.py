"""Calls go down one connection in order; nobody is held up by a server longer than they agreed to."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from functools import partial

import pytest
import trio
import trio.testing
from psycopg import pq

from store.errors import Conflict, StoreError, StoreRefused, StoreUnavailable
from store.postgresql.address import parse_address
from store.postgresql.connection import Caller, has_failed, open_connection
from store.postgresql.failures import ConnectionLost, Unanswered


@contextmanager
def frozen(backend):
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)


async def seconds_of(action):
    began = trio.current_time()
    await action()
    return trio.current_time() - began


def running(server, backend):
    return [state for pid, state in server.ask("SELECT pid, state FROM pg_stat_activity") if pid == backend]


async def test_results_come_back_in_order(connection, call):
    results = await connection.run(
        [call("SELECT $1", 1), call("SELECT $1, $2", "a", None), call("SELECT 1 WHERE false")]
    )
    assert [connection.rows_of(result) for result in results] == [[(1,)], [("a", None)], []]


async def test_same_text_with_other_types_has_a_plan_of_its_own(connection, call):
    for value in (1, "a", 0.5, None, 2, "b"):
        assert await connection.fetch_all(call("SELECT $1", value)) == [(value,)]


async def test_more_than_a_socket_holds_goes_both_ways(connection, call):
    wide = "x" * 1_000_000
    results = await connection.run([call("SELECT $1", wide) for _ in range(16)])
    assert all(connection.rows_of(result) == [(wide,)] for result in results)


async def test_calls_after_a_failed_one_are_not_run(connection, call):
    await connection.run([call("CREATE TABLE words (word TEXT PRIMARY KEY)")])
    insert = "INSERT INTO words VALUES ($1)"
    results = await connection.run([call(insert, "a"), call("SELECT 1 / 0"), call(insert, "b")])
    assert [has_failed(result) for result in results] == [False, True, True]
    assert results[2].status == pq.ExecStatus.PIPELINE_ABORTED
    assert await connection.fetch_all(call("SELECT word FROM words")) == []
    # The plan that was asked for behind the failure does not exist, and is made again.
    for word in ("b", "c"):
        connection.check(await connection.run([call(insert, word)]))


async def test_failed_result_raises_what_it_means(connection, call):
    await connection.run([call("CREATE TABLE words (word TEXT PRIMARY KEY)")])
    twice = [call("INSERT INTO words VALUES ($1)", "a")] * 2
    with pytest.raises(Conflict):
        connection.check(await connection.run(twice))
    with pytest.raises(StoreError, match="nowhere"):
        await connection.fetch_all(call("SELECT * FROM nowhere"))
    assert connection.is_open


async def test_wrong_statement_is_told_before_it_travels(call):
    with pytest.raises(StoreError, match="wrong statement"):
        call("SELECT $2", 1)


async def test_readers_can_not_write(address, call):
    reader = await open_connection(address, is_reader=True)
    with pytest.raises(StoreUnavailable, match="read only"):
        reader.check(await reader.run([call("CREATE TABLE words (word TEXT)")]))
    reader.drop()


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("synchronous_commit", "off", "on"),
        ("default_transaction_isolation", "serializable", "read committed"),
        ("idle_session_timeout", "10min", "0"),
    ],
)
async def test_what_the_store_relies_on_is_not_left_to_the_role(address, server, call, name, theirs, ours):
    server.ask(f"ALTER ROLE aurora SET {name} = '{theirs}'")
    try:
        opened = await open_connection(address)
    finally:
        server.ask(f"ALTER ROLE aurora RESET {name}")
    assert await opened.fetch_all(call(f"SHOW {name}")) == [(ours,)]
    opened.drop()


async def test_cancelled_call_ends_at_the_server_and_the_connection_goes_on(connection, call, server):
    async def sleep():
        with trio.move_on_after(0.05):
            await connection.run([call("SELECT pg_sleep(30)")])

    assert await seconds_of(sleep) < 2
    assert connection.is_open
    assert running(server, connection.backend) == ["idle"]
    assert await connection.fetch_all(call("SELECT 1")) == [(1,)]


async def test_call_cancelled_when_it_was_about_to_end_costs_nothing(connection, call):
    for _ in range(20):
        with trio.CancelScope() as scope:
            scope.cancel()
            await connection.run([call("SELECT 1"), call("SELECT 2")])
        assert await connection.fetch_all(call("SELECT 3")) == [(3,)]
    assert connection.is_open


async def test_call_that_takes_too_long_is_broken_off(connection, call):
    with pytest.raises(Unanswered, match="did not answer within 0 s"):
        await connection.run([call("SELECT pg_sleep(30)")], seconds=0.05)
    assert await connection.fetch_all(call("SELECT 1")) == [(1,)]


async def test_frozen_server_holds_nobody_longer_than_agreed(connection, call):
    async def run():
        with trio.move_on_after(0.05):
            await connection.run([call("SELECT 1")])

    await connection.run([call("BEGIN")])
    with frozen(connection.backend):
        assert await seconds_of(run) < 2
    assert not connection.is_open


async def test_server_notices_that_a_connection_was_given_up_and_ends_what_runs_on_it(connection, call, server):
    async def wait():
        with pytest.raises(ConnectionLost):
            await connection.run([call("SELECT pg_sleep(30)")])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        connection.drop()
    with trio.fail_after(10):
        while running(server, connection.backend):  # noqa: ASYNC110 - the server tells nobody
            await trio.sleep(0.05)


async def test_connection_that_the_server_ends_is_lost(connection, call, server):
    server.ask(f"SELECT pg_terminate_backend({connection.backend})")
    with pytest.raises(ConnectionLost):
        await connection.fetch_all(call("SELECT 1"))
    assert not connection.is_open
    with pytest.raises(ConnectionLost, match="broke"):
        await connection.run([call("SELECT 1")])


async def test_dropping_wakes_whoever_waits(connection, call):
    async def wait():
        with pytest.raises(ConnectionLost):
            await connection.run([call("SELECT pg_sleep(30)")])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        connection.drop()


async def test_transaction_is_told_open_until_it_ends(connection, call):
    assert not connection.is_in_transaction
    await connection.run([call("BEGIN")])
    assert connection.is_in_transaction
    await connection.run([call("SELECT 1 / 0")])
    assert connection.is_in_transaction
    (result,) = await connection.run([call("COMMIT")])
    assert (result.command_status, connection.is_in_transaction) == (b"ROLLBACK", False)


async def test_announcements_are_heard_even_while_something_else_runs(connection, address, call):
    other = await open_connection(address)
    await connection.run([call("LISTEN here")])
    await other.run([call("SELECT pg_notify('here', $1)", "первый")])
    await connection.run([call("SELECT 1")])
    assert await connection.wait_for_announcements() == [(other.backend, "первый")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(other.run, [call("SELECT pg_notify('here', 'second')")]))
        assert await connection.wait_for_announcements() == [(other.backend, "second")]
    other.drop()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host": "/nowhere"}, "can't be reached"),
        ({"host": "/nowhere", "dbname": "nothing"}, "can't be reached"),
    ],
)
async def test_server_that_can_not_be_reached_makes_the_store_unavailable(address, change, said):
    error = await error_of(address, change)
    assert type(error) is StoreUnavailable
    assert said in str(error)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dbname": "nothing"}, 'database "nothing" does not exist'),
        ({"user": "nobody-here"}, 'role "nobody-here" does not exist'),
        ({"port": "port"}, "can't be reached"),
    ],
)
async def test_server_that_lets_nobody_in_is_told_from_one_that_is_away(address, change, said):
    error = await error_of(address, change)
    assert type(error) is StoreRefused
    assert said in str(error)


async def test_address_that_may_yet_let_us_in_says_more_than_one_that_does_not(address, server):
    error = await error_of(address, {"host": f"{server.folder},/nowhere", "dbname": "nothing"})
    assert type(error) is StoreUnavailable


async def test_server_without_room_is_away(address, server):
    server.ask("ALTER ROLE aurora CONNECTION LIMIT 0")
    try:
        error = await error_of(address, {})
    finally:
        server.ask("ALTER ROLE aurora CONNECTION LIMIT -1")
    assert type(error) is StoreUnavailable


async def error_of(address, change):
    wrong = type(address)({**address.parameters, "password": "canary-5f2c", **change}, address.shown)
    with pytest.raises(StoreUnavailable) as caught:
        await open_connection(wrong)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_server_that_says_nothing_is_not_waited_for_long(tmp_path, autojump_clock, address):
    listener = trio.socket.socket(trio.socket.AF_UNIX)
    with listener:
        await listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen()
        silent = type(address)({**address.parameters, "host": str(tmp_path)}, "silent")
        with pytest.raises(StoreUnavailable, match="no answer to connecting within 5 s"):
            await open_connection(silent)


async def test_database_that_can_not_keep_every_letter_is_refused(server):
    server.ask("CREATE DATABASE narrow ENCODING 'LATIN1' TEMPLATE template0")
    address = parse_address(server.url().replace("/aurora?", "/narrow?"))
    try:
        with pytest.raises(StoreError, match="keeps LATIN1"):
            await open_connection(address)
    finally:
        server.ask("DROP DATABASE narrow WITH (FORCE)")


async def test_every_address_is_tried(server, url):
    host = f"/nowhere,{server.folder}"
    address = parse_address(url)
    opened = await open_connection(type(address)({**address.parameters, "host": host}, "both"))
    assert await opened.fetch_all(Caller().call("SELECT 1")) == [(1,)]
    opened.drop()
