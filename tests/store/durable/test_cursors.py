"""Positions in outside streams move with what was read there."""

from __future__ import annotations


async def test_unknown_stream_has_no_position(store):
    assert await store.cursors.get("telegram") is None


async def test_cursor_moves_in_the_write_it_is_joined_to(store):
    await store.write(store.queues.put("inbox", "update:1", 7, {}, now=1) + store.cursors.move("telegram", 2, now=1))
    assert await store.cursors.get("telegram") == 2
    assert await store.queues.count("inbox", "waiting") == 1


async def test_cursor_may_move_backwards(store):
    await store.write(store.cursors.move("telegram", 900, now=1))
    await store.write(store.cursors.move("telegram", 5, now=2))
    assert await store.cursors.get("telegram") == 5


async def test_streams_do_not_touch_each_other(store):
    await store.write(store.cursors.move("a", 1, now=1) + store.cursors.move("b", 2, now=1))
    assert [await store.cursors.get("a"), await store.cursors.get("b")] == [1, 2]
