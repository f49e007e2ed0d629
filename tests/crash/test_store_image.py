"""An image shows what is committed, log included, and leaves the store's files as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest

from tests.contracts.backends import VERSIONS, cluster_or_skip
from tests.crash.store_image import StoreImage, read_bytes, read_store


def make_store(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE cursors (stream TEXT, position INTEGER)")
    connection.execute("INSERT INTO cursors VALUES ('a', 1), ('b', 2)")
    connection.commit()
    return connection


def test_rows_still_in_the_log_are_seen(tmp_path):
    path = tmp_path / "aurora.db"
    with closing(make_store(path)) as connection:
        connection.execute("INSERT INTO cursors VALUES ('c', 3)")
        image = read_store(f"sqlite:///{path}", at_act=4)
        connection.commit()
        assert [row["position"] for row in image.rows("cursors")] == [1, 2]
        assert [row["position"] for row in read_store(path).rows("cursors", stream="c")] == [3]
        assert image.at_act == 4
        assert b"cursors" in read_bytes(path)


def test_looking_changes_no_file(tmp_path):
    path = tmp_path / "aurora.db"
    with closing(make_store(path)):
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        read_store(path)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_where_there_is_no_store_the_image_is_empty(tmp_path):
    assert read_store(tmp_path / "none.db") == StoreImage()
    assert read_store(StoreImage(at_act=3)).at_act == 3
    assert read_bytes(tmp_path / "none.db") == b""


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_on_a_server_is_read_with_the_same_words(version):
    with cluster_or_skip(version).new_schema() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE cursors (stream TEXT, position BIGINT)")
            connection.execute("INSERT INTO cursors VALUES ('a', 7)")
            connection.execute("CREATE TABLE letters (text TEXT)")
            connection.execute("INSERT INTO letters VALUES ('s3cr3t')")
        image = read_store(url, at_act=3)
        assert image.rows("cursors") == [{"stream": "a", "position": 7}]
        assert image.rows("leases") == []
        assert image.at_act == 3
        assert b"s3cr3t" in read_bytes(url)
