"""A PostgreSQL cluster of the machine's own, and what can befall it: each sickness has a beginning and an end.

restart: killed at once (`immediate`), away for a while · freeze: every process of it stands still · no_connections: all
sessions are ended and none is let in · full: no page fits into the tablespace any more; its place is a small file
system in a mount namespace of this process, so only where one may be made.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from tests.contracts.clusters import DAEMON, UNPRIVILEGED, Cluster
from tests.crash.small_disk import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

Sickness = Literal["restart", "freeze", "no_connections", "full"]
SICKNESSES: tuple[Sickness, ...] = get_args(Sickness)
THREADS_GO_SECONDS = 12.0
SMALL = b"size=64m,mode=777"
BLOCK = b"\0" * 8192
END_SESSIONS = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{DAEMON}'"  # noqa: S608 - a name of ours


class SickCluster:
    """A cluster and its sicknesses. Calls block: they belong into a thread."""

    def __init__(self, version: int = 15, *, may_be_full: bool = True, server: Cluster | None = None) -> None:
        self.server = server or Cluster(version)
        self._small = self.server.folder / "small"
        self._frozen: list[int] = []
        self._numbers = itertools.count()
        self.can_be_full = may_be_full and self._make_small()

    def _make_small(self) -> bool:
        """The daemon's tables on a small file system, if this machine lets us have one.

        Threads that were there before stay outside of its namespace, and a server that one of them starts finds no such
        file system. Trio keeps its idle ones for ten seconds: until then a machine that ran before this one is waited for.
        """
        if os.geteuid() != 0:
            return False
        until = time.monotonic() + THREADS_GO_SECONDS
        while threading.active_count() > 1 and time.monotonic() < until:
            time.sleep(0.05)
        self._small.mkdir()
        try:
            mount(self._small, SMALL)
        except OSError:
            return False
        shutil.chown(self._small, UNPRIVILEGED)
        # The server was started outside of the namespace that the mount is in.
        self.server.restart()
        self.server.ask(
            f"CREATE TABLESPACE small LOCATION '{self._small}'",
            f"GRANT CREATE ON TABLESPACE small TO {DAEMON}",
            f"ALTER ROLE {DAEMON} SET default_tablespace = small",
        )
        return True

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self.server.folder / ".s.PGSQL.5432"

    @contextmanager
    def new_store(self) -> Iterator[str]:
        """The URL of an empty store; asked for on connections of their own, as the server may have been away."""
        schema = f"store{next(self._numbers)}"
        self.server.ask(f"CREATE SCHEMA {schema} AUTHORIZATION {DAEMON}")
        try:
            yield self.server.url(schema)
        finally:
            self.server.ask(f"DROP SCHEMA {schema} CASCADE")

    def fall_ill(self, sickness: Sickness) -> None:
        """From now on."""
        match sickness:
            case "restart":
                self.server.stop("QUIT")
            case "freeze":
                self._frozen = self._processes()
                self._signal(signal.SIGSTOP)
            case "no_connections":
                self.server.ask(f"ALTER ROLE {DAEMON} CONNECTION LIMIT 0", END_SESSIONS)
            case "full":
                with suppress(OSError), (self._small / "filler").open("wb", buffering=0) as filler:
                    while filler.write(BLOCK):
                        pass

    def recover(self, sickness: Sickness) -> None:
        """Well again when this returns."""
        match sickness:
            case "restart":
                self.server.start()
            case "freeze":
                self._signal(signal.SIGCONT)
                self._frozen = []
            case "no_connections":
                self.server.ask(f"ALTER ROLE {DAEMON} CONNECTION LIMIT -1")
            case "full":
                (self._small / "filler").unlink(missing_ok=True)

    def _processes(self) -> list[int]:
        """The server and all its children."""
        first = int((self.server.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        return [first, *map(int, children.split())]

    def _signal(self, number: int) -> None:
        for process in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def remove(self) -> None:
        """Ends it."""
        self._signal(signal.SIGCONT)
        if self.can_be_full:
            self.server.stop("QUIT")
            ctypes.CDLL(None).umount(bytes(self._small))
        self.server.remove()
