"""StoreImage: what a store's file or database holds at one moment, read with SQL of the tests' own.

The checker and the machines read it; the daemon's rooms are never asked. A SQLite file is copied with its log before
it is opened, so that looking at the store of a killed daemon does not do the recovery that its next life must do.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Record = dict[str, Any]

TABLES = (
    "effects",
    "queue_items",
    "cursors",
    "checkpoints",
    "leases",
    "hunts",
    "journals",
    "users",
    "board_accounts",
    "vacancies",
    "profiles",
    "consents",
    "oauth_states",
    "usage",
    "data_keys",
    "timers",
    "cards",
    "quarantine",
)


@dataclass(frozen=True)
class StoreImage:
    """Rows by table; `at_act` is the number of the last act of the world's log when it was taken."""

    tables: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    at_act: int = 0

    def rows(self, table: str, **wanted: Any) -> list[Record]:
        """Rows of one table with these values; none where the store has no such table yet."""
        return [
            row
            for row in self.tables.get(table, ())
            if all(row.get(column) == value for column, value in wanted.items())
        ]


def read_store(store: StoreImage | str | Path, *, at_act: int = 0) -> StoreImage:
    """An image of the store at a path, `sqlite:///PATH` or `postgresql://…`; an empty one where there is none yet."""
    if isinstance(store, StoreImage):
        return store
    address = str(store)
    if address.startswith("postgres"):
        return StoreImage(_read_postgres(address), at_act)
    return StoreImage(_read_file(Path(address.removeprefix("sqlite:///"))), at_act)


def read_bytes(store: str | Path) -> bytes:
    """Everything a SQLite store has on disk, its log included; of PostgreSQL the text of all rows."""
    address = str(store)
    if address.startswith("postgres"):
        return repr(_read_postgres(address, every_table=True)).encode()
    path = Path(address.removeprefix("sqlite:///"))
    files = [path, path.with_name(f"{path.name}-wal")]
    return b"".join(file.read_bytes() for file in files if file.exists())


def _read_file(path: Path) -> dict[str, tuple[Record, ...]]:
    if not path.exists():
        return {}
    with tempfile.TemporaryDirectory(prefix="aurora-image-") as folder:
        copy = Path(folder) / "copy.db"
        # The log last: a checkpoint in between would move pages out of it that the copied file lacks.
        for suffix in ("", "-wal"):
            if path.with_name(path.name + suffix).exists():
                shutil.copyfile(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row

            def fetch(sql: str) -> list[Record]:
                return [dict(row) for row in connection.execute(sql)]

            names = fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
            return _read_tables(fetch, [row["name"] for row in names])


def _read_postgres(url: str, *, every_table: bool = False) -> dict[str, tuple[Record, ...]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # one moment, whoever writes meanwhile

        def fetch(sql: str) -> list[Record]:
            return list(connection.execute(sql))

        found = fetch("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()")
        names = [row["name"] for row in found]
        return _read_tables(fetch, names, wanted=names if every_table else TABLES)


def _read_tables(
    fetch: Callable[[str], list[Record]], names: list[str], wanted: Iterable[str] = TABLES
) -> dict[str, tuple[Record, ...]]:
    return {
        name: tuple(fetch(f"SELECT * FROM {name}"))  # noqa: S608 - names of tables, from the schema itself
        for name in wanted
        if name in names
    }
