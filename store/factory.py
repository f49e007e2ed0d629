"""open_store(url): chooses the backend, brings the schema up to date, gives a Store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from store.embedded.connection import MEMORY
from store.errors import StoreError
from store.migrate import load_migrations, migrate
from store.sqlite import open_sqlite
from store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SCHEME = "sqlite://"


@asynccontextmanager
async def open_store(url: str, *, inline: bool = False) -> AsyncIterator[Store]:
    """The store at `sqlite:////absolute/path.db`, `sqlite:///relative.db` or, in memory for tests, `sqlite://`.

    `inline=True` runs SQL in the loop instead of threads, for tests with a virtual clock. Raises `StoreInUse`,
    `SchemaTooNew`, `StoreCorrupt`, `StoreUnavailable`; their texts name the file and the mend.
    """
    async with open_sqlite(parse_url(url), inline=inline) as database:
        await migrate(database, load_migrations())
        yield Store(database)


def parse_url(url: str) -> str:
    """The file named by a store URL. Raises `StoreError`."""
    if url == _SCHEME:
        return MEMORY
    path = url.removeprefix(f"{_SCHEME}/")
    if path == url or not path:
        raise StoreError("store.url must look like sqlite:////absolute/path.db or sqlite:///relative.db")
    return path
