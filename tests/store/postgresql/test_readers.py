"""Reads find the server again by themselves, and more of them than there are connections wait their turn."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from store.errors import StoreError, StoreUnavailable
from store.postgresql.readers import Readers


@pytest.fixture
async def readers(address):
    made = Readers(address, connections=2)
    yield made
    made.close()


def connections_of(server):
    return server.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'aurora' AND query NOT LIKE '%pg_stat_activity%'"
    )[0][0]


async def test_connections_are_shared_and_no_more_than_allowed(readers, call, server):
    before = connections_of(server)
    rows = []

    async def read(number):
        rows.extend(await readers.fetch_all(call("SELECT $1", number)))

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(read, number)
    assert sorted(rows) == [(number,) for number in range(20)]
    assert connections_of(server) - before <= 2


async def test_wrong_read_says_so_and_the_next_one_works(readers, call):
    with pytest.raises(StoreError, match="nowhere"):
        await readers.fetch_all(call("SELECT * FROM nowhere"))
    assert await readers.fetch_all(call("SELECT 1")) == [(1,)]


async def test_read_over_a_connection_that_broke_while_idle_is_repeated_unnoticed(readers, call, server):
    pid = "SELECT pg_backend_pid()"
    ((backend,),) = await readers.fetch_all(call(pid))
    server.ask(f"SELECT pg_terminate_backend({backend})")
    assert await readers.fetch_all(call(pid)) != [(backend,)]


async def test_cancelled_read_gives_its_place_back(readers, call):
    for _ in range(4):
        with trio.move_on_after(0.01):
            await readers.fetch_all(call("SELECT pg_sleep(30)"))
    assert await readers.fetch_all(call("SELECT 1")) == [(1,)]


async def test_while_the_server_is_away_reads_are_refused_at_once_between_two_tries(address, call, autojump_clock):
    away = Readers(type(address)({**address.parameters, "host": "/nowhere"}, "away"))
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="store away: the database can't be reached"):
            await away.fetch_all(call("SELECT 1"))
    first = away._next_try
    await trio.sleep(10)
    with pytest.raises(StoreUnavailable):
        await away.fetch_all(call("SELECT 1"))
    assert away._next_try > first


async def test_closing_ends_reads_that_still_run(readers, call):
    async def read():
        with pytest.raises(StoreUnavailable):
            await readers.fetch_all(call("SELECT pg_sleep(30)"))

    await readers.fetch_all(call("SELECT 1"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        readers.close()
        nursery.cancel_scope.deadline = trio.current_time() + 5
