"""A store for each test of this folder: in memory, as the daemon runs it, and on servers. See `STORES`."""

from __future__ import annotations

import pytest

from store.store import Store
from tests.contracts.backends import EMBEDDED_STORES, STORES


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    async with STORES[request.param](tmp_path) as database:
        yield Store(database)


@pytest.fixture(params=EMBEDDED_STORES)
async def embedded_store(request, tmp_path):
    """For what only SQLite has: its query plans, its backup. Each use says why on its line."""
    async with STORES[request.param](tmp_path) as database:
        yield Store(database)


@pytest.fixture
def store_path(tmp_path):
    return str(tmp_path / "aurora.db")
