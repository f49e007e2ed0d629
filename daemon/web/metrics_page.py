"""The Prometheus page: the daemon's counters, and what the store holds at this moment.

The store is asked once for each page, within a deadline: a store that hangs must not take the figures along that would
show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.metrics import Metrics
    from store.store import Store

log = structlog.get_logger(__name__)

READ_SECONDS = 3.0
QUEUES = ("inbox", "outbox")


class MetricsPage:
    """Makes the page."""

    def __init__(self, metrics: Metrics, store: Store) -> None:
        self._metrics = metrics
        self._store = store
        self._waiting: Mapping[str, float] = {}
        self._buried: Mapping[str, float] = {}
        self._hunts: Mapping[str, float] = {}
        self._effects: Mapping[str, float] = {}
        self._users = 0
        metrics.gauges("aurora_queue_waiting", "Items that wait.", "queue", lambda: self._waiting)
        metrics.gauges("aurora_queue_buried", "Items given up on.", "queue", lambda: self._buried)
        metrics.gauges("aurora_hunts", "Hunts by what their people wish.", "wish", lambda: self._hunts)
        metrics.gauges("aurora_effects", "Acts outside, by kind and state.", "effect", lambda: self._effects)
        metrics.gauge("aurora_users", "People known.", lambda: self._users)

    async def make(self) -> bytes:
        """The page; with the figures of the last one where the store does not answer."""
        with trio.move_on_after(READ_SECONDS) as patience:
            try:
                await self._read()
            except StoreError as error:
                log.warning("figures_not_read", error=type(error).__name__)
        if patience.cancelled_caught:
            log.warning("figures_not_read", error="TooSlow")
        return self._metrics.page()

    async def _read(self) -> None:
        queues = self._store.queues
        self._waiting = {name: await queues.count(name, "waiting") for name in QUEUES}
        self._buried = {name: await queues.count(name, "buried") for name in QUEUES}
        self._hunts = dict(await self._store.hunts.count_by_wish())
        counts = await self._store.effects.count_by_state()
        self._effects = {f"{kind}:{state}": count for (kind, state), count in counts.items()}
        self._users = await self._store.users.count()
