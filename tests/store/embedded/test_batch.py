"""A batch leaves what its writes one by one would leave; a disk that fails leaves nothing of it."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.embedded.batch import BatchRunner
from store.embedded.connection import connect
from store.embedded.placeholders import make_translator
from store.errors import Conflict, LeaseLost, StoreCorrupt, StoreError, StoreUnavailable
from store.write import NOTHING, statement


def make_runner(connection, path=":memory:"):
    connection.execute("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY, length BIGINT NOT NULL)")
    return BatchRunner(connection, make_translator(), path)


@pytest.fixture
def connection(store_path):
    with closing(connect(store_path)) as connection:
        yield connection


@pytest.fixture
def runner(connection, store_path):
    return make_runner(connection, store_path)


def put(word):
    return statement("INSERT INTO words (word, length) VALUES ($1, $2)", word, len(word))


def words(connection):
    return [row[0] for row in connection.execute("SELECT word FROM words ORDER BY rowid")]


def test_batch_is_one_transaction(runner, connection):
    seen = []
    connection.set_trace_callback(seen.append)
    assert runner.run([put("a"), put("b"), NOTHING]) == [None, None, None]
    assert [line.split()[0] for line in seen] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


def test_large_batch_is_one_transaction_with_few_savepoints(runner, connection):
    seen = []
    connection.set_trace_callback(seen.append)
    assert runner.run([put(f"{number}") for number in range(200)]) == [None] * 200
    assert (seen[0], seen[-1], seen.count("COMMIT")) == ("BEGIN IMMEDIATE", "COMMIT", 1)
    assert sum(line.startswith("SAVEPOINT") for line in seen) == 4


def test_lone_write_that_fails_commits_nothing(runner, connection):
    seen = []
    connection.set_trace_callback(seen.append)
    (outcome,) = runner.run([put("a") + statement("DELETE FROM words WHERE word = 'x'", expects=1)])
    assert type(outcome) is Conflict
    assert [line.split()[0] for line in seen] == ["BEGIN", "INSERT", "DELETE", "ROLLBACK"]
    assert words(connection) == []
    assert runner.run([]) == []


def test_failed_writes_have_their_errors_and_others_none(runner, connection):
    lost = put("half") + statement("DELETE FROM words WHERE word = 'x'", expects=1, otherwise=LeaseLost)
    outcomes = runner.run([put("a"), put("a"), lost, put("b"), statement("nonsense"), put("c")])
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        Conflict,
        LeaseLost,
        type(None),
        StoreError,
        type(None),
    ]
    assert words(connection) == ["a", "b", "c"]


def test_later_write_sees_an_earlier_one_of_its_batch(runner, connection):
    add = statement("UPDATE words SET length = length + 1 WHERE word = 'a'", expects=1)
    assert runner.run([put("a"), add, add]) == [None, None, None]
    assert connection.execute("SELECT length FROM words").fetchone() == (3,)


def test_write_that_depends_on_a_failed_one_fails_too(runner):
    failed = put("a") + statement("nonsense")
    dependent = statement("UPDATE words SET length = 0 WHERE word = 'a'", expects=1)
    assert all(runner.run([failed, dependent]))


WRITES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["insert", "update", "delete", "wrong"]), st.sampled_from("abcd"), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    max_size=90,
)


def make_write(operations):
    sqls = {
        "insert": "INSERT INTO words (word, length) VALUES ($1, 1)",
        "update": "UPDATE words SET length = length + 1 WHERE word = $1",
        "delete": "DELETE FROM words WHERE word = $1",
        "wrong": "INSERT INTO words (word, length) VALUES ($1, NULL)",
    }
    write = NOTHING
    for verb, word, must in operations:
        write += statement(sqls[verb], word, expects=1 if must else None)
    return write


@settings(max_examples=150, deadline=None)
@given(WRITES)
def test_one_batch_leaves_what_one_write_after_another_leaves(many):
    writes = [make_write(operations) for operations in many]
    with closing(connect(":memory:")) as together, closing(connect(":memory:")) as apart:
        outcomes = make_runner(together).run(writes)
        runner = make_runner(apart)
        singles = [runner.run([write])[0] for write in writes]
        assert [type(outcome) for outcome in outcomes] == [type(single) for single in singles]
        query = "SELECT word, length FROM words ORDER BY word"
        assert together.execute(query).fetchall() == apart.execute(query).fetchall()


def test_groups_shrink_while_writes_fail_and_grow_again(runner, connection):
    runner.run([put("a")])
    runner.run([put("a")] * 200)
    assert runner._group == 1
    runner.run([put(f"{number}") for number in range(300)])
    assert runner._group == 64
    assert len(words(connection)) == 301


@pytest.fixture
def no_room(connection):
    """A file that may not grow."""

    @contextmanager
    def stop_growth():
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        yield
        connection.execute("PRAGMA max_page_count = 1000000")

    return stop_growth


def test_full_disk_in_a_statement_undoes_the_whole_batch_and_the_next_one_works(runner, connection, no_room):
    with no_room(), pytest.raises(StoreUnavailable, match="free some space"):
        runner.run([put("a"), put("b" * 100_000), put("c")])
    assert words(connection) == []
    assert runner.run([put("d")]) == [None]
    assert words(connection) == ["d"]


@contextmanager
def largest_file(size):
    """No file may grow beyond `size`: a write fails as on a full disk. Python ignores the signal that comes with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_write_that_fails_in_the_commit_undoes_the_whole_batch_and_the_next_one_works(runner, connection, store_path):
    runner.run([put("before")])
    size = Path(f"{store_path}-wal").stat().st_size
    for _ in range(3):
        with largest_file(size), pytest.raises(StoreUnavailable, match=store_path):
            runner.run([put("a"), put("b")])
        assert words(connection) == ["before"]
    assert runner.run([put("c")]) == [None]
    with closing(connect(store_path, is_reader=True)) as reader:
        assert words(reader) == ["before", "c"]
        assert reader.execute("PRAGMA quick_check").fetchone() == ("ok",)


def test_read_only_store_says_so(runner, connection):
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match="check the mount"):
        runner.run([put("a")])
    connection.execute("PRAGMA query_only = OFF")
    assert runner.run([put("a")]) == [None]


def test_file_locked_by_another_program_says_so(runner, connection, store_path):
    connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="close that program"):
            runner.run([put("a")])
        other.execute("ROLLBACK")
    assert runner.run([put("a")]) == [None]


def test_damage_found_while_writing_is_told(store_path):
    with closing(connect(store_path)) as connection:
        make_runner(connection).run([put(f"{number:0200}") for number in range(2000)])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(Path(store_path).read_bytes())
    content[8192:-4096] = b"\x55" * (len(content) - 8192 - 4096)
    Path(store_path).write_bytes(content)
    with closing(connect(store_path)) as connection, pytest.raises(StoreCorrupt, match=store_path):
        BatchRunner(connection, make_translator(), store_path).run([put("a")])


def test_transaction_left_open_by_an_accident_is_rolled_back_first(runner, connection):
    connection.execute("BEGIN")
    connection.execute("INSERT INTO words VALUES ('stray', 5)")
    assert runner.run([put("a")]) == [None]
    assert words(connection) == ["a"]


def test_whatever_else_is_raised_leaves_no_transaction_open(runner, connection):
    class Stop(BaseException):
        pass

    def stop(_sql):
        raise Stop

    runner._translate = stop
    with pytest.raises(Stop):
        runner.run([put("a")])
    assert not connection.in_transaction
