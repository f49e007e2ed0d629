"""Wishes and facts do not touch each other, and only the owner writes facts."""

from __future__ import annotations

import pytest

from store.errors import Conflict, LeaseLost
from store.tables.hunts import HuntRow

ROW = HuntRow(7, "hh", "stopped", "person", "new", 10, "auto", "python")


@pytest.fixture
async def hunts(store):
    await store.write(store.hunts.insert_new(ROW))
    return store.hunts


async def test_new_hunt_comes_back(hunts):
    assert await hunts.get(7) == ROW
    assert await hunts.get(8) is None


async def test_hunt_that_is_there_is_left_as_it_is(store, hunts):
    await store.write(hunts.set_wish(7, "running", by="person", reason="pressed", now=20))
    await store.write(hunts.insert_new(ROW))
    await store.write(hunts.insert_new(HuntRow(8, "hh", "stopped", "person", "new", 10, "auto", "")))
    assert (await hunts.get(7)).wish == "running"
    assert (await hunts.get(8)).wish == "stopped"


async def test_wish_is_kept_with_who_and_why_and_touches_no_fact(store, hunts):
    await store.write(hunts.note_step(7, 3, "search", searched_at=5, next_search_at=6))
    await store.write(hunts.set_wish(7, "running", by="person", reason="pressed", now=20))
    row = await hunts.get(7)
    assert (row.wish, row.wish_by, row.wish_reason, row.wished_at) == ("running", "person", "pressed", 20)
    assert (row.epoch, row.step, row.searched_at, row.next_search_at) == (3, "search", 5, 6)


async def test_wishing_lists_people_with_a_wish(store, hunts):
    for user_id, wish in ((9, "running"), (3, "running"), (4, "paused")):
        await store.write(hunts.insert_new(HuntRow(user_id, "hh", wish, "person", "", 1, "auto", "")))
    assert await hunts.wishing("running") == [3, 9]
    assert await hunts.count_by_wish() == {"running": 2, "paused": 1, "stopped": 1}


@pytest.mark.parametrize(
    ("column", "value"),
    [("query", "java"), ("approval", "approve"), ("daily_limit", 5), ("excluded", '["x"]')],
)
async def test_setting_is_changed_under_a_new_version_and_both_topics_wake(store, hunts, column, value):
    async with store.listen("hunts") as roster, store.listen("hunt:7") as hunt:
        await store.write(getattr(hunts, f"set_{column}")(7, value))
        assert await roster.wait(0)
        assert await hunt.wait(0)
    row = await hunts.get(7)
    assert (getattr(row, column), row.version) == (value, 2)


async def test_other_query_makes_the_next_search_due(store, hunts):
    await store.write(hunts.note_step(7, 1, "rest", next_search_at=500))
    await store.write(hunts.set_query(7, "java"))
    assert (await hunts.get(7)).next_search_at is None


async def test_daily_limit_goes_back_to_the_daemons(store, hunts):
    await store.write(hunts.set_daily_limit(7, 5))
    await store.write(hunts.set_daily_limit(7, None))
    assert (await hunts.get(7)).daily_limit is None


async def test_steps_are_noted_by_the_owner_only(store, hunts):
    await store.write(hunts.note_step(7, 3, "search", searched_at=50))
    await store.write(hunts.note_step(7, 3, "screen", next_search_at=60))
    row = await hunts.get(7)
    assert (row.epoch, row.step, row.searched_at, row.next_search_at) == (3, "screen", 50, 60)
    await store.write(hunts.note_step(7, 4, "letter"))
    with pytest.raises(LeaseLost):
        await store.write(hunts.note_step(7, 3, "apply"))
    assert (await hunts.get(7)).step == "letter"


async def test_rest_is_a_fact_and_ends_by_waking_up(store, hunts):
    await store.write(hunts.rest(7, 900, "captcha", "https://example.com/captcha"))
    row = await hunts.get(7)
    assert (row.rests_until, row.rest_reason, row.rest_link) == (900, "captcha", "https://example.com/captcha")
    assert row.wish == "stopped"
    async with store.listen("hunt:7") as hunt:
        await store.write(hunts.wake_up(7))
        assert await hunt.wait(0)
    row = await hunts.get(7)
    assert (row.rests_until, row.rest_reason, row.rest_link) == (None, None, None)


async def test_hunt_of_nobody_can_not_be_changed(store, hunts):
    for write in (
        hunts.set_wish(8, "running", by="x", reason="y", now=1),
        hunts.set_query(8, "x"),
        hunts.rest(8, 1, "x"),
        hunts.wake_up(8),
    ):
        with pytest.raises(Conflict):
            await store.write(write)


async def test_forgotten_hunt_is_gone_and_the_roster_hears_of_it(store, hunts):
    async with store.listen("hunts") as roster:
        await store.write(hunts.delete(7))
        assert await roster.wait(0)
    assert await hunts.get(7) is None


async def test_pages_go_through_all_hunts(store, hunts):
    for user_id in (3, 9):
        await store.write(hunts.insert_new(HuntRow(user_id, "hh", "running", "person", "", 1, "auto", "")))
    assert [row.user_id for row in await hunts.page(0, 2)] == [3, 7]
    assert [row.user_id for row in await hunts.page(7, 2)] == [9]
