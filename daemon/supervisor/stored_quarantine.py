"""StoredQuarantine: the quarantine book that outlives the process, on the store's table.

Handed to the supervisor of hunts by `main.py`: a person whose hunt was given up stays given up over a restart.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from daemon.supervisor.quarantine import QuarantineEntry
from store.tables.quarantine import QuarantineRow

if TYPE_CHECKING:
    from store.store import Store


class StoredQuarantine:
    """See `QuarantineBook`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> list[QuarantineEntry]:
        """All entries."""
        return [QuarantineEntry(**asdict(row)) for row in await self._store.quarantine.all()]

    async def enter(self, entry: QuarantineEntry) -> None:
        """Adds or replaces the entry of this child."""
        await self._store.write(self._store.quarantine.put(QuarantineRow(**asdict(entry))))

    async def leave(self, child: str) -> None:
        """Removes the entry of this child."""
        await self._store.write(self._store.quarantine.release(child))
