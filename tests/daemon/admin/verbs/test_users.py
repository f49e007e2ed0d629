"""`users`: people page by page, with ids and states only."""

from __future__ import annotations

from daemon.admin.verbs.users import UsersArgs, list_users
from store.ids import ChatId, UserId


async def test_people_come_in_pages(autojump_clock, daemon, caller):
    for user_id in range(1, 6):
        await daemon.add_person(user_id)
    first = await list_users(daemon.operations, caller, UsersArgs(limit=3))
    second = await list_users(daemon.operations, caller, UsersArgs(after=first.next_after, limit=3))
    assert [line.user for line in (*first.users, *second.users)] == [1, 2, 3, 4, 5]
    assert (first.total, second.next_after) == (5, None)


async def test_state_and_hunt_are_told(autojump_clock, daemon, caller):
    await daemon.add_person(1)
    await daemon.store.write(
        daemon.store.hunts.note_step(UserId(1), 1, "letters", next_search_at=daemon.clock.now() + 90_000)
    )
    (line,) = (await list_users(daemon.operations, caller, UsersArgs())).users
    assert (line.state, line.wish, line.step, line.next_search_in_seconds) == ("active", "running", "letters", 90)


async def test_blocked_deleted_and_hunt_less_people(autojump_clock, daemon, caller):
    store = daemon.store
    for user_id in (1, 2, 3):
        await store.write(store.users.register(UserId(user_id), ChatId(user_id), "en", now=1))
    await store.write(store.users.set_blocked(UserId(1), 5) + store.users.set_deleted(UserId(2), 5))
    lines = (await list_users(daemon.operations, caller, UsersArgs())).users
    assert [(line.state, line.wish) for line in lines] == [("blocked", None), ("deleted", None), ("active", None)]
