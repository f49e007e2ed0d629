"""A store for each test of this folder: in memory, and as the daemon runs it. Another backend joins in `BACKENDS`."""

from __future__ import annotations

import pytest

from store.migrate import load_migrations, migrate
from store.store import Store
from tests.contracts.backends import BACKENDS


@pytest.fixture(params=[name for name in BACKENDS if name != "inline"])
async def store(request, tmp_path):
    async with BACKENDS[request.param](tmp_path) as database:
        await migrate(database, load_migrations())
        yield Store(database)


@pytest.fixture
def store_path(tmp_path):
    return str(tmp_path / "aurora.db")
