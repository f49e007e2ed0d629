"""A lease has one holder, and a former holder can write nothing for it."""

from __future__ import annotations

import pytest

from store.durable.leases import LeaseRow
from store.errors import Conflict, LeaseLost
from store.write import statement


async def test_free_lease_is_taken_at_the_first_epoch(store):
    await store.write(store.leases.acquire("poller", "boot-a", now=100, expires_at=200))
    assert await store.leases.get("poller") == LeaseRow("poller", "boot-a", 1, 200)


async def test_held_lease_is_refused_until_it_has_run_out(store):
    await store.write(store.leases.acquire("poller", "boot-a", now=100, expires_at=200))
    with pytest.raises(Conflict, match="poller is held"):
        await store.write(store.leases.acquire("poller", "boot-b", now=199, expires_at=300))
    await store.write(store.leases.acquire("poller", "boot-b", now=200, expires_at=300))
    assert await store.leases.get("poller") == LeaseRow("poller", "boot-b", 2, 300)


async def test_take_over_does_not_wait(store):
    await store.write(store.leases.take_over("poller", "boot-a", expires_at=10**9))
    await store.write(store.leases.take_over("poller", "boot-b", expires_at=10**9))
    assert await store.leases.get("poller") == LeaseRow("poller", "boot-b", 2, 10**9)


async def test_released_lease_keeps_its_epoch_and_is_free_at_once(store):
    await store.write(store.leases.acquire("poller", "boot-a", now=100, expires_at=200))
    await store.write(store.leases.release("poller", "boot-a", 1))
    await store.write(store.leases.acquire("poller", "boot-b", now=101, expires_at=200))
    assert (await store.leases.get("poller")).epoch == 2


async def test_release_of_a_lost_lease_does_nothing(store):
    await store.write(store.leases.take_over("poller", "boot-a", expires_at=200))
    await store.write(store.leases.take_over("poller", "boot-b", expires_at=300))
    await store.write(store.leases.release("poller", "boot-a", 1))
    assert await store.leases.get("poller") == LeaseRow("poller", "boot-b", 2, 300)


async def test_fence_refuses_everything_of_a_former_owner(store):
    await store.write(store.leases.take_over("shard", "boot-a", expires_at=200))
    fence = store.leases.fence("shard", "boot-a", 1)
    await store.write(fence + store.cursors.move("stream", 1, now=0))
    await store.write(store.leases.take_over("shard", "boot-b", expires_at=200))
    with pytest.raises(LeaseLost):
        await store.write(store.cursors.move("stream", 2, now=0) + fence)
    assert await store.cursors.get("stream") == 1


async def test_fence_refuses_the_same_owner_at_an_earlier_epoch(store):
    await store.write(store.leases.take_over("shard", "boot-a", expires_at=200))
    await store.write(store.leases.take_over("shard", "boot-a", expires_at=200))
    with pytest.raises(LeaseLost):
        await store.write(store.leases.fence("shard", "boot-a", 1))


async def test_fence_changes_nothing(store):
    await store.write(store.leases.take_over("shard", "boot-a", expires_at=200))
    await store.write(store.leases.fence("shard", "boot-a", 1))
    assert await store.leases.get("shard") == LeaseRow("shard", "boot-a", 1, 200)


async def test_owned_by_lists_the_leases_of_one_owner(store):
    for name in ("b", "a", "c"):
        await store.write(store.leases.take_over(name, "boot-a", expires_at=200))
    await store.write(store.leases.take_over("c", "boot-b", expires_at=200))
    assert [row.name for row in await store.leases.owned_by("boot-a")] == ["a", "b"]


async def test_unknown_lease_is_none(store):
    assert await store.leases.get("nobody") is None
    with pytest.raises(LeaseLost):
        await store.write(store.leases.fence("nobody", "boot-a", 1) + statement("DELETE FROM users"))
