"""A store opens, or says in one line why not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.embedded.connection import MEMORY
from store.errors import SchemaTooNew, StoreCorrupt, StoreError, StoreInUse, StoreUnavailable
from store.factory import open_store, parse_url
from tests.store.test_sqlite import largest_file


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://", MEMORY),
        ("sqlite:////var/lib/aurora/aurora.db", "/var/lib/aurora/aurora.db"),
        ("sqlite:///aurora.db", "aurora.db"),
    ],
)
def test_url_names_a_file(url, path):
    assert parse_url(url) == path


@pytest.mark.parametrize("url", ["", "aurora.db", "mysql://x", "sqlite:", "sqlite:/a.db", "sqlite:///", "sqlite://a"])
def test_other_url_is_refused_with_what_is_expected(url):
    with pytest.raises(StoreError, match="must look like sqlite:////absolute"):
        parse_url(url)


async def opens(path):
    async with open_store(f"sqlite:///{path}") as store:
        await store.check_writable()


async def test_new_store_has_its_schema_and_keeps_what_is_written(store_path):
    async with open_store(f"sqlite:///{store_path}") as store:
        await store.write(store.users.register(7, 7, "ru", now=1))
    async with open_store(f"sqlite:///{store_path}") as store:
        assert await store.users.count() == 1


async def test_store_of_a_newer_release_is_refused_untouched(store_path):
    await opens(store_path)
    with closing(sqlite3.connect(store_path)) as connection, connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9999, 'future', 'x')")
    before = read(store_path)
    with pytest.raises(SchemaTooNew, match="version 9999"):
        await opens(store_path)
    assert read(store_path) == before


def read(path):
    return Path(path).read_bytes()


def fill(path, content):
    Path(path).write_bytes(content)


async def test_store_in_use_is_refused(store_path):
    async with open_store(f"sqlite:///{store_path}"):
        with pytest.raises(StoreInUse):
            await opens(store_path)


async def test_garbage_is_refused_untouched(store_path):
    before = b"not a database at all" * 100
    fill(store_path, before)
    with pytest.raises(StoreCorrupt):
        await opens(store_path)
    assert read(store_path) == before


async def test_disk_full_at_the_first_start_leaves_nothing_that_hinders_the_next(store_path):
    with largest_file(40_000), pytest.raises(StoreUnavailable, match=store_path):
        await opens(store_path)
    await opens(store_path)


async def test_folder_in_place_of_the_store_is_refused(tmp_path):
    with pytest.raises(StoreUnavailable):
        await opens(tmp_path)
