"""A backup shows one moment and is complete or not there."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from store.embedded.connection import connect
from store.embedded.copying import copy_database
from store.errors import StoreUnavailable


@pytest.fixture
def source(store_path):
    with closing(connect(store_path)) as source:
        source.execute("CREATE TABLE words (word TEXT)")
        source.execute("BEGIN")
        source.executemany("INSERT INTO words VALUES (?)", [("w" * 1000,)] * 9000)
        source.execute("COMMIT")
        yield source


def count(path):
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return copy.execute("SELECT count(*) FROM words").fetchone()[0]


def test_copy_is_complete_and_for_its_owner_only(source, tmp_path):
    target = tmp_path / "backup.db"
    copy_database(source, str(target), look=lambda: None)
    assert count(target) == 9000
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == ["backup.db"]


def test_copy_shows_the_moment_it_began_whatever_is_written_meanwhile(source, store_path, tmp_path):
    looks = []

    def write_meanwhile():
        looks.append(1)
        source.execute("INSERT INTO words VALUES ('late')")

    with closing(connect(store_path, is_reader=True)) as reader:
        copy_database(reader, str(tmp_path / "backup.db"), look=write_meanwhile)
    assert 1 < len(looks) < 10
    assert count(tmp_path / "backup.db") == 9000
    assert source.execute("SELECT count(*) FROM words").fetchone() == (9000 + len(looks),)


def test_copy_broken_off_leaves_the_old_one(source, tmp_path):
    target = tmp_path / "backup.db"
    copy_database(source, str(target), look=lambda: None)
    source.execute("DELETE FROM words")

    class Stop(BaseException):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        copy_database(source, str(target), look=stop)
    assert count(target) == 9000
    assert not Path(f"{target}.part").exists()
    assert not source.in_transaction


def test_target_that_can_not_be_written_says_so(source, tmp_path):
    with pytest.raises(StoreUnavailable, match="missing/backup"):
        copy_database(source, str(tmp_path / "missing" / "backup.db"), look=lambda: None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreUnavailable):
        copy_database(source, str(tmp_path / "folder"), look=lambda: None)
    assert not (tmp_path / "folder.part").exists()
