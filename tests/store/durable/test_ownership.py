"""All people belong to one process at a time; whoever owned them before is fenced off."""

from __future__ import annotations

import pytest

from store.durable.ownership import SHARDS, own_shards
from store.errors import LeaseLost


async def test_all_people_are_owned_at_once(store):
    async with own_shards(store, boot_id="boot-a", now=5) as ownership:
        assert ownership.boot_id == "boot-a"
        assert all(ownership.owns(user_id) for user_id in range(1000))
        assert {ownership.epoch_of(user_id) for user_id in range(1000)} == {1}


async def test_shards_spread_people_evenly_and_for_ever(store):
    async with own_shards(store, boot_id="boot-a", now=5) as ownership:
        shards = [ownership.shard_of(10**9 + user_id) for user_id in range(SHARDS)]
        assert sorted(shards) == list(range(SHARDS))
        assert ownership.shard_of(42) == 42


async def test_epochs_go_up_with_every_start(store):
    for boot, epoch in (("boot-a", 1), ("boot-b", 2), ("boot-c", 3)):
        async with own_shards(store, boot_id=boot, now=5) as ownership:
            assert ownership.epoch_of(7) == epoch


async def test_fence_lets_the_owner_write(store):
    async with own_shards(store, boot_id="boot-a", now=5) as ownership:
        await store.write(ownership.fence(7) + store.cursors.move("stream", 1, now=0))
        assert await store.cursors.get("stream") == 1


async def test_former_owner_is_refused(store):
    async with own_shards(store, boot_id="boot-a", now=5) as former, own_shards(store, boot_id="boot-b", now=6):
        with pytest.raises(LeaseLost):
            await store.write(former.fence(7) + store.cursors.move("stream", 1, now=0))
        assert await store.cursors.get("stream") is None


async def test_same_boot_id_taken_twice_is_fenced_too(store):
    async with own_shards(store, boot_id="boot-a", now=5) as former, own_shards(store, boot_id="boot-a", now=6):
        with pytest.raises(LeaseLost):
            await store.write(former.fence(7))


async def test_shards_are_given_back_at_the_end(store):
    async with own_shards(store, boot_id="boot-a", now=5):
        pass
    await store.write(store.leases.acquire("shard:007", "boot-b", now=6, expires_at=7))
    assert (await store.leases.get("shard:007")).epoch == 2


async def test_giving_back_leaves_the_next_owner_alone(store):
    async with own_shards(store, boot_id="boot-a", now=5):
        await store.write(store.leases.take_over("shard:007", "boot-b", expires_at=99))
    lease = await store.leases.get("shard:007")
    assert (lease.owner, lease.expires_at) == ("boot-b", 99)
