"""Every recurring job on one page: name, when, what. Started by `main.py` as children of the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.clock import DAY, HOUR
from daemon.schedule.recurrence import Every
from daemon.schedule.recurring import Job

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.vault import Vault
    from store.store import Store

TOMBSTONES_KEPT = 48 * HOUR
"""Telegram repeats an update for 24 hours at most; twice that is safe."""
LOGINS_KEPT = DAY
"""So that a late return is told that it is late, not that it is unknown."""


def make_timetable(store: Store, clock: Clock, vault: Vault) -> tuple[Job, ...]:
    """The timetable of one daemon."""

    async def trim_tombstones() -> None:
        await store.write(store.queues.trim(clock.now() - TOMBSTONES_KEPT))

    async def forget_old_logins() -> None:
        await store.write(store.oauth_states.trim(clock.now() - LOGINS_KEPT))

    return (
        Job("trim_tombstones", Every(minutes=10), trim_tombstones),
        Job("forget_old_logins", Every(minutes=60), forget_old_logins),
        Job("rewrap_data_keys", Every(minutes=10), vault.rewrap),
    )
