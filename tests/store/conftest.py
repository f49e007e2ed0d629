"""A store of its own for each test of this folder, and rows to fill it with."""

from __future__ import annotations

import pytest

from store.factory import open_store


@pytest.fixture
async def store():
    async with open_store("sqlite://") as store:
        yield store


@pytest.fixture
def store_path(tmp_path):
    return str(tmp_path / "aurora.db")
