"""What only a server does: it goes away, comes back, freezes, is shared. The rest is in tests/contracts."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest
import trio

from store.errors import StoreError, StoreUnavailable
from store.factory import open_store
from store.postgres import open_postgres
from store.write import statement, wake
from tests.contracts.backends import VERSIONS, cluster_or_skip
from tests.contracts.clusters import Cluster

CREATE = statement("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)")


@pytest.fixture(params=VERSIONS)
def server(request):
    """The shared cluster: nothing here may stop it."""
    return cluster_or_skip(request.param)


@pytest.fixture
def url(server):
    with server.new_schema() as url:
        yield url


@pytest.fixture(scope="module", params=VERSIONS)
def breakable(request):
    """A cluster that tests stop and restart."""
    cluster_or_skip(request.param)
    made = Cluster(request.param)
    yield made
    made.remove()


@pytest.fixture
def breakable_url(breakable):
    breakable.ask("DROP SCHEMA IF EXISTS once CASCADE", "CREATE SCHEMA once AUTHORIZATION aurora")
    return breakable.url("once")


def put(word):
    return statement("INSERT INTO words (word) VALUES ($1)", word)


async def words(database):
    return [word for (word,) in await database.fetch_all("SELECT word FROM words ORDER BY word")]


@contextmanager
def frozen(backend):
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)


def backends_of(server):
    return set(server.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'aurora'"))


async def until_it_works(action):
    """Seconds until the action works again."""
    began = trio.current_time()
    while True:
        try:
            await action()
        except StoreUnavailable:
            await trio.sleep(0.05)
        else:
            return trio.current_time() - began


async def test_everything_handed_in_is_on_disk_at_the_end_even_when_cancelled(url):
    with trio.CancelScope() as scope:
        async with open_postgres(url) as database:
            await database.write(CREATE)
            async with trio.open_nursery() as nursery:
                for number in range(50):
                    nursery.start_soon(database.write, put(f"{number:02}"))
                scope.cancel()
    assert scope.cancelled_caught
    async with open_postgres(url) as database:
        assert await words(database) == [f"{number:02}" for number in range(50)]


async def test_error_of_the_block_comes_out_as_it_is(url):
    async def fail():
        async with open_postgres(url):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_closed_store_leaves_no_connection(url, server):
    others = backends_of(server)
    async with open_postgres(url) as database:
        await database.write(CREATE + put("one"))
        assert await words(database) == ["one"]
        assert len(backends_of(server) - others) == 3
    with trio.fail_after(5):
        while backends_of(server) - others:  # noqa: ASYNC110 - the server tells nobody when a backend has ended
            await trio.sleep(0.01)
    with pytest.raises(StoreUnavailable, match="closed"):
        await database.write(put("late"))
    with pytest.raises(StoreUnavailable, match="closed"):
        await words(database)


async def test_write_wakes_listeners_of_another_process(url):
    async with open_postgres(url) as one, open_postgres(url) as other, other.listen("words") as wakeups:
        await one.write(CREATE + put("one") + wake("words#one"))
        with trio.fail_after(5):
            await wakeups.wait()
        assert wakeups.take_hints() == ["one"]
        assert await words(other) == ["one"]


async def test_two_that_start_at_once_bring_the_schema_up_to_date_once(url):
    async def start():
        async with open_store(url) as store:
            await store.check_writable()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(start)
    async with open_postgres(url) as database:
        assert await database.fetch_all(
            "SELECT number, count(*) FROM schema_migrations GROUP BY 1 ORDER BY 1 LIMIT 1"
        ) == [(1, 1)]
        assert await database.fetch_all("SELECT count FROM writable_probe") == [(3,)]


async def test_backup_names_the_tools_for_it(url, tmp_path):
    async with open_postgres(url) as database:
        with pytest.raises(StoreError, match="aurora backup FILE"):
            await database.backup(tmp_path / "backup.db")


async def test_failed_transaction_that_is_committed_all_the_same_says_so(url):
    async def swallow():
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one')")
            with pytest.raises(StoreError):
                await transaction.execute("INSERT INTO nowhere VALUES (1)")

    async with open_postgres(url) as database:
        await database.write(CREATE)
        with pytest.raises(StoreError):
            await swallow()
        assert await words(database) == []


async def test_backend_frozen_inside_a_transaction_holds_nobody_longer_than_the_deadline(url):
    async with open_postgres(url) as database:
        await database.write(CREATE)

        async def be_held():
            with trio.move_on_after(0.2):
                async with database.transaction() as transaction:
                    await transaction.execute("INSERT INTO words VALUES ('lost')")
                    await transaction.execute("SELECT 1")
                    os.kill(database.link.backend, signal.SIGSTOP)
                    await transaction.execute("SELECT 1")

        backend = database.link.backend
        try:
            began = trio.current_time()
            await be_held()
            assert trio.current_time() - began < 2.5
            await database.write(put("kept"))
            assert await words(database) == ["kept"]
        finally:
            os.kill(backend, signal.SIGCONT)


async def test_stop_does_not_wait_for_a_frozen_backend_longer_than_the_deadline(url, expected_errors):
    async def write(database):
        with pytest.raises(StoreUnavailable):
            await database.write(put("in flight"))

    began = trio.current_time()
    async with trio.open_nursery() as nursery, open_postgres(url, close_seconds=1) as database:
        await database.write(CREATE)
        freeze = frozen(database.link.backend)
        freeze.__enter__()
        nursery.start_soon(write, database)
        await trio.lowlevel.checkpoint()
    assert trio.current_time() - began < 5
    freeze.__exit__(None, None, None)
    assert [line["event"] for line in expected_errors if line["level"] == "error"] == ["store_not_closed"]


@pytest.mark.parametrize("stop", ["INT", "QUIT"])
async def test_server_that_restarts_is_found_again_and_nothing_acknowledged_is_lost(breakable, breakable_url, stop):
    async with open_postgres(breakable_url) as database, database.listen("words") as wakeups:
        await database.write(CREATE + put("before"))
        await trio.to_thread.run_sync(breakable.restart, stop)
        assert await until_it_works(lambda: database.write(put("after"))) < 5
        assert await until_it_works(lambda: words(database)) < 5
        assert await words(database) == ["after", "before"]
        with trio.fail_after(5):
            await wakeups.wait()


async def test_while_the_server_is_away_everybody_is_told_quickly(breakable, breakable_url):
    async with open_postgres(breakable_url) as database:
        await database.write(CREATE)
        breakable.stop("QUIT")
        refused = []

        async def try_one(action):
            try:
                await action()
            except StoreUnavailable as error:
                refused.append(str(error))

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(try_one, lambda number=number: database.write(put(f"lost {number}")))
                nursery.start_soon(try_one, lambda: words(database))
        assert trio.current_time() - began < 2
        assert len(refused) == 100
        assert all("postgresql://aurora@/aurora" in text for text in refused)
        await trio.to_thread.run_sync(breakable.start)
        assert await until_it_works(lambda: database.write(put("back"))) < 5
        assert await until_it_works(lambda: words(database)) < 5
        assert await words(database) == ["back"]


async def test_server_without_a_connection_left_is_told_and_found_again(breakable, breakable_url):
    async with open_postgres(breakable_url) as database:
        await database.write(CREATE)
        breakable.ask(
            "ALTER ROLE aurora CONNECTION LIMIT 0",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'aurora'",
        )
        try:
            with pytest.raises(StoreUnavailable, match="too many connections"):
                await database.write(put("lost"))
        finally:
            breakable.ask("ALTER ROLE aurora CONNECTION LIMIT -1")
        assert await until_it_works(lambda: database.write(put("back"))) < 5
        assert await words(database) == ["back"]


async def test_server_that_is_not_there_refuses_the_start(breakable, breakable_url):
    breakable.stop()
    try:
        with pytest.raises(StoreUnavailable, match="can't be reached"):
            async with open_postgres(breakable_url):
                pass
    finally:
        await trio.to_thread.run_sync(breakable.start)
