"""StoredQuarantine: the quarantine book that outlives the process, on the store's table.

Handed to the supervisor of hunts by `main.py`: a person whose hunt was given up stays given up over a restart, and is
told so in the write that notes it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog

from daemon.supervisor.quarantine import QuarantineEntry
from store.errors import LeaseLost
from store.tables.quarantine import QuarantineRow
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)


class StoredQuarantine:
    """See `QuarantineBook`. `tell` makes the words for whoever waits for this child; said again, they must be one."""

    def __init__(
        self,
        store: Store,
        tell: Callable[[QuarantineEntry], Write] = lambda _entry: NOTHING,
        guard: Callable[[str], Write] = lambda _child: NOTHING,
    ) -> None:
        """`guard`: refuses with `LeaseLost` what is written of a child that runs in another process by now."""
        self._store = store
        self._tell = tell
        self._guard = guard

    async def load(self) -> list[QuarantineEntry]:
        """All entries."""
        return [QuarantineEntry(**asdict(row)) for row in await self._store.quarantine.all()]

    async def enter(self, entry: QuarantineEntry) -> None:
        """Adds or replaces the entry of this child."""
        put = self._store.quarantine.put(QuarantineRow(**asdict(entry)))
        await self._write_while_owned(entry.child, put + self._tell(entry))

    async def leave(self, child: str) -> None:
        """Removes the entry of this child."""
        await self._write_while_owned(child, self._store.quarantine.release(child))

    async def _write_while_owned(self, child: str, write: Write) -> None:
        try:
            await self._store.write(self._guard(child) + write)
        except LeaseLost:
            # It runs elsewhere by now, and what is known of it there counts.
            log.info("quarantine_is_anothers", child=child)
