"""Small reads answer at once, heavy ones leave the loop free."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import trio

from store.embedded.connection import connect
from store.embedded.placeholders import make_translator
from store.embedded.reads import Reads
from store.errors import StoreCorrupt, StoreError

LIGHT = "SELECT number FROM numbers WHERE number = $1"
FILL = """
    INSERT INTO numbers
    WITH RECURSIVE counted (number) AS (VALUES (?) UNION ALL SELECT number + 1 FROM counted WHERE number < ?)
    SELECT number FROM counted
"""
HEAVY = "SELECT count(*) FROM numbers AS a, numbers AS b WHERE a.number <> $1"


@pytest.fixture
def writer(store_path):
    with closing(connect(store_path)) as writer:
        writer.execute("CREATE TABLE numbers (number BIGINT PRIMARY KEY)")
        writer.execute(FILL, (0, 499))
        yield writer


@pytest.fixture
async def reads(writer, store_path):
    reads = Reads(store_path, make_translator(), inline=False)
    yield reads
    reads.close()


async def test_small_read_stays_in_the_loop(reads):
    assert await reads.fetch_all(LIGHT, (7,)) == [(7,)]
    assert reads._heavy == {}
    assert reads._spare == []


async def test_heavy_read_moves_to_a_thread_and_answers_the_same(reads):
    assert await reads.fetch_all(HEAVY, (-1,)) == [(250_000,)]
    assert HEAVY in reads._heavy
    assert len(reads._spare) == 1
    assert await reads.fetch_all(HEAVY, (0,)) == [(249_500,)]


async def test_heavy_read_is_tried_in_the_loop_again_after_a_while(reads, writer):
    await reads.fetch_all(HEAVY, (-1,))
    writer.execute("DELETE FROM numbers WHERE number > 5")
    for _ in range(100):
        await reads.fetch_all(HEAVY, (-1,))
    assert reads._heavy == {}


async def test_loop_goes_on_while_a_heavy_read_runs(reads, writer):
    writer.execute(FILL, (500, 2999))
    turns = 0

    async def count_turns():
        nonlocal turns
        while True:
            await trio.sleep(0.001)
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_turns)
        assert await reads.fetch_all(HEAVY, (-1,)) == [(9_000_000,)]
        nursery.cancel_scope.cancel()
    assert turns > 3


async def test_cancelled_heavy_read_returns_before_it_is_done(reads, monkeypatch):
    release = threading.Event()
    fetch = reads._fetch_in_thread
    reads._heavy[LIGHT] = 10
    reads._fetch_in_thread = lambda *arguments: (release.wait(), fetch(*arguments))[1]
    with trio.move_on_after(0.01) as scope:
        await reads.fetch_all(LIGHT, (7,))
    assert scope.cancelled_caught
    release.set()


async def test_thread_left_behind_closes_its_connection_after_the_store_has(reads):
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def connect_late(*_arguments):
        started.set()
        release.wait()
        try:
            return fetch(*_arguments)
        finally:
            ended.set()

    fetch = reads._fetch_in_thread
    reads._heavy[LIGHT] = 10
    reads._fetch_in_thread = connect_late
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.fetch_all, LIGHT, (7,))
        await trio.to_thread.run_sync(started.wait)
        nursery.cancel_scope.cancel()
    reads.close()
    release.set()
    ended.wait()
    assert reads._spare == []


async def test_many_heavy_reads_share_few_threads(reads):
    reads._heavy[HEAVY] = 100
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(reads.fetch_all, HEAVY, (-1,))
    assert 1 <= len(reads._spare) <= 2


async def test_inline_reads_never_leave_the_loop(writer, store_path):
    reads = Reads(store_path, make_translator(), inline=True)
    assert await reads.fetch_all(HEAVY, (-1,)) == [(250_000,)]
    assert reads._heavy == {}
    reads.close()


async def test_read_is_a_checkpoint(reads):
    with trio.CancelScope() as scope:
        scope.cancel()
        await reads.fetch_all(LIGHT, (7,))
    assert scope.cancelled_caught


async def test_loop_does_not_wait_for_a_locked_file(reads, writer, store_path):
    writer.execute("PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(store_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with trio.move_on_after(0.05) as scope:
            await reads.fetch_all(LIGHT, (7,))
        assert scope.cancelled_caught
        other.execute("ROLLBACK")
    assert await reads.fetch_all(LIGHT, (7,)) == [(7,)]


@pytest.mark.parametrize("is_heavy", [False, True])
async def test_wrong_read_is_an_error_wherever_it_runs(reads, is_heavy):
    if is_heavy:
        reads._heavy["SELECT nonsense"] = 5
    with pytest.raises(StoreError, match="nonsense"):
        await reads.fetch_all("SELECT nonsense", ())
    with pytest.raises(StoreError, match="0 parameters for 1"):
        await reads.fetch_all(LIGHT, ())
    with pytest.raises(StoreError):
        await reads.fetch_all("SELECT $1", (object(),))


def damage(path):
    content = bytearray(Path(path).read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    Path(path).write_bytes(content)


@pytest.mark.parametrize("is_heavy", [False, True])
async def test_damage_found_while_reading_is_told(writer, store_path, is_heavy):
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()
    damage(store_path)
    reads = Reads(store_path, make_translator(), inline=False)
    if is_heavy:
        reads._heavy[LIGHT] = 5
    with pytest.raises(StoreCorrupt, match=store_path):
        await reads.fetch_all(LIGHT, (7,))
    reads.close()
