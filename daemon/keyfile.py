"""The key-encryption key in a file: made at the first start, mode 0600, beside the store.

Called by `main.py` when `AURORA_SECRET_KEY` is not set. The file is linked into place complete or not at all: a start
killed half-way must not leave half a key, and of two starts at once both must end with the same key. A store whose key
file is gone gets no silent new key here: the caller says whether a store exists already.
"""

from __future__ import annotations

import base64
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from daemon.errors import Permanent
from daemon.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = structlog.get_logger(__name__)

KEY_BYTES = 32
FILE_NAME = "secret.key"


class KeyFileBroken(Permanent):
    """The key file can't be used; the text names it and the mend."""


def key_path(store_path: Path) -> Path:
    """Beside the store, named after it, so that two stores in one folder have two keys."""
    return store_path.parent / (FILE_NAME if store_path.name == "aurora.db" else f"{store_path.name}.{FILE_NAME}")


def load_or_make_key(
    path: Path, *, has_sealed_data: bool = False, random_bytes: Callable[[int], bytes] = os.urandom
) -> Secret:
    """The key of this file, made if there is none.

    `has_sealed_data`: the store holds what was sealed with a key; then a missing file is an error and no new key is
    made, because that would turn a lost key into lost data. Raises `KeyFileBroken`.
    """
    try:
        if not path.exists():
            if has_sealed_data:
                raise KeyFileBroken(
                    f"the key file {path} is missing but the store holds sealed data: put the file back, "
                    "or set AURORA_SECRET_KEY to its content"
                )
            _make(path, random_bytes)
        return _load(path)
    except OSError as error:
        raise KeyFileBroken(
            f"the key file {path} can't be used: {error.strerror}; check its folder and owner"
        ) from None


def _load(path: Path) -> Secret:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        log.warning("key_file_readable_by_others", path=str(path), mode=oct(mode))
    text = path.read_bytes().strip()
    try:
        is_key = len(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))) == KEY_BYTES
    except ValueError:
        is_key = False
    if not is_key:
        raise KeyFileBroken(
            f"the key file {path} holds no key: expected 32 bytes in URL-safe base64; put a copy of it back"
        )
    return Secret(text.decode("ascii"))


def _make(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # of a start that was killed and had our number
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(random_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # somebody else was first: theirs is the key
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    log.info("key_file_made", path=str(path))
