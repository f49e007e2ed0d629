"""People come, block, leave and return."""

from __future__ import annotations

import pytest

from store.errors import Conflict
from store.tables.users import UserRow


async def test_first_contact_registers(store):
    await store.write(store.users.register(7, 7, "en", now=10))
    assert await store.users.get(7) == UserRow(7, 7, "en", 10)
    assert await store.users.get(8) is None


async def test_person_who_is_known_keeps_their_language_and_is_let_in_again(store):
    await store.write(store.users.register(7, 7, "en", now=10))
    await store.write(store.users.set_language(7, "ru"))
    await store.write(store.users.set_blocked(7, 20))
    await store.write(store.users.register(7, 7, "en", now=30))
    assert await store.users.get(7) == UserRow(7, 7, "ru", 10, blocked_at=None)


async def test_person_who_was_forgotten_starts_anew(store):
    await store.write(store.users.register(7, 7, "en", now=10))
    await store.write(store.users.set_deleted(7, 20))
    assert (await store.users.get(7)).deleted_at == 20
    assert await store.users.count() == 0
    await store.write(store.users.register(7, 7, "ru", now=30))
    assert await store.users.get(7) == UserRow(7, 7, "ru", 30)


async def test_blocking_is_noted_and_lifted(store):
    await store.write(store.users.register(7, 7, "en", now=10))
    await store.write(store.users.set_blocked(7, 20))
    assert (await store.users.get(7)).blocked_at == 20
    await store.write(store.users.set_blocked(7, None))
    assert (await store.users.get(7)).blocked_at is None


async def test_language_of_nobody_is_a_conflict(store):
    with pytest.raises(Conflict):
        await store.write(store.users.set_language(7, "ru"))


async def test_pages_go_through_everybody_once(store):
    for user_id in (5, 3, 9, 7):
        await store.write(store.users.register(user_id, user_id, "ru", now=1))
    first = await store.users.page(0, 3)
    assert [row.user_id for row in first] == [3, 5, 7]
    assert [row.user_id for row in await store.users.page(first[-1].user_id, 3)] == [9]
    assert await store.users.count() == 4
