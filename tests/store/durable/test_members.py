"""A member beats, is buried only at the beat that was seen, and its leases are free from then on."""

from __future__ import annotations

import pytest

from store.durable.leases import NEVER, LeaseRow
from store.durable.members import TOPIC, MemberRow
from store.errors import Conflict, LeaseLost


async def test_members_are_listed_by_name_with_their_beats(store):
    for name in ("boot-b", "boot-a"):
        await store.write(store.members.join(name, lease_ms=15_000, now=7))
    await store.write(store.members.beat("boot-a", now=9))
    assert await store.members.all() == [MemberRow("boot-a", 2, 15_000, 7, 9), MemberRow("boot-b", 1, 15_000, 7, 7)]


async def test_name_is_joined_under_once(store):
    await store.write(store.members.join("boot-a", lease_ms=1, now=7))
    with pytest.raises(Conflict):
        await store.write(store.members.join("boot-a", lease_ms=1, now=8))


async def test_burial_names_the_beat_that_was_seen(store):
    await store.write(store.members.join("boot-a", lease_ms=1, now=7))
    await store.write(store.members.beat("boot-a", now=8))
    with pytest.raises(Conflict):
        await store.write(store.members.bury("boot-a", 1))
    await store.write(store.members.bury("boot-a", 2))
    with pytest.raises(LeaseLost):
        await store.write(store.members.beat("boot-a", now=9))


async def test_leaving_after_a_burial_is_no_error(store):
    await store.write(store.members.leave("boot-a"))
    assert await store.members.all() == []


async def test_coming_and_going_wakes_the_others(store):
    async with store.listen(TOPIC) as wakeups:
        for write in (
            store.members.join("boot-a", lease_ms=1, now=7),
            store.members.bury("boot-a", 1),
            store.members.leave("boot-a"),
        ):
            await store.write(write)
            assert await wakeups.wait(0)
        await store.write(store.members.join("boot-b", lease_ms=1, now=7))
        await wakeups.wait(0)
        await store.write(store.members.beat("boot-b", now=8))
        assert not await wakeups.wait(0)


async def test_claim_takes_what_is_free_and_nothing_else(store):
    await store.write(store.leases.seed("shard:007") + store.leases.seed("shard:007"))
    assert await store.leases.all() == [LeaseRow("shard:007", "", 0, 0)]
    await store.write(store.members.join("boot-a", lease_ms=1, now=7) + store.members.join("boot-b", lease_ms=1, now=7))
    await store.write(store.leases.claim("shard:007", "boot-a", epoch=0))
    assert await store.leases.get("shard:007") == LeaseRow("shard:007", "boot-a", 1, NEVER)
    for epoch in (0, 1):
        await store.write(store.leases.claim("shard:007", "boot-b", epoch=epoch))
    assert (await store.leases.get("shard:007")).owner == "boot-a", "its owner is a member"
    await store.write(store.leases.release("shard:007", "boot-a", 1))
    await store.write(store.leases.claim("shard:007", "boot-b", epoch=1))
    assert await store.leases.get("shard:007") == LeaseRow("shard:007", "boot-b", 2, NEVER)
    await store.write(store.members.bury("boot-b", 1) + store.leases.claim("shard:007", "boot-a", epoch=1))
    assert (await store.leases.get("shard:007")).owner == "boot-b", "seen at another epoch"
    await store.write(store.leases.claim("shard:007", "boot-a", epoch=2))
    assert await store.leases.get("shard:007") == LeaseRow("shard:007", "boot-a", 3, NEVER)
