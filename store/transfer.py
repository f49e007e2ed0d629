"""Copies a whole store into another of either kind: page by page, resumable, then counted and check-summed per table.

`aurora store copy` moves a daemon from SQLite to PostgreSQL or back with it, and a backup of a server is a copy into a
file. A page and the note how far the copy has come are one write, so a copy that was killed goes on where it was. Until
both sides have been read again and agree, the target says of itself that it is unfinished, and no daemon opens it.

What tables there are is read off a scratch store with this release's schema: all are text and numbers with a key, which
is what makes one code for both backends possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from store.embedded.copying import flush_to_disk
from store.errors import StoreError, StoreUnavailable
from store.migrate import SELECT_APPLIED, load_migrations, migrate
from store.sqlite import open_sqlite
from store.write import Statement, Write, join, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.database import Database, Reader, Row

_PAGE = 500
_STAYS = ("members", "schema_migrations", "store_copies", "writable_probe")
"""Each store's own."""
_ALWAYS_THERE = (*_STAYS, "leases")
"""Rows in these do not mean that a store is in use."""
_CHECKSUM_BYTES = 8
_CHARACTER_0 = b"\\u0000"
"""In a text of JSON. PostgreSQL keeps a text without it, so it may not tell two rows apart."""

_SELECT_TABLES = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name
"""
_SELECT_COLUMNS = "SELECT name, pk FROM pragma_table_info($1) ORDER BY cid"
_SELECT_COPIES = "SELECT table_name, source, last_key, copied, is_whole FROM store_copies"
_NOTE = """
    INSERT INTO store_copies (table_name, source, last_key, copied, is_whole) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (table_name) DO UPDATE SET
        last_key = excluded.last_key, copied = excluded.copied, is_whole = excluded.is_whole
"""
_FORGET = "DELETE FROM store_copies"


Key = tuple[str | int, ...]
"""Of a row: what tells it from the others."""


class CopyRefused(StoreError):
    """Nothing was copied, or the copy is not good; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the schema."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def key_places(self) -> tuple[int, ...]:
        """Where the key stands in a row."""
        return tuple(self.columns.index(column) for column in self.key)

    def key_of(self, row: Row) -> Key:
        """The key of a row."""
        return tuple(row[place] for place in self.key_places)

    @property
    def select_first(self) -> str:
        """The first page."""
        return f"SELECT {self._all} FROM {self.name} ORDER BY {', '.join(self.key)} LIMIT {_PAGE}"  # noqa: S608 - names of our own schema

    @property
    def select_next(self) -> str:
        """The page behind a key."""
        key, after = ", ".join(self.key), ", ".join(f"${number}" for number in range(1, len(self.key) + 1))
        return f"SELECT {self._all} FROM {self.name} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT {_PAGE}"  # noqa: S608 - as above

    @property
    def insert(self) -> str:
        """One row."""
        places = ", ".join(f"${number}" for number in range(1, len(self.columns) + 1))
        return f"INSERT INTO {self.name} ({self._all}) VALUES ({places})"  # noqa: S608 - as above

    @property
    def _all(self) -> str:
        return ", ".join(self.columns)


@dataclass(frozen=True, slots=True)
class TableReport:
    """What a table holds. `checksum`: the sum of its rows' digests, so no order matters; hexadecimal."""

    name: str
    rows: int
    checksum: str


@dataclass(slots=True)
class _Progress:
    last_key: Key | None = None
    copied: int = 0
    is_whole: bool = False


async def describe_tables() -> tuple[Table, ...]:
    """All tables that a copy takes along, by name."""
    tables = []
    async with open_sqlite(":memory:") as scratch:
        await migrate(scratch, load_migrations())
        for (name,) in await scratch.fetch_all(_SELECT_TABLES):
            if name in _STAYS:
                continue
            columns = await scratch.fetch_all(_SELECT_COLUMNS, name)
            key = [column for column, place in sorted(columns, key=lambda column: column[1]) if place]
            tables.append(Table(name, tuple(column for column, _ in columns), tuple(key)))
    return tuple(tables)


async def copy_rows(
    source: Reader, target: Database, *, source_name: str, tell: Callable[[str], None] = lambda _line: None
) -> tuple[TableReport, ...]:
    """Copies everything; goes on where an earlier copy from `source_name` was cut off. Raises `CopyRefused`.

    Nothing may be written to the source meanwhile: what was is found by the checksums. `tell` gets a line a table.
    """
    tables = await describe_tables()
    progress = await _find_progress(target, tables, source_name)
    for table in tables:
        await _copy_table(source, target, table, source_name, progress[table.name])
    reports = await _compare(source, target, tables, tell)
    await target.write(statement(_FORGET))
    return reports


async def copy_to_file(source: Reader, path: str, *, source_name: str) -> tuple[TableReport, ...]:
    """The whole of a source that stands still, as a SQLite store: complete under its name, or not there at all.

    Raises `CopyRefused`, also for a source that another release has shaped.
    """
    part = Path(f"{path}.part")
    _remove(part)
    try:
        async with open_sqlite(str(part)) as target:
            await migrate(target, load_migrations())
            if await source.fetch_all(SELECT_APPLIED) != await target.fetch_all(SELECT_APPLIED):
                raise CopyRefused(f"{source_name} has the schema of another release: back it up with that")
            reports = await copy_rows(source, target, source_name=source_name)
        _put_in_place(part, path)
    except OSError as error:
        raise StoreUnavailable(f"backup to {path} failed: {error}") from error
    finally:
        _remove(part)
    return reports


async def back_up_server(url: str, path: str) -> str:
    """A consistent copy of a store on a server at `path`, while everybody writes. The server's name.

    Raises `StoreError`.
    """
    from store.postgresql.address import parse_address  # noqa: PLC0415 - psycopg takes its time to load; SQLite needs none of it
    from store.postgresql.snapshot import open_snapshot  # noqa: PLC0415 - the same

    address = parse_address(url)
    async with open_snapshot(address) as snapshot:
        await copy_to_file(snapshot, path, source_name=str(address))
    return str(address)


def _put_in_place(part: Path, path: str) -> None:
    flush_to_disk(part)
    part.replace(path)
    flush_to_disk(Path(path).absolute().parent)


def _remove(part: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{part}{suffix}").unlink(missing_ok=True)


async def refuse_unfinished(reader: Reader) -> None:
    """Raises `CopyRefused` for a store into which a copy was begun and not finished."""
    row = await reader.fetch_one(f"{_SELECT_COPIES} LIMIT 1")
    if row is not None:
        raise CopyRefused(
            f"this store holds an unfinished copy of {row[1]}: run `aurora store copy` again, or name another store"
        )


async def describe_rows(reader: Reader, table: Table) -> TableReport:
    """Counts and sums up a table."""
    rows = checksum = 0
    after = None
    while page := await read_page(reader, table, after):
        after = table.key_of(page[-1])
        rows += len(page)
        for row in page:
            digest = blake2b(orjson.dumps(row).replace(_CHARACTER_0, b""), digest_size=_CHECKSUM_BYTES).digest()
            checksum += int.from_bytes(digest, "big")
    return TableReport(table.name, rows, f"{checksum % (1 << 8 * _CHECKSUM_BYTES):016x}")


async def read_page(reader: Reader, table: Table, after: Key | None) -> list[Row]:
    """The next rows by key, from the first on or behind `after`; empty at the end."""
    if after is None:
        return await reader.fetch_all(table.select_first)
    return await reader.fetch_all(table.select_next, *after)


async def _find_progress(target: Database, tables: Sequence[Table], source_name: str) -> dict[str, _Progress]:
    progress = {table.name: _Progress() for table in tables}
    notes = await target.fetch_all(_SELECT_COPIES)
    if notes:
        if notes[0][1] != source_name:
            raise CopyRefused(f"the target holds an unfinished copy of {notes[0][1]}: go on with that, or name another")
        for name, _, last_key, copied, is_whole in notes:
            key = None if last_key is None else tuple(orjson.loads(last_key))
            progress[name] = _Progress(key, copied, bool(is_whole))
        return progress
    for table in tables:
        if table.name not in _ALWAYS_THERE and await target.fetch_one(f"SELECT 1 FROM {table.name} LIMIT 1"):  # noqa: S608 - names of our own schema
            raise CopyRefused(f"the target is not empty: {table.name} has rows; name a store that nobody has used")
    clear = join(statement(f"DELETE FROM {table.name}") for table in tables if table.name in _ALWAYS_THERE)  # noqa: S608 - as above
    await target.write(clear + join(_note(table, source_name, progress[table.name]) for table in tables))
    return progress


async def _copy_table(source: Reader, target: Database, table: Table, source_name: str, progress: _Progress) -> None:
    if progress.is_whole:
        return
    while page := await read_page(source, table, progress.last_key):
        progress.last_key = table.key_of(page[-1])
        progress.copied += len(page)
        insert = table.insert
        rows = Write(tuple(Statement(insert, tuple(row), 1) for row in page))
        await target.write(rows + _note(table, source_name, progress))
    progress.is_whole = True
    await target.write(_note(table, source_name, progress))


def _note(table: Table, source_name: str, progress: _Progress) -> Write:
    last_key = None if progress.last_key is None else orjson.dumps(progress.last_key).decode()
    return statement(_NOTE, table.name, source_name, last_key, progress.copied, int(progress.is_whole), expects=1)


async def _compare(
    source: Reader, target: Reader, tables: Sequence[Table], tell: Callable[[str], None]
) -> tuple[TableReport, ...]:
    reports = []
    for table in tables:
        there, here = await describe_rows(source, table), await describe_rows(target, table)
        tell(f"{table.name:<18} {here.rows:>10} rows  {here.checksum}")
        if there != here:
            raise CopyRefused(
                f"{table.name} differs: {there.rows} rows {there.checksum} in the source, {here.rows} rows"
                f" {here.checksum} in the target. Something wrote to the source meanwhile: stop its daemon, and copy"
                " into an empty store"
            )
        reports.append(here)
    return tuple(reports)
