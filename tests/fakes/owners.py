"""Owners on a store that is shared, without a keeper: a test says who holds what.

Two of them over one store stand for two processes; `seize` is a take-over whose loser has not heard of it yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from store.durable.leases import NEVER
from store.durable.ownership import ROLES, SHARDS, Ownership, role_name, shard_name
from store.durable.trust import Trust
from store.write import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store.store import Store

ALL = range(SHARDS)


async def seize(
    store: Store, boot_id: str, shards: Iterable[int] = ALL, *, roles: Iterable[str] = ROLES, lease: float = 15.0
) -> Ownership:
    """A process that has just taken these over, whoever held them, and trusts itself for a lease from now."""
    names = [*map(shard_name, shards), *map(role_name, roles)]
    await store.write(join(store.leases.take_over(name, boot_id, expires_at=NEVER) for name in names))
    ownership = Ownership(store.leases, boot_id, {}, trust=Trust(lease, (trio.current_time,)))
    epochs = {row.name: row.epoch for row in await store.leases.owned_by(boot_id)}
    ownership.hold(
        {shard: epochs[shard_name(shard)] for shard in ALL if shard_name(shard) in epochs},
        {role: epochs[role_name(role)] for role in ROLES if role_name(role) in epochs},
    )
    trust(ownership)
    return ownership


def trust(ownership: Ownership) -> None:
    """A beat is on disk."""
    assert ownership.trust is not None
    ownership.trust.renew(ownership.trust.now())
    ownership.note()
