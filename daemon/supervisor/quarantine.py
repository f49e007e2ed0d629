"""Quarantine: children that failed too often, kept on disk so that a restart of the process does not forget them.

The book is a small protocol: this room knows no database. The clerk writes it from a task of its own, because a slow or
broken store must hold up neither the child that failed nor its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """Why a child does not run, and when it is tried again. No text of any error: types and places only."""

    child: str
    fingerprint: str
    error: str
    failures: int
    since_at: int
    """Unix milliseconds."""
    next_probe_at: int
    """Unix milliseconds."""


class QuarantineBook(Protocol):
    """Where entries are kept."""

    async def load(self) -> Iterable[QuarantineEntry]:
        """All entries, once, when the supervisor opens."""

    async def enter(self, entry: QuarantineEntry) -> None:
        """Adds or replaces the entry of this child."""

    async def leave(self, child: str) -> None:
        """Removes the entry of this child, if there is one."""


class MemoryBook:
    """A book for supervisors whose quarantine need not survive the process."""

    def __init__(self) -> None:
        self.entries: dict[str, QuarantineEntry] = {}

    async def load(self) -> Iterable[QuarantineEntry]:
        """All entries."""
        await trio.lowlevel.checkpoint()
        return list(self.entries.values())

    async def enter(self, entry: QuarantineEntry) -> None:
        """Adds or replaces the entry of this child."""
        await trio.lowlevel.checkpoint()
        self.entries[entry.child] = entry

    async def leave(self, child: str) -> None:
        """Removes the entry of this child."""
        await trio.lowlevel.checkpoint()
        self.entries.pop(child, None)


class QuarantineClerk:
    """Brings the book up to date; the latest word on each child counts."""

    def __init__(self, book: QuarantineBook) -> None:
        self._book = book
        self._due: dict[str, QuarantineEntry | None] = {}
        self._news = trio.Event()

    def enter(self, entry: QuarantineEntry) -> None:
        """Has the entry written soon."""
        self._due[entry.child] = entry
        self._news.set()

    def leave(self, child: str) -> None:
        """Has the entry removed soon."""
        self._due[child] = None
        self._news.set()

    async def run(self) -> None:
        """Writes what is due, for ever; tries again later when the book can't be written."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            if not await self.flush():
                await trio.sleep(RETRY_SECONDS)
                self._news.set()

    async def flush(self) -> bool:
        """Writes what is due. False when some of it could not be written; that stays due."""
        for child, entry in list(self._due.items()):
            try:
                await (self._book.leave(child) if entry is None else self._book.enter(entry))
            except Exception as error:  # noqa: BLE001 - the edge of this task: the book may fail in any way
                log.warning("quarantine_not_written", child=child, error=type(error).__name__)
                return False
            if self._due.get(child) is entry:
                del self._due[child]
        return True
