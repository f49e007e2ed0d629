"""open_store(url): chooses the backend, brings the schema up to date, gives a Store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from store.durable.timers import TOPIC as TIMERS
from store.embedded.connection import MEMORY
from store.errors import StoreError
from store.migrate import load_migrations, migrate
from store.sqlite import open_sqlite
from store.store import Store
from store.transfer import refuse_unfinished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from store.database import BackedUpDatabase

_SCHEME = "sqlite://"
_SERVERS = ("postgresql://", "postgres://")
_POLLED = ("queue:", TIMERS)
"""Topics of work that any process may have put there: their listeners look again every few seconds."""


@asynccontextmanager
async def open_store(url: str, *, inline: bool = False) -> AsyncIterator[Store]:
    """The store at `sqlite:////absolute/path.db`, `sqlite:///relative.db`, in memory for tests at `sqlite://`, or at
    `postgresql://user:password@host:5432/database`.

    `inline=True` runs SQLite in the loop instead of threads, for tests with a virtual clock. Raises `StoreInUse`,
    `SchemaTooNew`, `StoreCorrupt`, `StoreUnavailable`; their texts name the store and the mend, never a password.
    """
    async with open_database(url, inline=inline) as database:
        await refuse_unfinished(database)
        yield Store(database, is_shared=is_server(url))


def is_server(url: str) -> bool:
    """Whether the store is on a server, which may be away and come back."""
    return url.startswith(_SERVERS)


async def reach_server(url: str) -> None:
    """Returns when the server has let us in, and does nothing there. Raises `StoreUnavailable`, or its child
    `StoreRefused` and other kinds of `StoreError` where waiting is of no use.
    """
    from store.postgres import reach_postgres  # noqa: PLC0415 - as below

    await reach_postgres(url)


@asynccontextmanager
async def open_database(url: str, *, inline: bool = False) -> AsyncIterator[BackedUpDatabase]:
    """The same without its tables' names, and for what is half copied too: `store copy` goes on with it."""
    async with _connect(url, inline=inline) as database:
        await migrate(database, load_migrations())
        yield database


def _connect(url: str, *, inline: bool) -> AbstractAsyncContextManager[BackedUpDatabase]:
    if not is_server(url):
        return open_sqlite(parse_url(url), inline=inline)
    from store.postgres import open_postgres  # noqa: PLC0415 - psycopg takes its time to load; SQLite needs none of it

    return open_postgres(url, polled=_POLLED)


def parse_url(url: str) -> str:
    """The file named by a store URL. Raises `StoreError`."""
    if url == _SCHEME:
        return MEMORY
    path = url.removeprefix(f"{_SCHEME}/")
    if path == url or not path:
        raise StoreError(
            "store.url must look like sqlite:////absolute/path.db, sqlite:///relative.db or postgresql://host/database"
        )
    return path
