"""Copies a database while it is in use: complete under its name, or not there at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from store.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGES_AT_ONCE = 2_000


def copy_database(source: sqlite3.Connection, target: str, *, look: Callable[[], None]) -> None:
    """Copies what `source` sees now; `look` is called now and then and may raise to break it off.

    Raises `StoreUnavailable`. The copy is on disk before it gets its name.
    """
    part = Path(f"{target}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            _copy_pages(source, copy, look)
            copy.execute("PRAGMA journal_mode = DELETE")
        flush_to_disk(part)
        part.replace(target)
        flush_to_disk(Path(target).absolute().parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"backup to {target} failed: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _copy_pages(source: sqlite3.Connection, copy: sqlite3.Connection, look: Callable[[], None]) -> None:
    """In one read transaction: without it every write meanwhile would start the copy from its beginning."""
    is_own = not source.in_transaction
    if is_own:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    try:
        source.backup(copy, pages=_PAGES_AT_ONCE, progress=lambda *_: look())
    finally:
        if is_own:
            source.execute("ROLLBACK")


def flush_to_disk(path: Path) -> None:
    """A file, or the names in a folder. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
