"""The databases that the store's suites run on. A backend joins by one more entry in `BACKENDS`.

Embedded: in memory and in a file with SQL in the loop (for tests with a virtual clock), and in a file with threads (the
one the daemon runs on).
"""

from __future__ import annotations

from contextlib import asynccontextmanager

from store.sqlite import open_sqlite


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


BACKENDS = {"memory": open_in_memory, "inline": open_inline, "threaded": open_threaded}
