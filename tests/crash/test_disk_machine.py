"""The disk machine: its sample is clean, and a store that hides what the disk said is found out."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import store.embedded.connection
from store.embedded.batch import BatchRunner
from store.errors import StoreUnavailable
from tests.crash.faulty_disk import KINDS, the_disk
from tests.crash.machines.disk import choose_points, run, try_point

RUN = BatchRunner.run


@pytest.mark.slow
def test_sample_of_the_disk_machine_is_clean():
    report = run(size="sample")
    assert report.points == 4 * len(KINDS)
    assert report.violations == ()


def test_same_seed_chooses_the_same_points():
    points = choose_points("sample", 7)
    assert points == choose_points("sample", 7)
    assert len(points) == 4 * len(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["daemon:full_for_good:505", "daemon:error_once:20", "daemon:short_write:283"])
def test_daemon_survives_its_disk(point):
    report = run(size="sample", only=point)
    assert (report.points, report.violations) == (1, ())


def test_violation_tells_how_to_repeat_it(monkeypatch):
    def forget_errors(self, writes):
        try:
            return RUN(self, writes)
        except StoreUnavailable:
            return [None] * len(writes)

    monkeypatch.setattr(BatchRunner, "run", forget_errors)
    report = run(size="sample", only="full_once:800")
    assert any("missing" in violation for violation in report.violations)
    assert report.violations[0].endswith("python -m tests.crash.faults disk --seed 1 --only full_once:800")


def test_transaction_done_by_halves_is_found_out(monkeypatch):
    def commit_statement_by_statement(self, writes):
        for write in writes:
            for statement in write.statements:
                try:
                    self._connection.execute(statement.sql.replace("$", "?"), statement.parameters)
                except sqlite3.OperationalError as error:
                    raise StoreUnavailable(f"the disk: {error}") from error
        return [None] * len(writes)

    monkeypatch.setattr(BatchRunner, "run", commit_statement_by_statement)
    assert any("after a crash" in what for what in try_point("full_for_good:1100", 1).violations)


@pytest.mark.parametrize("kind", KINDS)
def test_disk_fails_as_told_and_is_well_again(tmp_path, kind):
    with the_disk().mounted() as disk, closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE words (word TEXT)")
        strike = disk.arm(kind, 1)
        with pytest.raises(sqlite3.OperationalError, match=r"disk I/O error|disk is full"):
            connection.execute("INSERT INTO words VALUES ('one')")
        if kind.endswith("for_good"):
            with pytest.raises(sqlite3.OperationalError):
                connection.execute("INSERT INTO words VALUES ('one')")
            disk.heal()
        connection.execute("INSERT INTO words VALUES ('two')")
        assert connection.execute("SELECT word FROM words").fetchall() == [("two",)]
        assert strike.struck[0] in {"write", "map"}


def test_half_a_write_reaches_the_file(tmp_path):
    path = tmp_path / "a.db"
    with the_disk().mounted() as disk, closing(sqlite3.connect(path, isolation_level=None)) as connection:
        disk.arm("short_write", 1)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            connection.execute("CREATE TABLE words (word TEXT)")
        assert disk.counts["write"] == 1


def test_connections_of_others_are_left_alone(tmp_path):
    with the_disk().mounted() as disk:
        disk.arm("error_for_good", 1)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
    assert disk.counts["write"] == 0


def test_store_that_does_not_sync_is_found_out(monkeypatch):
    def sync_seldom(connection, path, *, is_reader):
        set_up(connection, path, is_reader=is_reader)
        if not is_reader:
            connection.execute("PRAGMA synchronous = NORMAL")

    set_up = store.embedded.connection._set_up
    monkeypatch.setattr(store.embedded.connection, "_set_up", sync_seldom)
    assert any("after a power cut" in what for what in try_point("full_once:1500", 1).violations)
