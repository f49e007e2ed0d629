"""Several processes on one store: an even share each, one owner at any time, whatever happens to a process."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.ownership.keeper import LOOK_SECONDS, QUIET_SECONDS
from store.durable.leases import NEVER
from store.durable.ownership import ROLES, SHARDS
from store.errors import LeaseLost
from telegram_client.rate_limit import RateLimiter
from tests.daemon.ownership.processes import LEASE, open_cluster

ALL = frozenset(range(SHARDS))


@pytest.fixture
async def cluster(store):
    async with open_cluster(store) as opened:
        yield opened


def assert_one_owner(cluster):
    seen = set()
    for acting in cluster.acting():
        assert not seen & acting
        seen |= acting
    return seen


async def test_first_process_takes_everything(autojump_clock, cluster):
    process = await cluster.start()
    assert process.ownership.shards == ALL
    assert process.ownership.roles == set(ROLES)
    assert process.diary.running == ALL
    assert {process.ownership.epoch_of(shard) for shard in ALL} == {1}


async def test_newcomers_get_an_even_share(autojump_clock, cluster):
    for expected in ([256], [128, 128], [86, 85, 85]):
        await cluster.start()
        await trio.sleep(5)
        assert sorted(cluster.held(), reverse=True) == expected
        assert assert_one_owner(cluster) == ALL
    assert [process.diary.running for process in cluster.processes] == cluster.acting()
    assert cluster.processes[0].ownership.roles == set(ROLES)


async def test_hand_over_waits_until_it_is_quiet(autojump_clock, cluster):
    first = await cluster.start()
    first.diary.quiet_seconds = 1.0
    await cluster.start()
    await trio.sleep(0.5)
    leaving = first.ownership.leaving
    assert len(leaving) == 32
    shard = min(leaving)
    assert not first.ownership.owns(shard)
    await first.store.write(first.ownership.fence(shard)), "what runs may still be written down"
    assert cluster.held() == [256, 0]
    await trio.sleep(10)
    assert cluster.held() == [128, 128]
    with pytest.raises(LeaseLost):
        first.ownership.fence(shard)


async def test_shard_that_is_never_quiet_is_given_up_all_the_same(autojump_clock, cluster):
    first = await cluster.start()
    first.diary.quiet_seconds = 10_000
    await cluster.start()
    await trio.sleep(4 * (QUIET_SECONDS + LOOK_SECONDS))
    assert cluster.held() == [128, 128]


async def test_drained_process_is_followed_at_once(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(5)
    await first.drain()
    began = trio.current_time()
    for _ in range(20):
        if second.ownership.shards == ALL:
            break
        await trio.sleep(0.01)
    assert second.ownership.shards == ALL
    assert trio.current_time() - began < 0.1
    assert second.ownership.roles == set(ROLES)
    assert second.diary.running == ALL


async def test_draining_process_takes_nothing_up(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(5)
    first.is_draining = True
    await second.kill()
    await trio.sleep(LEASE * 2)
    assert len(first.ownership.shards) == 128


async def test_killed_process_is_followed_within_its_lease(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(4.9)
    await first.kill()
    began = trio.current_time()
    while len(second.ownership.shards) < SHARDS:
        assert len(second.ownership.shards) == 128
        await trio.sleep(0.05)
    assert LEASE - 5.1 <= trio.current_time() - began <= LEASE + 2
    assert second.ownership.roles == set(ROLES)


async def test_frozen_owner_has_stopped_before_anybody_takes_over(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(7)
    mine = first.ownership.shards
    first.freeze()
    last_acting = trio.current_time()
    for _ in range(400):
        await trio.sleep(0.05)
        if any(first.ownership.owns(shard) for shard in mine):
            last_acting = trio.current_time()
            assert not second.ownership.shards & mine
    assert second.ownership.shards == ALL
    stale = first.ownership.fence(min(mine))
    first.thaw()
    with pytest.raises(LeaseLost):
        await first.store.write(stale)
    await trio.sleep(5)
    assert cluster.held() == [128, 128]
    assert first.ownership.boot_id == "boot-0.1", "a name that was buried is never used again"
    assert assert_one_owner(cluster) == ALL
    assert last_acting


async def test_owner_without_a_store_stops_and_goes_on_when_it_is_back(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(5)
    held = first.ownership.shards, second.ownership.shards
    epochs = {shard: first.ownership.epoch_of(shard) for shard in first.ownership.shards}
    for process in cluster.processes:
        process.store.is_cut_off = True
    await trio.sleep(60)
    assert cluster.acting() == [frozenset(), frozenset()]
    assert [process.diary.running for process in cluster.processes] == [set(), set()]
    assert not first.ownership.holds("poller")
    for process in cluster.processes:
        process.store.is_cut_off = False
    await trio.sleep(5)
    assert (first.ownership.shards, second.ownership.shards) == held, "nobody buries those whom nobody could see"
    assert {shard: first.ownership.epoch_of(shard) for shard in first.ownership.shards} == epochs
    assert first.diary.running == held[0]
    assert first.ownership.holds("poller")


async def test_one_cut_off_is_followed_by_the_others(autojump_clock, cluster):
    first, second = await cluster.start(), await cluster.start()
    await trio.sleep(5)
    first.store.is_cut_off = True
    await trio.sleep(LEASE + 2)
    assert second.ownership.shards == ALL
    assert first.diary.running == set()
    first.store.is_cut_off = False
    await trio.sleep(5)
    assert cluster.held() == [128, 128]
    assert assert_one_owner(cluster) == ALL


async def test_refused_write_makes_the_owner_look(autojump_clock, cluster, store):
    process = await cluster.start()
    await trio.sleep(0.3)
    await store.write(store.leases.take_over("shard:007", "somebody", expires_at=1))
    process.ownership.doubt()
    await trio.sleep(0.1)
    assert not process.ownership.owns(7) or process.ownership.epoch_of(7) == 3


async def test_new_owner_has_a_higher_epoch(autojump_clock, cluster, store):
    first = await cluster.start()
    await first.kill()
    second = await cluster.start()
    await trio.sleep(LEASE + 2)
    assert second.ownership.epoch_of(7) == 2
    assert (await store.leases.get("role:poller")).owner == second.ownership.boot_id


async def test_keeper_that_runs_again_keeps_what_it_has(autojump_clock, cluster):
    process = await cluster.start()
    epochs = {shard: process.ownership.epoch_of(shard) for shard in ALL}
    await process.kill()
    process.scope = trio.CancelScope()

    async def run(task_status):
        with process.scope:
            await process.keeper.run(task_status)

    await cluster.nursery.start(run)
    assert {shard: process.ownership.epoch_of(shard) for shard in ALL} == epochs


async def befall(cluster, chance):
    """Something happens to somebody."""
    process = chance.choice(cluster.processes)
    match chance.choice(["freeze", "thaw", "cut off", "mend", "end", "nothing"]):
        case "freeze":
            process.freeze()
        case "thaw":
            process.thaw()
        case "cut off":
            process.store.is_cut_off = True
        case "mend":
            process.store.is_cut_off = False
        case "end":
            process.thaw()
            await (process.kill() if chance.random() < 0.5 or process.store.is_cut_off else process.drain())
            cluster.processes = [other for other in cluster.processes if other is not process]
            await cluster.start()
        case _:
            pass


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_nobody_acts_beside_another(autojump_clock, cluster, seed):
    chance = random.Random(seed)
    for _ in range(3):
        await cluster.start()
    for _ in range(30):
        await befall(cluster, chance)
        for _ in range(chance.randrange(1, 80)):
            await trio.sleep(0.2)
            assert_one_owner(cluster)
    for process in cluster.processes:
        process.thaw()
        process.store.is_cut_off = False
    await trio.sleep(3 * LEASE)
    assert assert_one_owner(cluster) == ALL
    assert max(cluster.held()) - min(cluster.held()) <= 1
    assert sum(len(process.ownership.roles) for process in cluster.processes) == len(ROLES)
    for process, acting in zip(cluster.processes, cluster.acting(), strict=True):
        assert process.diary.running == acting


async def test_shard_that_came_back_between_two_looks_is_held_at_its_new_epoch(autojump_clock, cluster, store):
    process = await cluster.start()
    for owner in ("somebody", process.ownership.boot_id):
        await store.write(store.leases.take_over("shard:007", owner, expires_at=NEVER))
    await trio.sleep(2)
    assert process.ownership.epoch_of(7) == 3
    await store.write(process.ownership.fence(7))


async def test_all_together_send_at_the_rate_of_one_bot_whoever_joins_and_leaves(autojump_clock, cluster):
    sent = []

    async def send(process):
        limiter = RateLimiter(30)
        while not process.ended.is_set():
            limiter.share_among(process.ownership.members, trio.current_time())
            await trio.sleep(limiter.reserve_bot(trio.current_time()))
            if process.ownership.shards and process.ownership.trust.seconds_left() > 0:
                sent.append(trio.current_time())

    async def rate_after(seconds):
        """Messages a second that go out in all from then on."""
        await trio.sleep(seconds)
        begun = len(sent)
        await trio.sleep(10)
        return (len(sent) - begun) / 10

    async def start():
        process = await cluster.start()
        cluster.nursery.start_soon(send, process)
        return process

    first = await start()
    assert await rate_after(2) == pytest.approx(30, abs=1)
    second = await start()
    assert await rate_after(5) == pytest.approx(30, abs=1)
    await start()
    assert await rate_after(5) == pytest.approx(30, abs=1)
    assert [process.ownership.members for process in cluster.processes] == [3, 3, 3]
    await second.kill()
    assert await rate_after(0) == pytest.approx(20, abs=1)
    assert await rate_after(LEASE) == pytest.approx(30, abs=1)
    await first.drain()
    assert await rate_after(1) == pytest.approx(30, abs=1)
