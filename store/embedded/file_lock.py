"""One process per store: a kernel lock on `PATH.lock`, which holds the owner's pid.

The kernel drops the lock when its process dies, however it dies. So whoever gets it knows that the old owner is gone,
and may take over its leases at once. The file itself stays: deleting it would let two processes lock two files.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from store.errors import StoreInUse, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def lock_file(path: str) -> Iterator[None]:
    """Holds the lock of the store at `path`. Raises `StoreInUse` or `StoreUnavailable`."""
    lock_path = f"{path}.lock"
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"store {path}: its lock file can't be made ({error.strerror}): check the folder, the mount and the owner"
        ) from error
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise StoreInUse(f"store {path} is used by process {pid}: stop it first, or give this one its own") from None
    except OSError as error:
        raise StoreUnavailable(
            f"store {path}: its folder can't be locked ({error.strerror}): move the store"
        ) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise StoreUnavailable(
            f"store {path}: its lock can't be written ({error.strerror}): free some space"
        ) from error
