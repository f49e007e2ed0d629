"""One key per person, never overwritten by accident."""

from __future__ import annotations

import pytest

from store.errors import Conflict
from store.tables.data_keys import DataKeyRow


async def test_second_key_for_a_person_is_refused(store):
    await store.write(store.data_keys.insert(DataKeyRow(7, "first", 10)))
    with pytest.raises(Conflict):
        await store.write(store.data_keys.insert(DataKeyRow(7, "second", 20)))
    assert await store.data_keys.get(7) == DataKeyRow(7, "first", 10)


async def test_key_is_rewrapped_only_over_the_one_that_was_read(store):
    await store.write(store.data_keys.insert(DataKeyRow(7, "old", 10)))
    await store.write(store.data_keys.rewrap(7, "old", "new"))
    with pytest.raises(Conflict):
        await store.write(store.data_keys.rewrap(7, "old", "newer"))
    assert (await store.data_keys.get(7)).wrapped_key == "new"


async def test_shredded_key_is_gone(store):
    await store.write(store.data_keys.insert(DataKeyRow(7, "key", 10)))
    await store.write(store.data_keys.delete(7))
    await store.write(store.data_keys.delete(7))
    assert await store.data_keys.get(7) is None


async def test_pages_go_through_all_keys_for_a_rotation(store):
    for user_id in (3, 1, 2):
        await store.write(store.data_keys.insert(DataKeyRow(user_id, "key", 10)))
    assert [row.user_id for row in await store.data_keys.page(0, 2)] == [1, 2]
    assert [row.user_id for row in await store.data_keys.page(2, 2)] == [3]


async def test_keys_are_counted_by_how_they_begin(store):
    for user_id, key in ((1, "1.aaaa.x"), (2, "1.bbbb.y"), (3, "1.aaaa.z")):
        await store.write(store.data_keys.insert(DataKeyRow(user_id, key, 10)))
    assert await store.data_keys.count_by_prefix(6) == {"1.aaaa": 2, "1.bbbb": 1}
