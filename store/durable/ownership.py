"""Ownership: which people this process acts for. 256 shards by user id, each a lease with an epoch.

On an embedded store the kernel's lock on the file proves that the former owner is dead, so all shards are taken at the
start. What is written for a person joins `fence(user_id)`: a process that lost the shard is refused with `LeaseLost`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import LeaseLost, StoreError
from store.write import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from store.durable.leases import Leases
    from store.ids import UserId
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

SHARDS = 256
_NEVER = 2**62
"""Such a lease does not run out: it ends with its process, which the kernel's lock tells."""
_RELEASE_SECONDS = 2.0


class Ownership:
    """The shards held by one process, since its start."""

    def __init__(self, leases: Leases, boot_id: str, epochs: Mapping[int, int]) -> None:
        self.boot_id = boot_id
        self._leases = leases
        self._epochs = dict(epochs)

    def shard_of(self, user_id: UserId) -> int:
        """The shard this person belongs to."""
        return user_id % SHARDS

    def owns(self, user_id: UserId) -> bool:
        """Whether this process acts for this person."""
        return self.shard_of(user_id) in self._epochs

    def epoch_of(self, user_id: UserId) -> int:
        """The epoch of this person's shard. Raises `LeaseLost`."""
        epoch = self._epochs.get(self.shard_of(user_id))
        if epoch is None:
            raise LeaseLost
        return epoch

    def fence(self, user_id: UserId) -> Write:
        """Joined to a write for this person: refused with `LeaseLost` once another process has taken over."""
        shard = self.shard_of(user_id)
        return self._leases.fence(_name_of(shard), self.boot_id, self.epoch_of(user_id))

    def release(self) -> Write:
        """Gives all shards back."""
        return join(self._leases.release(_name_of(shard), self.boot_id, epoch) for shard, epoch in self._epochs.items())


def _name_of(shard: int) -> str:
    return f"shard:{shard:03}"


@asynccontextmanager
async def own_shards(store: Store, *, boot_id: str, now: int) -> AsyncIterator[Ownership]:
    """All shards, from now on, for this process; given back at the end."""
    del now  # an embedded store's leases do not run out; a shared one's will be counted from here
    await store.write(
        join(store.leases.take_over(_name_of(shard), boot_id, expires_at=_NEVER) for shard in range(SHARDS))
    )
    names = {_name_of(shard): shard for shard in range(SHARDS)}
    owned = await store.leases.owned_by(boot_id)
    ownership = Ownership(store.leases, boot_id, {names[row.name]: row.epoch for row in owned if row.name in names})
    try:
        yield ownership
    finally:
        with trio.move_on_after(_RELEASE_SECONDS, shield=True):
            try:
                await store.write(ownership.release())
            except StoreError as error:
                log.warning("shards_not_released", error=type(error).__name__)
