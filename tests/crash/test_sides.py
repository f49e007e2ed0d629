"""Sides are what they stand for: frozen ones do nothing, dead ones leave nothing behind, requests under way arrive."""

from __future__ import annotations

import trio

from store.ids import UserId
from tests.crash.sides import LEASE_SECONDS, open_sides

IVAN = UserId(42)


async def test_one_side_applies_for_everything_and_hands_all_back(autojump_clock, store):
    async with open_sides(store, users=[IVAN], vacancies=2, seed=1) as sides:
        side = await sides.start()
        await trio.sleep(120)
        assert sides.board.log.count("application_made") == 2
        await sides.end(side, gently=True)
        assert await store.members.all() == []


async def test_frozen_side_sends_nothing_and_is_followed(autojump_clock, store):
    async with open_sides(store, users=[IVAN], vacancies=3, seed=1) as sides:
        first = await sides.start()
        first.freeze()
        await trio.sleep(LEASE_SECONDS * 2)
        assert sides.board.log.count("application_made") == 0
        second = await sides.start()
        await trio.sleep(LEASE_SECONDS + 2)
        assert len(second.ownership.shards) == 256
        first.thaw()
        await trio.sleep(300)
        assert sides.board.log.count("application_made") == 3
        assert sides.board.log.count("application_refused") == 0


async def test_killed_side_writes_nothing_more(autojump_clock, store):
    async with open_sides(store, users=[IVAN], vacancies=3, seed=1) as sides:
        side = await sides.start()
        await trio.sleep(12)  # between two beats
        beats = (await store.members.all())[0].beat
        await sides.end(side, gently=False)
        rows = await store.fetch_all("SELECT key, state FROM effects")
        await trio.sleep(100)
        assert await store.fetch_all("SELECT key, state FROM effects") == rows
        assert (await store.members.all())[0].beat == beats
