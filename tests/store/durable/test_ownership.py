"""All people belong to one process at a time; whoever owned them before is fenced off."""

from __future__ import annotations

import math

import pytest
import trio

from store.durable.leases import Leases
from store.durable.ownership import SHARDS, Ownership, open_ownership, own_shards
from store.durable.trust import Trust
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


def shared():
    ownership = Ownership(Leases(None), "boot-a", {}, trust=Trust(15.0, (trio.current_time,)))
    ownership.trust.renew(ownership.trust.now())
    return ownership


async def test_shared_store_is_owned_by_nobody_at_first_and_given_back_at_the_end(store):
    store._is_shared = True
    await store.write(store.leases.seed("shard:007") + store.members.join("boot-a", lease_ms=15_000, now=0))
    async with open_ownership(
        store, boot_id="boot-a", now=5, lease_seconds=15, clocks=(trio.current_time,)
    ) as ownership:
        assert not ownership.owns(7)
        await store.write(store.leases.claim("shard:007", "boot-a", epoch=0))
        ownership.trust.renew(ownership.trust.now())
        ownership.hold({7: 1}, {})
        assert ownership.owns(7)
    assert (await store.leases.get("shard:007")).expires_at == 0
    assert await store.members.all() == []


async def test_embedded_store_is_owned_whole(store):
    async with open_ownership(store, boot_id="b", now=5, lease_seconds=15, clocks=()) as ownership:
        assert not ownership.is_shared
        assert ownership.owns(7)
        assert ownership.holds("poller")
        assert ownership.trusts_for(7, 1e9)
        assert await ownership.wait_trust(7, 1e9) == math.inf
        assert not ownership.guard(7)
        assert not ownership.guard_role("poller")


async def test_shard_that_is_left_begins_nothing_and_may_still_write():
    ownership = shared()
    ownership.hold({7: 3, 8: 1}, {"poller": 2})
    ownership.leave({7, 99})
    assert (ownership.owns(7), ownership.owns(8), ownership.leaving) == (False, True, {7})
    assert ownership.guard(7).statements == ownership.fence(7).statements
    with pytest.raises(LeaseLost):
        await ownership.wait_trust(7, 1)
    ownership.stay({7})
    assert ownership.owns(7)
    ownership.leave({7})
    ownership.hold({8: 1}, {})
    assert (ownership.leaving, ownership.shards, ownership.roles) == (frozenset(), {8}, frozenset())


async def test_what_is_not_held_can_not_be_guarded():
    ownership = shared()
    for attempt in (lambda: ownership.guard(7), lambda: ownership.guard_role("poller"), lambda: ownership.epoch_of(7)):
        with pytest.raises(LeaseLost):
            attempt()
    assert not ownership.guard(0), "the application's account is nobody's"


async def test_nothing_begins_without_trust(autojump_clock):
    ownership = shared()
    ownership.hold({7: 3}, {"poller": 1})
    assert ownership.trusts_for(7, 12)
    assert not ownership.trusts_for(7, 12.1)
    await trio.sleep(12)
    assert not ownership.owns(7)
    assert not ownership.holds("poller")
    assert ownership.fence(7), "the database is asked, not the clock"


async def test_outside_work_waits_for_the_next_beat(autojump_clock, nursery):
    ownership = shared()
    ownership.hold({7: 3}, {})
    await trio.sleep(8)

    async def beat():
        await trio.sleep(1)
        ownership.trust.renew(ownership.trust.now())
        ownership.note()

    nursery.start_soon(beat)
    assert await ownership.wait_trust(7, 5) == pytest.approx(12)
    await trio.sleep(8)
    with pytest.raises(LeaseLost):
        await ownership.wait_trust(7, 5)
    assert trio.current_time() >= 21


async def test_release_names_everything_or_some():
    ownership = shared()
    ownership.hold({7: 3, 8: 1}, {"poller": 2})
    assert [made.parameters[0] for made in ownership.release().statements] == ["role:poller", "shard:007", "shard:008"]
    assert [made.parameters[0] for made in ownership.release({8}).statements] == ["shard:008"]
