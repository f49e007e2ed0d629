"""What an operator does to a store from the command line: bring its schema up to date, back it up while it is in use,
move it into another.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.config import is_on_server, store_path
from daemon.errors import DaemonError
from daemon.keyfile import key_path
from store.durable.members import Members
from store.embedded.connection import connect
from store.embedded.copying import copy_database
from store.factory import open_database, open_store, parse_url
from store.migrate import load_migrations
from store.transfer import CopyRefused, back_up_server, copy_rows, refuse_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.config import StoreSettings
    from store.database import Database


_PLACE = ("host", "hostaddr", "port", "dbname", "user", "options")
"""What tells one store on a server from another."""


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
    if target.exists():
        raise BackupRefused(f"{target} exists already: name a new file")
    if not target.parent.is_dir():
        raise BackupRefused(f"the folder {target.parent} does not exist")
    if is_on_server(store.url):
        return trio.run(_back_up_server, store.url, target)
    source = store_path(store)
    if not source.is_file():
        raise BackupRefused(f"there is no store at {source}")
    with closing(connect(str(source), is_reader=True)) as connection:
        copy_database(connection, str(target), look=lambda: None)
    key = key_path(source)
    note = f"; what is sealed in it needs {key}: keep a copy of that apart" if key.is_file() else ""
    return f"copied {source} to {target}, {target.stat().st_size} bytes{note}"


async def _back_up_server(url: str, target: Path) -> str:
    name = await back_up_server(url, str(target))
    return f"copied {name} to {target}, a SQLite store; what is sealed in it needs the secret key: keep that apart"


async def copy_store(source_url: str, target_url: str, tell: Callable[[str], None]) -> str:
    """Copies a store that nobody uses into an empty one, or goes on with that. `tell` gets a line a table.

    Raises `StoreError`.
    """
    source_name, target_name = show_store(source_url), show_store(target_url)
    if source_name == target_name:
        raise CopyRefused(f"{source_name} is source and target: name two stores")
    if not is_on_server(source_url) and not Path(source_name).is_file():  # noqa: ASYNC240 - nothing else runs
        raise CopyRefused(f"there is no store at {source_name}")
    async with open_database(source_url) as source, open_database(target_url) as target:
        await refuse_unfinished(source)
        await refuse_in_use(source, source_name)
        await refuse_in_use(target, target_name)
        reports = await copy_rows(source, target, source_name=source_name, tell=tell)
    rows = sum(report.rows for report in reports)
    return (
        f"copied {source_name} to {target_name}: {rows} rows in {len(reports)} tables, checksums equal. The secret key"
        " goes along: without it nobody can read what is sealed"
    )


def show_store(url: str) -> str:
    """A store's name: the same each time, another for another store, without a password. Raises `StoreError`."""
    if not is_on_server(url):
        return str(Path(parse_url(url)).absolute())
    from store.postgresql.address import parse_address  # noqa: PLC0415 - psycopg takes its time to load

    parameters = parse_address(url).parameters
    return " ".join(["postgresql", *(f"{name}={parameters[name]}" for name in _PLACE if name in parameters)])


async def refuse_in_use(database: Database, name: str) -> None:
    """Raises `CopyRefused` when a daemon shows signs of life; looks for as long as one may be silent."""
    members = Members(database)
    before = {member.boot_id: member for member in await members.all()}
    if not before:
        return
    await trio.sleep(max(member.lease_ms for member in before.values()) / 1000)
    for member in await members.all():
        if member.boot_id not in before or member.beat != before[member.boot_id].beat:
            raise CopyRefused(f"a daemon (boot id {member.boot_id}) runs on {name}: stop it first")
