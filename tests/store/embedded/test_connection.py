"""A store file that can not be used is refused with its name and the mend, and left as it was."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from store.embedded.connection import check_file, connect, explain_error, prepare_file
from store.errors import Conflict, StoreCorrupt, StoreError, StoreUnavailable
from tests.crash.faulty_disk import the_disk


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_writer_loses_nothing_at_a_power_cut(store_path):
    with closing(connect(store_path)) as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "busy_timeout") == 5000


def test_reader_can_not_write(store_path):
    with closing(connect(store_path)) as writer, closing(connect(store_path, is_reader=True)) as reader:
        writer.execute("CREATE TABLE words (word TEXT)")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO words VALUES ('one')")


def test_file_and_folder_are_made_for_their_owner_only(tmp_path):
    path = prepare_file(str(tmp_path / "new" / "folder" / "aurora.db"))
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        for name in (path, f"{path}-wal", f"{path}-shm"):
            assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700


def test_relative_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert prepare_file("aurora.db") == str(tmp_path / "aurora.db")


def test_folder_in_place_of_the_file_is_named(tmp_path):
    with pytest.raises(StoreUnavailable, match=f"{tmp_path}.*check the path"):
        prepare_file(str(tmp_path))


def test_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="can't be opened for writing"):
        prepare_file(str(tmp_path / "file" / "aurora.db"))


def test_file_system_that_takes_no_files_is_named():
    with pytest.raises(StoreUnavailable, match="/proc/aurora"):
        prepare_file("/proc/aurora.db")


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 8000], ids=["text", "header"])
def test_garbage_is_told_from_a_database(store_path, content):
    Path(store_path).write_bytes(content)
    with pytest.raises(StoreCorrupt, match=f"{store_path} is damaged or not a database"):
        connect(store_path)
    assert Path(store_path).read_bytes() == content


def make_large(path):
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE words (word TEXT PRIMARY KEY)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO words VALUES (?)", [(f"{number:0100}",) for number in range(2000)])
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_damage_in_the_middle_is_found_at_the_start(store_path):
    make_large(store_path)
    content = bytearray(Path(store_path).read_bytes())
    content[40_000:60_000] = b"\x55" * 20_000
    Path(store_path).write_bytes(content)
    with closing(connect(store_path)) as connection, pytest.raises(StoreCorrupt, match="put a backup in its place"):
        check_file(connection, store_path)


def test_file_cut_short_is_found_at_the_start(store_path):
    make_large(store_path)
    Path(store_path).write_bytes(Path(store_path).read_bytes()[:50_000])
    with pytest.raises(StoreCorrupt), closing(connect(store_path)) as connection:
        check_file(connection, store_path)


def test_file_that_can_not_be_read_is_not_called_damaged(store_path):
    make_large(store_path)
    with the_disk().mounted() as disk, closing(connect(store_path)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        disk.arm("error_once", 3)
        with pytest.raises(StoreUnavailable, match=r"the disk reports an error.*unable to get the page"):
            check_file(connection, store_path)


def test_sound_and_empty_files_pass(store_path):
    make_large(store_path)
    with closing(connect(store_path)) as connection:
        check_file(connection, store_path)
    Path(store_path).write_bytes(b"")
    with closing(connect(store_path)) as connection:
        check_file(connection, store_path)


def make_error(code, message="text of SQLite"):
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "mend"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailable, "free some space"),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable, "kernel log"),
        (sqlite3.SQLITE_READONLY, StoreUnavailable, "check the mount"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnavailable, "check the mount"),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailable, "can't be opened"),
        (sqlite3.SQLITE_BUSY, StoreUnavailable, "close that program"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailable, "close that program"),
        (sqlite3.SQLITE_NOMEM, StoreUnavailable, "memory"),
        (sqlite3.SQLITE_CORRUPT, StoreCorrupt, "put a backup in its place"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorrupt, "put a backup in its place"),
        (sqlite3.SQLITE_NOTADB, StoreCorrupt, "put a backup in its place"),
    ],
)
def test_error_names_the_file_and_the_mend(code, kind, mend):
    explained = explain_error(make_error(code), "/srv/aurora.db")
    assert type(explained) is kind
    for part in ("/srv/aurora.db", mend, "text of SQLite"):
        assert part in str(explained)
    assert "\n" not in str(explained)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY])
def test_taken_key_is_a_conflict(code):
    assert type(explain_error(make_error(code), "x")) is Conflict


@pytest.mark.parametrize("code", [sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_TOOBIG])
def test_mistake_of_ours_is_not_taken_for_a_conflict_or_a_full_disk(code):
    assert type(explain_error(make_error(code), "x")) is StoreError


def test_wrong_use_of_the_module_is_a_store_error():
    assert type(explain_error(sqlite3.ProgrammingError("closed"), "x")) is StoreError
