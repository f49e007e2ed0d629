"""Opens SQLite connections and turns sqlite3's errors into ours.

Whoever reads the log at three in the morning gets one line that names the file and the mend: a full disk, a read-only
mount and a damaged file need different hands.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from store.errors import Conflict, StoreCorrupt, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from typing import Final

MEMORY: Final = ":memory:"

_BUSY_TIMEOUT_SECONDS = 5.0
_CACHED_STATEMENTS = 512
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_QUICK_CHECK_BYTES = 32 * 1024 * 1024
"""Files up to this size are checked whole at every start (about 0.1 s); larger ones tell when they are touched."""

_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_UNREADABLE = re.compile(r"error code=(\d+)")
"""How a check says why it could not read a page: a code of SQLite's."""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_MENDS = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "the disk reports an error: look at the kernel log and the mount",
    sqlite3.SQLITE_READONLY: "it can't be written: check the mount and the owner of the file and its folder",
    sqlite3.SQLITE_PERM: "it can't be written: check the owner of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: check that it is a file, and the owner of it and of its folder",
    sqlite3.SQLITE_BUSY: "another program holds it locked: close that program",
    sqlite3.SQLITE_LOCKED: "another program holds it locked: close that program",
    sqlite3.SQLITE_PROTOCOL: "another program holds it locked: close that program",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
}


def explain_error(error: sqlite3.Error, path: str) -> StoreError:
    """What this error of sqlite3 means for the caller."""
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:
        return StoreError(f"wrong use of the store: {error}")
    if extended in _UNIQUE:
        return Conflict(str(error))
    code = extended & 0xFF
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in _MENDS:
        return StoreUnavailable(f"store {path}: {_MENDS[code]} ({error})")
    return StoreError(f"the store refused a statement: {error}")


def damaged(path: str, what: str) -> StoreCorrupt:
    """The error for a file that can't be trusted."""
    return StoreCorrupt(f"store {path} is damaged or not a database ({what}): put a backup in its place")


def connect(path: str, *, is_reader: bool = False) -> sqlite3.Connection:
    """A connection set up for this store. Raises `StoreError`."""
    try:
        connection = sqlite3.connect(
            path,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise explain_error(error, path) from error
    try:
        _set_up(connection, path, is_reader=is_reader)
    except sqlite3.Error as error:
        connection.close()
        raise explain_error(error, path) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, path: str, *, is_reader: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    if is_reader:
        connection.execute("PRAGMA query_only = ON")
        return
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal" and path != MEMORY:
        raise StoreUnavailable(f"store {path}: this file system can't keep a write-ahead log: move the store")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")


def prepare_file(path: str) -> str:
    """Makes the folder and the file, readable by their owner only; the absolute path. Raises `StoreUnavailable`."""
    path = str(Path(path).absolute())
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            f"store {path}: it can't be opened for writing ({error.strerror}): check the path, the mount and the owner"
        ) from error
    return path


def _explain_finding(answer: str, path: str) -> StoreError:
    """What a check found. A page that could not be read is the disk's failure: a backup would not mend that."""
    what = " ".join(answer.split())
    found = _UNREADABLE.search(what)
    code = int(found[1]) & 0xFF if found is not None else None
    return StoreUnavailable(f"store {path}: {_MENDS[code]} ({what})") if code in _MENDS else damaged(path, what)


def check_file(connection: sqlite3.Connection, path: str) -> None:
    """Refuses a damaged file at the start instead of in the middle of the night.

    Raises `StoreCorrupt`, or `StoreUnavailable` when the disk does not let itself be read.
    """
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        size = 0
        with suppress(OSError):
            size = Path(path).stat().st_size
        if size <= _QUICK_CHECK_BYTES:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                raise _explain_finding(answer, path)
    except sqlite3.Error as error:
        raise explain_error(error, path) from error
