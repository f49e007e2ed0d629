"""The daemon with its store on a disk that can be filled: `python -m tests.crash.small_disk KIND FOLDER`.

KIND `tmpfs`: a few megabytes mounted at FOLDER in a mount namespace of the process's own, truly full once `fill` has
filled it; what is in it at the end is copied beside it. Needs the right to make a namespace. KIND `vfs`: no write of
SQLite's fits while `fill` has its mark set; needs nothing. The store must lie in FOLDER.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import load_settings
from daemon.main import run
from tests.crash.broken import apply_broken
from tests.crash.faulty_disk import WRITES, the_disk
from tests.crash.hasty_daemon import hasten

if TYPE_CHECKING:
    from tests.crash.faulty_disk import Call

KINDS = ("vfs", "tmpfs")
SIZE = b"size=4m,mode=700"
NEW_USER, NEW_MOUNTS, PRIVATE = 0x10000000, 0x00020000, 0x40000 | 0x4000
AFTER = "after"


class FullWhileMarked:
    """A planned failure for as long as a file exists."""

    kind = "full_for_good"

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def hits(self, call: Call) -> bool:
        return call in WRITES and self._mark.exists()


class SmallDisk:
    """The disk as seen from outside the daemon."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._inside = folder
        folder.mkdir()

    @property
    def arguments(self) -> tuple[str, ...]:
        """With which Python runs the daemon."""
        return ("-m", "tests.crash.small_disk", self._kind, str(self._folder))

    def fill(self, pid: int) -> None:
        """Not a byte fits any more."""
        if self._kind == "vfs":
            mark_of(self._folder).touch()
            return
        self._inside = Path(f"/proc/{pid}/root{self._folder}")
        with suppress(OSError), (self._inside / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"\0" * 4096):
                pass

    def free(self) -> None:
        """There is room again."""
        mark_of(self._folder).unlink(missing_ok=True)
        (self._inside / "filler").unlink(missing_ok=True)

    def store_of(self, pid: int) -> Path:
        """Where the store is found while that daemon runs."""
        return self._folder / "aurora.db" if self._kind == "vfs" else Path(f"/proc/{pid}/root{self._folder}/aurora.db")

    @property
    def store_after(self) -> Path:
        """Where it is found afterwards."""
        return self._folder / "aurora.db" if self._kind == "vfs" else self._folder.with_name(AFTER) / "aurora.db"


def mark_of(folder: Path) -> Path:
    return folder.with_name("full")


def can_mount() -> bool:
    """Whether this machine lets a process of ours have mounts of its own."""
    code = "from pathlib import Path; from tests.crash.small_disk import mount; mount(Path('/tmp'))"
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0  # noqa: S603 - our own code


def mount(folder: Path, options: bytes = SIZE) -> None:
    """A small file system at the folder, for this process and its children only. Raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = NEW_MOUNTS if os.geteuid() == 0 else NEW_USER | NEW_MOUNTS
    for failed in (
        libc.unshare(flags),
        libc.mount(b"none", b"/", None, PRIVATE, None),
        libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, options),
    ):
        if failed:
            raise OSError(ctypes.get_errno(), "no mount of our own")


def main(kind: str, folder: Path) -> int:
    """The hasty daemon on that disk."""
    hasten()
    apply_broken()
    settings, warnings = load_settings(None, os.environ)
    if kind == "tmpfs":
        mount(folder)
        code = run(settings, warnings)
        shutil.copytree(folder, folder.with_name(AFTER))
        return code
    with the_disk().mounted() as disk:
        disk.strike = FullWhileMarked(mark_of(folder))  # type: ignore[assignment] # a strike of another kind
        return run(settings, warnings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
