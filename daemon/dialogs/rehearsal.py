"""Rehearsal: after a start, every open dialog that was begun with another script is tried against today's.

A release that changes a script is seen by those it concerns at once, not by each when they come back: what fits is
noted as such, what does not goes on from its last checkpoint or starts again, in words. Runs in the background, after
the rush of the start and slowly: ten thousand changed dialogs take two minutes and a tenth of a core. A dialog that
nobody has touched for days is left until its person wakes it; nobody likes to be addressed about last month's question.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import DAY
from daemon.dialogs.live import NoDialog
from daemon.dialogs.question import Working
from store.errors import Conflict, StoreError
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.clock import Clock
    from daemon.dialogs.journal import DialogJournal, Record
    from daemon.dialogs.live import LiveDialogs
    from store.durable.ownership import Ownership
    from store.store import Store

log = structlog.get_logger(__name__)

_START_SECONDS = 10.0
"""Hunts are taken up and whoever waited is answered first."""
_PAUSE_SECONDS = 0.01
"""Between two trials: a trial costs about a millisecond."""
_PAGE = 200
STALE = 3 * DAY


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of it: dialogs begun with another script, by how today's took them."""

    open: int = 0
    """All open dialogs."""
    fit: int = 0
    moved: int = 0
    """Went on from their last checkpoint, began again, or were closed because their script is gone."""
    stale: int = 0
    """Left until they wake."""
    skipped: int = 0
    """In memory already, at work, or another instance's: they see for themselves."""

    @property
    def changed(self) -> int:
        """Dialogs begun with another script."""
        return self.fit + self.moved + self.stale + self.skipped

    def __str__(self) -> str:
        return (
            f"{self.changed} of {self.open} open ones were begun with another script: {self.fit} fit, "
            f"{self.moved} moved, {self.stale} wait for their person, {self.skipped} see for themselves"
        )


class Rehearsal:
    """Tries the dialogs found open at the start."""

    def __init__(
        self,
        store: Store,
        ownership: Ownership,
        clock: Clock,
        *,
        fingerprints: Mapping[str, str],
        journal: DialogJournal,
        live: LiveDialogs,
    ) -> None:
        self._store = store
        self._ownership = ownership
        self._clock = clock
        self._fingerprints = fingerprints
        self._journal = journal
        self._live = live
        self.result: Rehearsed | None = None
        """None until it is through."""

    async def run(self) -> None:
        """Once. A store that fails ends it: those not tried yet are tried when they wake."""
        await trio.sleep(_START_SECONDS)
        counts: Counter[str] = Counter()
        try:
            await self._try_all(counts)
        except StoreError as error:
            log.warning("rehearsal_broken_off", error=type(error).__name__, **counts)
            return
        self.result = Rehearsed(**counts)
        if self.result.changed:
            log.info("dialogs_rehearsed", **counts)

    async def _try_all(self, counts: Counter[str]) -> None:
        after = ""
        while records := await self._journal.page(after, _PAGE):
            counts["open"] += len(records)
            for record in records:
                if record.fingerprint != self._fingerprints.get(record.script):
                    counts[await self._try(record)] += 1
                    await trio.sleep(_PAUSE_SECONDS)
            after = records[-1].name
            await trio.sleep(_PAUSE_SECONDS)

    async def _try(self, record: Record) -> str:
        if isinstance(record.waiting, Working) or not self._ownership.owns(record.user_id):
            return "skipped"
        if self._live.get(record.chat_id) is not None:
            return "skipped"
        if record.touched_at <= self._clock.now() - STALE:
            return "stale"
        try:
            live = await self._live.wake(record.chat_id, NOTHING)
            if live is None:
                return "moved"
            await self._store.write(self._ownership.guard(live.record.user_id) + self._journal.note_fit(live.record))
        except (NoDialog, Conflict):
            return "skipped"  # its person was here in this very moment
        finally:
            self._live.lay_down(record.chat_id)
        return "fit"
