"""What an operator does to a store from the command line: bring its schema up to date, copy it while it is in use."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from daemon.config import is_on_server, store_path
from daemon.errors import DaemonError
from daemon.keyfile import key_path
from store.embedded.connection import connect
from store.embedded.copying import copy_database
from store.factory import open_store
from store.migrate import load_migrations

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import StoreSettings


class BackupRefused(DaemonError):
    """No copy was made; the text says why."""


async def migrate_store(url: str) -> str:
    """Opens the store, which brings its schema up to date. Raises `StoreError`."""
    async with open_store(url) as store:
        await store.check_writable()
    newest = load_migrations()[-1]
    return f"the store is at schema {newest.number:04d} ({newest.name})"


def back_up_store(store: StoreSettings, target: Path) -> str:
    """Copies the store as a reader of its own, so the daemon may run meanwhile.

    Raises `StoreError`, `BackupRefused`.
    """
    if is_on_server(store.url):
        raise BackupRefused("the store is on a server: back it up with PostgreSQL's own pg_dump")
    source = store_path(store)
    if not source.is_file():
        raise BackupRefused(f"there is no store at {source}")
    if target.exists():
        raise BackupRefused(f"{target} exists already: name a new file")
    if not target.parent.is_dir():
        raise BackupRefused(f"the folder {target.parent} does not exist")
    with closing(connect(str(source), is_reader=True)) as connection:
        copy_database(connection, str(target), look=lambda: None)
    key = key_path(source)
    note = f"; what is sealed in it needs {key}: keep a copy of that apart" if key.is_file() else ""
    return f"copied {source} to {target}, {target.stat().st_size} bytes{note}"
