"""The writer's connection comes back by itself, and what became of a COMMIT it was lost over is found out."""

from __future__ import annotations

import os
import signal

import pytest
import trio

from store.errors import OutcomeUnknown, StoreUnavailable
from store.postgresql.address import parse_address
from store.postgresql.connection import open_connection
from store.postgresql.link import Link
from tests.store.postgresql.proxy import open_proxy


@pytest.fixture
def doubts():
    return []


@pytest.fixture
async def proxy(server, tmp_path):
    async with open_proxy(server, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def link_to(doubts):
    def make(url, doubt_seconds=20.0):
        return Link(parse_address(url), doubt_seconds=doubt_seconds, tell_doubt=doubts.append)

    return make


@pytest.fixture
async def link(link_to, proxy, url):
    made = link_to(proxy.url(url))
    connection = await made.connection()
    connection.check(await connection.run([made.caller.call("CREATE TABLE words (word TEXT PRIMARY KEY)")]))
    yield made
    made.drop()


@pytest.fixture
async def words(address, call):
    """What is in the database, by a way of its own."""
    looking = await open_connection(address)

    async def look():
        return [word for (word,) in await looking.fetch_all(call("SELECT word FROM words ORDER BY word"))]

    yield look
    looking.drop()


def schema_of(url):
    return url.rpartition("%3D")[2]


async def put(link, word):
    connection = await link.open_transaction()
    insert = link.caller.call("INSERT INTO words VALUES ($1)", word)
    connection.check(await connection.run([insert, link.number_next()]))
    await link.commit(connection)


async def test_same_connection_serves_until_it_breaks(link):
    first = await link.connection()
    assert await link.connection() is first
    first.drop()
    assert await link.connection() is not first


async def test_transaction_begins_on_a_new_connection_where_the_old_one_broke_unnoticed(link, server, words):
    server.ask(f"SELECT pg_terminate_backend({link.backend})")
    await put(link, "a")
    assert await words() == ["a"]


async def test_commit_whose_answer_was_lost_is_known_to_have_happened(link, proxy, words, doubts):
    proxy.at_commit = "swallow"
    await put(link, "a")
    assert proxy.broken.is_set()
    assert await words() == ["a"]
    assert len(doubts) == 1
    assert link.doubt is None
    await put(link, "b")
    assert await words() == ["a", "b"]


async def test_commit_that_never_arrived_is_known_not_to_have_happened(link, proxy, words):
    proxy.at_commit = "lose"
    with pytest.raises(StoreUnavailable, match="nothing of the last writes happened") as caught:
        await put(link, "a")
    assert not isinstance(caught.value, OutcomeUnknown)
    assert await words() == []
    await put(link, "a")
    assert await words() == ["a"]


async def test_transaction_whose_outcome_can_not_be_told_says_so(link_to, proxy, url, words, link):
    impatient = link_to(proxy.url(url), doubt_seconds=0.5)
    await impatient.connection()
    proxy.at_commit = "swallow"

    async def go_down():
        await proxy.broken.wait()
        proxy.is_down = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_down)
        with pytest.raises(OutcomeUnknown):
            await put(impatient, "a")
    assert await words() == ["a"]
    impatient.drop()


async def test_outcome_waits_for_what_the_server_still_does_for_the_old_connection(link, server, words):
    """A frozen backend may commit after the daemon has a new connection: the row's lock tells."""
    doubted = trio.Event()
    link._tell_doubt = lambda _: doubted.set()
    connection = await link.open_transaction()
    insert = link.caller.call("INSERT INTO words VALUES ('late')")
    connection.check(await connection.run([insert, link.number_next()]))
    backend = connection.backend
    os.kill(backend, signal.SIGSTOP)
    thawed = trio.Event()

    async def thaw():
        await doubted.wait()
        await trio.sleep(0.2)
        thawed.set()
        os.kill(backend, signal.SIGCONT)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(thaw)
        with trio.move_on_after(0.2):
            await link.commit(connection)
        # The frozen server has the COMMIT in its socket; only the connection was given up.
        link.drop()
        try:
            await link._find_out(StoreUnavailable("lost"))
            is_committed = True
        except StoreUnavailable:
            is_committed = False
    assert thawed.is_set()
    assert (await words() == ["late"]) is is_committed


async def test_server_that_is_away_is_tried_now_and_then_and_refused_at_once_in_between(proxy, url, link_to, link):
    late = link_to(proxy.url(url))
    proxy.is_down = True
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        await late.connection()
    proxy.is_down = False
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        await late.connection()
    await trio.sleep_until(late._next_try)
    assert (await late.connection()).is_open
    late.drop()


async def test_writer_that_is_not_on_record_any_more_signs_on_again(link, server, words, url):
    server.ask(f"SET search_path = {schema_of(url)}", "DELETE FROM writer_commits")
    connection = await link.open_transaction()
    (result,) = await connection.run([link.number_next()])
    assert result.command_tuples == 0
    connection.drop()
    await put(link, "a")
    assert await words() == ["a"]


async def test_closed_link_leaves_no_row_and_no_connection(link, server, url):
    look = (f"SET search_path = {schema_of(url)}", "SELECT count(*) FROM writer_commits")
    connection = await link.connection()
    assert server.ask(*look) == [(1,)]
    await link.close()
    assert server.ask(*look) == [(0,)]
    assert not connection.is_open


async def test_roll_back_ends_a_transaction_or_its_connection(link):
    connection = await link.open_transaction()
    await link.roll_back(connection)
    assert (connection.is_open, connection.is_in_transaction) == (True, False)
    await link.roll_back(connection)
    connection = await link.open_transaction()
    os.kill(connection.backend, signal.SIGSTOP)
    try:
        began = trio.current_time()
        await link.roll_back(connection)
        assert trio.current_time() - began < 4
    finally:
        os.kill(connection.backend, signal.SIGCONT)
    assert not connection.is_open
