"""What only the embedded backend does: files, threads, shutdown. The rest is in tests/contracts."""

from __future__ import annotations

import gc
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from store.errors import StoreInUse, StoreUnavailable
from store.sqlite import open_sqlite
from store.write import statement
from tests.crash.faulty_disk import the_disk

CREATE = statement("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)")


def put(word):
    return statement("INSERT INTO words (word) VALUES ($1)", word)


def words(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return [row[0] for row in connection.execute("SELECT word FROM words ORDER BY word")]


def files_of(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize("inline", [False, True])
async def test_everything_handed_in_is_on_disk_at_the_end_even_when_cancelled(store_path, inline):
    with trio.CancelScope() as scope:
        async with open_sqlite(store_path, inline=inline) as database:
            await database.write(CREATE)
            async with trio.open_nursery() as nursery:
                for number in range(50):
                    nursery.start_soon(database.write, put(f"{number:02}"))
                scope.cancel()
    assert scope.cancelled_caught
    assert words(store_path) == [f"{number:02}" for number in range(50)]


async def test_error_of_the_block_comes_out_as_it_is(store_path):
    async def fail():
        async with open_sqlite(store_path):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_closed_store_leaves_one_file_and_its_lock(store_path, tmp_path):
    async with open_sqlite(store_path) as database:
        await database.write(CREATE + put("one"))
        assert await database.fetch_one("SELECT word FROM words") == ("one",)
    assert files_of(tmp_path) == ["aurora.db", "aurora.db.lock"]


async def test_second_opening_is_refused(store_path):
    async with open_sqlite(store_path):
        with pytest.raises(StoreInUse):
            async with open_sqlite(store_path):
                pass
    async with open_sqlite(store_path):
        pass


async def test_write_outside_of_the_block_is_refused(store_path):
    async with open_sqlite(store_path) as database:
        await database.write(CREATE)
    with pytest.raises(StoreUnavailable, match="closed"):
        await database.write(put("late"))


async def test_loop_goes_on_while_the_writer_works(store_path):
    async with open_sqlite(store_path) as database:
        release = threading.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database._commits.call, release.wait)
            nursery.start_soon(database.write, CREATE)
            assert await database.fetch_one("SELECT 1") == (1,)
            release.set()


async def test_transaction_cancelled_while_it_begins_leaves_none_open(store_path):
    async def begin_and_be_cancelled():
        with trio.CancelScope() as scope:
            nursery.start_soon(cancel_then_release, scope)
            async with database.transaction():
                raise AssertionError("must not begin")

    async def cancel_then_release(scope):
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        release.set()

    release = threading.Event()
    async with open_sqlite(store_path) as database:
        await database.write(CREATE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database._commits.call, release.wait)
            await trio.testing.wait_all_tasks_blocked()
            await begin_and_be_cancelled()
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one')")
    assert words(store_path) == ["one"]


async def test_busy_loop_does_not_starve_the_writer(store_path):
    turns, is_over = 0, False

    async def keep_the_loop_busy():
        nonlocal turns
        while not is_over:
            until = time.perf_counter() + 0.0002
            while time.perf_counter() < until:
                pass
            turns += 1
            await trio.lowlevel.checkpoint()

    async with open_sqlite(store_path) as database:
        await database.write(CREATE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_the_loop_busy)
            for number in range(50):
                await database.write(put(f"{number}"))
            is_over = True
    assert turns < 50 * 200


# What a hanging disk holds is given up on purpose; since Python 3.13 the collector says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_disk_that_hangs_is_left_after_a_while_and_the_lock_stays(store_path, expected_errors):
    release = threading.Event()
    threads = []

    async def leave():
        async with open_sqlite(store_path, close_seconds=0.05) as database:
            threads.append(database._worker._thread)
            with trio.move_on_after(0.01):
                await database._commits.call(release.wait)

    await leave()
    gc.collect()
    assert [line["event"] for line in expected_errors] == ["store_not_closed"]
    with pytest.raises(StoreInUse):
        async with open_sqlite(store_path):
            pass
    release.set()
    await trio.to_thread.run_sync(threads[0].join)
    threads.clear()
    gc.collect()
    async with open_sqlite(store_path):
        pass


@contextmanager
def largest_file(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("inline", [False, True])
async def test_all_who_wait_learn_of_a_full_disk_and_later_writes_work(store_path, inline):
    failed = []

    async def write(word):
        try:
            await database.write(put(word))
        except StoreUnavailable as error:
            failed.append(str(error))

    async with open_sqlite(store_path, inline=inline) as database:
        await database.write(CREATE)
        with largest_file(4096):
            async with trio.open_nursery() as nursery:
                for number in range(10):
                    nursery.start_soon(write, f"{number}")
            assert await database.fetch_all("SELECT word FROM words") == []
        await database.write(put("after"))
        assert await database.fetch_all("SELECT word FROM words") == [("after",)]
    assert len(failed) == 10
    assert all(store_path in message for message in failed)
    assert words(store_path) == ["after"]


async def test_transaction_on_a_full_disk_fails_and_the_next_one_works(store_path):
    async def insert(word):
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ($1)", word)

    async with open_sqlite(store_path) as database:
        await database.write(CREATE)
        with largest_file(4096), pytest.raises(StoreUnavailable):
            await insert("lost")
        await insert("kept")
    assert words(store_path) == ["kept"]


WRITE_FOR_EVER = """
import sys, trio
from store.sqlite import open_sqlite
from store.write import statement
from tests.crash.faulty_disk import the_disk

async def main():
    async with open_sqlite(sys.argv[1]) as database:
        await database.write(statement("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)"))
        async def write(task):
            for number in range(10**6):
                await database.write(statement("INSERT INTO words VALUES ($1)", f"{task}:{number}")
                                     + statement("INSERT INTO words VALUES ($1)", f"{task}:{number}:twin"))
                print(f"{task}:{number}", flush=True)
        async with trio.open_nursery() as nursery:
            for task in range(20):
                nursery.start_soon(write, task)

trio.run(main)
"""


@pytest.mark.parametrize("lines", [1, 50, 500])
def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_there(store_path, lines):
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WRITE_FOR_EVER, store_path], stdout=subprocess.PIPE, text=True
    )
    acknowledged = [process.stdout.readline().strip() for _ in range(lines)]
    process.kill()
    acknowledged += [line.strip() for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    found = set(words(store_path))
    assert set(acknowledged) <= found
    singles = {word for word in found if not word.endswith(":twin")}
    assert {f"{word}:twin" for word in singles} == found - singles


@pytest.mark.parametrize("inline", [False, True])
async def test_backup_while_writing_is_a_store_of_one_moment(store_path, tmp_path, inline):
    target = str(tmp_path / "backup.db")
    async with open_sqlite(store_path, inline=inline) as database:
        await database.write(CREATE)

        async def write(task):
            for number in range(30):
                await database.write(put(f"{task}:{number}") + put(f"{task}:{number}:twin"))

        async with trio.open_nursery() as nursery:
            for task in range(5):
                nursery.start_soon(write, task)
            await trio.lowlevel.checkpoint()
            await database.backup(target)
    found = words(target)
    assert len(found) % 2 == 0
    assert len(words(store_path)) == 300


async def test_backup_of_a_store_in_memory_works_too(tmp_path):
    async with open_sqlite(":memory:") as database:
        await database.write(CREATE + put("one"))
        await database.backup(str(tmp_path / "backup.db"))
    assert words(str(tmp_path / "backup.db")) == ["one"]


async def test_cancelled_backup_leaves_nothing(store_path, tmp_path):
    target = tmp_path / "backup.db"
    async with open_sqlite(store_path) as database:
        await database.write(CREATE)
        with trio.CancelScope() as scope:
            scope.cancel()
            await database.backup(str(target))
    assert scope.cancelled_caught
    assert [name for name in files_of(tmp_path) if "backup" in name] == []


async def test_store_in_memory_needs_no_thread_and_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = threading.active_count()
    async with open_sqlite(":memory:") as database:
        await database.write(CREATE + put("one"))
        assert threading.active_count() == before
    assert files_of(tmp_path) == []


async def test_inline_store_works_under_a_virtual_clock(store_path, autojump_clock):
    async with open_sqlite(store_path, inline=True) as database:
        await database.write(CREATE)
        began = trio.current_time()
        for number in range(100):
            await database.write(put(f"{number}"))
            await database.fetch_all("SELECT word FROM words")
        assert trio.current_time() == began
        await trio.sleep(3600)
    assert len(words(store_path)) == 100


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_file_is_closed_after_a_write_that_failed(tmp_path, at):
    path = tmp_path / "aurora.db"
    with the_disk().mounted() as disk:
        async with open_sqlite(str(path), inline=True) as database:
            await database.write(statement("CREATE TABLE words (word TEXT)"))
            disk.arm("error_once", at)
            with pytest.raises(StoreUnavailable):
                await database.write(statement("INSERT INTO words VALUES ('one')"))
        # SQLite takes its log away when the last connection closes: with the database itself still in somebody's hands.
        assert "aurora.db-wal" not in files_of(tmp_path)
        assert database is not None
