"""The schema goes forward, once, and never past what this release knows."""

from __future__ import annotations

import pytest

from store.errors import SchemaTooNew, StoreError, StoreUnavailable
from store.migrate import Migration, load_migrations, migrate, split_statements
from store.sqlite import open_sqlite
from store.write import statement
from tests.contracts.backends import BACKENDS
from tests.crash.faulty_disk import the_disk

FIRST = Migration(1, "initial", "CREATE TABLE words (word TEXT);\nINSERT INTO words\n  VALUES ('one');\n")
SECOND = Migration(2, "length", "ALTER TABLE words ADD COLUMN length BIGINT;\n")
BROKEN = Migration(2, "broken", "INSERT INTO words VALUES ('two');\nINSERT INTO nowhere VALUES (1);\n")


@pytest.fixture(params=BACKENDS)
async def database(request, tmp_path):
    async with BACKENDS[request.param](tmp_path) as database:
        yield database


async def applied(database):
    return await database.fetch_all("SELECT number, name FROM schema_migrations ORDER BY number")


async def test_each_migration_is_applied_once_and_in_order(database):
    assert await migrate(database, [FIRST]) == [FIRST]
    assert await migrate(database, [FIRST, SECOND]) == [SECOND]
    assert await migrate(database, [FIRST, SECOND]) == []
    assert await database.fetch_all("SELECT word, length FROM words") == [("one", None)]
    assert await applied(database) == [(1, "initial"), (2, "length")]


async def test_schema_of_a_newer_release_is_refused_with_both_versions(database):
    await migrate(database, [FIRST, SECOND])
    with pytest.raises(SchemaTooNew, match=r"schema version 2, this release knows 1"):
        await migrate(database, [FIRST])


async def test_changed_migration_is_refused(database):
    await migrate(database, [FIRST])
    changed = Migration(1, "initial", FIRST.sql + "-- harmless\n")
    with pytest.raises(StoreError, match="migration 0001 was changed"):
        await migrate(database, [changed, SECOND])
    assert await applied(database) == [(1, "initial")]


async def test_missing_migration_is_refused(database):
    await migrate(database, [FIRST, SECOND])
    with pytest.raises(StoreError, match="migration 0001"):
        await migrate(database, [SECOND])


async def test_migration_that_fails_leaves_nothing_and_those_before_it_stay(database):
    with pytest.raises(StoreError):
        await migrate(database, [FIRST, BROKEN])
    assert await applied(database) == [(1, "initial")]
    assert await database.fetch_all("SELECT word FROM words") == [("one",)]
    assert await migrate(database, [FIRST, SECOND]) == [SECOND]


def test_migrations_of_this_release_are_numbered_without_a_hole():
    migrations = load_migrations()
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    assert migrations[0].name == "initial"


def test_statements_are_split_at_line_ends():
    sql = "-- a comment; with a semicolon\nCREATE TABLE a (\n    b TEXT, -- trailing; one\n    c TEXT\n);\n\nDROP TABLE a;\n"
    assert list(split_statements(sql)) == ["CREATE TABLE a (\n    b TEXT,\n    c TEXT\n);", "DROP TABLE a;"]


def test_file_that_ends_in_a_statement_is_refused():
    with pytest.raises(StoreError, match="CREATE TABLE a"):
        list(split_statements("DROP TABLE b;\nCREATE TABLE a (\n"))


async def test_new_tables_are_known_to_readers_before_the_disk_fails(tmp_path):
    with the_disk().mounted() as disk:
        async with open_sqlite(str(tmp_path / "aurora.db"), inline=True) as database:
            await migrate(database, [FIRST])
            disk.arm("error_for_good", 1)
            with pytest.raises(StoreUnavailable, match="the disk reports an error"):
                await database.write(statement("UPDATE words SET word = 'two'"))
            with pytest.raises(StoreUnavailable, match="the disk reports an error"):
                await database.fetch_all("SELECT word FROM words")
            disk.heal()
            assert await database.fetch_all("SELECT word FROM words") == [("one",)]
