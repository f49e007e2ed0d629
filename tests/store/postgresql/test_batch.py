"""One bad write fails alone, all others are on disk together; the rows are those that one by one would leave."""

from __future__ import annotations

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.errors import CapReached, Conflict, LeaseLost, StoreError, StoreUnavailable
from store.postgresql.batch import BatchRunner
from store.postgresql.connection import open_connection
from store.postgresql.link import Link
from store.write import NOTHING, join, statement, wake


@pytest.fixture
def announced():
    return []


@pytest.fixture
async def link(address):
    made = Link(address, doubt_seconds=5, tell_doubt=lambda _: None)
    yield made
    made.drop()


@pytest.fixture
async def runner(link, announced):
    def announce(topics):
        announced.append(list(topics))
        return []

    connection = await link.connection()
    create = link.caller.call("CREATE TABLE words (word TEXT PRIMARY KEY, count BIGINT NOT NULL DEFAULT 0)")
    connection.check(await connection.run([create]))
    return BatchRunner(link, announce)


@pytest.fixture
async def words(address, call):
    looking = await open_connection(address)

    async def look():
        return [word for (word,) in await looking.fetch_all(call("SELECT word FROM words ORDER BY word"))]

    yield look
    looking.drop()


def put(word, **expectation):
    return statement("INSERT INTO words (word) VALUES ($1)", word, **expectation)


def drop(word):
    return statement("DELETE FROM words WHERE word = $1", word, expects=1, otherwise=LeaseLost, unless="nobody there")


def kinds(outcomes):
    return [outcome and type(outcome) for outcome in outcomes]


async def test_good_writes_are_on_disk_together(runner, words):
    assert await runner.run([put("a"), put("b") + put("c"), NOTHING]) == [None] * 3
    assert await words() == ["a", "b", "c"]


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 200])
async def test_bad_write_fails_alone_whatever_its_place(runner, words, size):
    for place in {0, size // 2, size - 1}:
        batch = [put(f"{place}:{number:03}") for number in range(size)]
        batch[place] = put("half") + drop("nobody")
        outcomes = await runner.run(batch)
        assert [number for number, outcome in enumerate(outcomes) if outcome] == [place]
        assert (type(outcomes[place]), str(outcomes[place])) == (LeaseLost, "nobody there")
    assert len(await words()) == len({0, size // 2, size - 1}) * (size - 1)


async def test_each_kind_of_miss_is_told_apart(runner, words):
    outcomes = await runner.run(
        [
            put("a"),
            put("a"),
            put("b", expects=2, otherwise=CapReached),
            statement("INSERT INTO nowhere VALUES (1)"),
            statement("INSERT INTO words VALUES ($1)", object()),
            statement("SELECT 1 FROM words WHERE word = $1 FOR SHARE", "a", expects=1) + put("c"),
        ]
    )  # fmt: skip - a line each
    assert kinds(outcomes) == [None, Conflict, CapReached, StoreError, StoreError, None]
    assert await words() == ["a", "c"]


async def test_batch_of_which_nothing_is_left_leaves_nothing_open(runner, link, words):
    assert kinds(await runner.run([drop("a"), drop("b")])) == [LeaseLost, LeaseLost]
    assert kinds(await runner.run([drop("a")])) == [LeaseLost]
    assert kinds(await runner.run([statement("SELECT $1", object())])) == [StoreError]
    assert not (await link.connection()).is_in_transaction


async def test_topics_of_those_that_happened_are_announced(runner, announced):
    await runner.run([put("a") + wake("one"), put("a") + wake("two"), NOTHING + wake("three")])
    assert announced == [["one", "three"]]


async def test_whole_batch_fails_with_what_would_meet_every_write(runner, words):
    await runner.run(
        [
            statement(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$f$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $f$"
            ),
            statement(
                "CREATE TRIGGER full_disk BEFORE INSERT ON words FOR EACH ROW "
                "WHEN (NEW.word = 'wide') EXECUTE FUNCTION refuse()"
            ),
        ]
    )  # fmt: skip - a line each
    with pytest.raises(StoreUnavailable, match="disk is full: free some space"):
        await runner.run([put("a"), put("wide"), put("b")])
    assert await words() == []
    await runner.run([put("a")])
    assert await words() == ["a"]


async def test_connection_that_broke_before_the_commit_is_replaced_unnoticed(runner, link, server, words):
    await runner.run([put("a")])
    server.ask(f"SELECT pg_terminate_backend({link.backend})")
    assert await runner.run([put("b"), drop("nobody")]) != [None, None]
    assert await words() == ["a", "b"]


async def test_row_that_somebody_holds_locked_fails_its_own_write_only(runner, address, call, words):
    await runner.run([put("held")])
    other = await open_connection(address)
    await other.run([call("BEGIN"), call("SELECT 1 FROM words FOR UPDATE")])
    connection = await runner._link.connection()
    await connection.run([call("SET lock_timeout = '50ms'")])
    outcomes = await runner.run([put("a"), statement("UPDATE words SET count = 1 WHERE word = 'held'"), put("b")])
    assert [outcome is None for outcome in outcomes] == [True, False, True]
    assert "holds a row locked" in str(outcomes[1])
    assert await words() == ["a", "b", "held"]
    other.drop()


async def test_two_writers_in_each_others_way_both_come_through(address, runner, words):
    """Each locks what the other wants: the server breaks one off, and that one is run again."""
    await runner.run([put("a"), put("b")])
    links = [Link(address, doubt_seconds=5, tell_doubt=lambda _: None) for _ in range(2)]
    runners = [BatchRunner(link, lambda _: []) for link in links]
    count = "UPDATE words SET count = count + 1 WHERE word = $1"
    failed = []

    async def write(runner, order):
        for _ in range(10):
            failed.extend(error for error in await runner.run([statement(count, word) for word in order]) if error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, runners[0], "ab" * 20)
        nursery.start_soon(write, runners[1], "ba" * 20)
    assert failed == []
    connection = await links[0].connection()
    assert await connection.fetch_all(links[0].caller.call("SELECT sum(count)::bigint FROM words")) == [(800,)]
    for link in links:
        link.drop()


async def test_place_that_two_processes_took_is_counted_anew(address, runner):
    create = "CREATE TABLE queue (name TEXT PRIMARY KEY, place BIGINT NOT NULL UNIQUE)"
    await runner.run([statement(create)])
    append = "INSERT INTO queue SELECT $1, coalesce(max(place), 0) + 1 FROM queue"
    links = [Link(address, doubt_seconds=5, tell_doubt=lambda _: None) for _ in range(3)]
    failed = []

    async def write(name, link):
        runner = BatchRunner(link, lambda _: [])
        for number in range(15):
            failed.extend(error for error in await runner.run([statement(append, f"{name}:{number}")]) if error)

    async with trio.open_nursery() as nursery:
        for name, link in enumerate(links):
            nursery.start_soon(write, name, link)
    assert failed == []
    for link in links:
        link.drop()


WORDS = st.sampled_from("abcdef")
WRITES = st.lists(st.one_of(WORDS.map(put), WORDS.map(drop), st.tuples(WORDS.map(put), WORDS.map(drop)).map(join)))


async def leaves(writes, rows, expected, runner, words):
    await runner.run([statement("DELETE FROM words")])
    assert kinds(await runner.run(writes)) == expected
    assert set(await words()) == rows


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(WRITES, min_size=1, max_size=5))
async def test_batch_leaves_what_one_by_one_would(address, batches):
    # Its own link: fixtures of Trio are closed after the first example.
    link = Link(address, doubt_seconds=5, tell_doubt=lambda _: None)
    runner = BatchRunner(link, lambda _: [])
    create = "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY, count BIGINT NOT NULL DEFAULT 0)"
    await runner.run([statement(create)])

    async def words():
        call = link.caller.call("SELECT word FROM words")
        return [word for (word,) in await (await link.connection()).fetch_all(call)]

    for writes in batches:
        rows, expected = set(), []
        for write in writes:
            rows, error = apply(rows, write)
            expected.append(error)
        await leaves(writes, rows, expected, runner, words)
    link.drop()


def apply(rows, write):
    """What the write leaves of these rows when it is run by itself, and its error."""
    after = set(rows)
    for one in write.statements:
        (word,) = one.parameters
        is_put = one.sql.startswith("INSERT")
        if is_put == (word in after):
            return rows, Conflict if is_put else LeaseLost
        after = after | {word} if is_put else after - {word}
    return after, None
