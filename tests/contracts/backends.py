"""The databases that the store's suites run on. A backend joins by one more entry.

Embedded: in memory and in a file with SQL in the loop (for tests with a virtual clock), and in a file with threads (the
one the daemon runs on). On a server: each major version of PostgreSQL that is promised, from `clusters.py`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from store.migrate import load_migrations, migrate
from store.postgres import open_postgres
from store.sqlite import open_sqlite
from tests.contracts.clusters import cluster, programs_of


@asynccontextmanager
async def open_in_memory(_folder):
    async with open_sqlite(":memory:") as database:
        yield database


@asynccontextmanager
async def open_inline(folder):
    async with open_sqlite(str(folder / "a.db"), inline=True) as database:
        yield database


@asynccontextmanager
async def open_threaded(folder):
    async with open_sqlite(str(folder / "a.db")) as database:
        yield database


def on_server(version):
    @asynccontextmanager
    async def open_on_server(_folder):
        with cluster_or_skip(version).new_schema() as url:
            async with open_postgres(url) as database:
                yield database

    return open_on_server


def migrated_on_server(version):
    @asynccontextmanager
    async def open_migrated(_folder):
        async with cluster_or_skip(version).migrated() as url, open_postgres(url) as database:
            yield database

    return open_migrated


def migrated(open_empty):
    @asynccontextmanager
    async def open_migrated(folder):
        async with open_empty(folder) as database:
            await migrate(database, load_migrations())
            yield database

    return open_migrated


def cluster_or_skip(version):
    """The shared cluster of this major version; skips the test on a machine without its programs."""
    if programs_of(version) is None:
        pytest.skip(f"no PostgreSQL {version} here")
    return cluster(version)


VERSIONS = (15, 18)
EMBEDDED = {"memory": open_in_memory, "inline": open_inline, "threaded": open_threaded}
BACKENDS = {**EMBEDDED, **{f"postgres{version}": on_server(version) for version in VERSIONS}}
"""Empty databases."""
EMBEDDED_STORES = ("memory", "threaded")
STORES = {
    **{name: migrated(EMBEDDED[name]) for name in EMBEDDED_STORES},
    **{f"postgres{version}": migrated_on_server(version) for version in VERSIONS},
}
"""Databases with the product's schema and no rows."""
