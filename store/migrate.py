"""Applies `migrations/NNNN_name.sql` once each, in order, each in a transaction of its own.

Forward only. A released file is never edited: its checksum is kept, and a different one is refused, because nobody
could say any more what shape a store has. A store written by a newer release is refused too, with both versions named.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from store.errors import SchemaTooNew, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from store.database import Database, Reader

_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")

_CREATE_TABLE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)
"""
SELECT_APPLIED = "SELECT number, name, checksum FROM schema_migrations ORDER BY number"
_INSERT_APPLIED = "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells an edited file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations() -> tuple[Migration, ...]:
    """All migrations of this release, in order."""
    found = []
    for file in resources.files("store").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match is not None:
            found.append(Migration(int(match["number"]), match["name"], file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.number))


async def migrate(database: Database, migrations: Sequence[Migration]) -> list[Migration]:
    """Brings the schema up to date; the migrations applied now. Raises `SchemaTooNew` or `StoreError`."""
    async with database.transaction() as transaction:
        await transaction.lock_schema()
        await transaction.execute(_CREATE_TABLE)
        applied = await _fetch_applied(transaction)
    _check_history(applied, migrations)
    missing = [migration for migration in migrations if migration.number not in applied]
    done = [migration for migration in missing if await _apply(database, migration)]
    # SQLite's readers learn of new tables when they next read. One that can't, because the disk fails just then, says
    # "no such table": so they learn of them here, where a failure is told as what it is.
    await database.fetch_all(SELECT_APPLIED)
    return done


async def _apply(database: Database, migration: Migration) -> bool:
    """False: another process that started beside this one did it meanwhile."""
    async with database.transaction() as transaction:
        await transaction.lock_schema()
        if migration.number in await _fetch_applied(transaction):
            return False
        for statement in split_statements(migration.sql):
            await transaction.execute(statement)
        await transaction.execute(_INSERT_APPLIED, migration.number, migration.name, migration.checksum)
    return True


async def _fetch_applied(reader: Reader) -> dict[int, str]:
    return {number: checksum for number, _, checksum in await reader.fetch_all(SELECT_APPLIED)}


def _check_history(applied: dict[int, str], migrations: Sequence[Migration]) -> None:
    known = {migration.number: migration for migration in migrations}
    latest = max(known, default=0)
    if (written := max(applied, default=0)) > latest:
        raise SchemaTooNew(
            f"the store has schema version {written}, this release knows {latest}: run the newer release again"
        )
    for number, checksum in applied.items():
        if number not in known or known[number].checksum != checksum:
            raise StoreError(
                f"migration {number:04} was changed after it was applied: put the released file back and add a new one"
            )


def split_statements(sql: str) -> Iterator[str]:
    """The statements of a file. A `;` ends one where its line ends, outside of comments."""
    lines: list[str] = []
    for line in sql.splitlines():
        text = line.split("--", 1)[0].rstrip()
        if not text:
            continue
        lines.append(text)
        if text.endswith(";"):
            yield "\n".join(lines)
            lines = []
    if lines:
        raise StoreError(f"a migration ends in the middle of a statement: {lines[0]}")
