"""Scheduler: fires due timers, once each, also those that came due while nothing ran.

A timer carries the inbox row it becomes (`{"event", "data", "user_id"}`). Firing is one write: the timer is gone and
the event stands in its chat's lane, or neither. The event's key holds the time it was due, because a timer may be set
again under its old key while the old event's tombstone is still known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import Conflict, LeaseLost
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.clock import Clock
    from store.durable.timers import TimerRow
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

INBOX = "inbox"
TOPIC = "timers"
BATCH = 200
LONGEST_WAIT_SECONDS = 60.0
"""Wall time may jump; a wait computed before the jump would be wrong for its whole length."""


class Scheduler:
    """Turns due timers into events of the inbox."""

    def __init__(self, store: Store, clock: Clock, guard: Callable[[], Write] = lambda: NOTHING) -> None:
        """`guard`: refuses with `LeaseLost` what this process writes after another has taken over."""
        self._store = store
        self._clock = clock
        self._guard = guard

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Fires what is due, for ever."""
        async with self._store.listen(TOPIC) as wakeups:
            task_status.started()
            while True:
                await self.fire_due()
                await wakeups.wait(await self._seconds_to_next())

    async def fire_due(self) -> int:
        """Fires all that is due now; how many."""
        fired = 0
        while rows := await self._store.timers.due(self._clock.now(), BATCH):
            # Side by side, so that they travel in one commit.
            async with trio.open_nursery() as nursery:
                for row in rows:
                    nursery.start_soon(self._fire, row)
            fired += len(rows)
        return fired

    async def _fire(self, row: TimerRow) -> None:
        key = f"timer:{row.key}:{row.due_at}"
        put = self._store.queues.put(INBOX, key, row.lane, row.payload, now=self._clock.now())
        try:
            await self._store.write(self._guard() + self._store.timers.take(row.key, row.due_at) + put)
        except LeaseLost:
            raise
        except Conflict:
            log.info("timer_moved_meanwhile", kind=row.kind)

    async def _seconds_to_next(self) -> float:
        due_at = await self._store.timers.next_due()
        if due_at is None:
            return LONGEST_WAIT_SECONDS
        return min(max(due_at - self._clock.now(), 0) / 1000, LONGEST_WAIT_SECONDS)
