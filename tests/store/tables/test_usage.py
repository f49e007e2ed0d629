"""Tokens are counted per person and for everybody."""

from __future__ import annotations

from store.tables.usage import UsageRow
from tests.fakes.rows import read_usage


async def add(store, id_, user_id=7, at=10):
    row = UsageRow(id_, user_id, at, "gemini", "flash", "letter", "done", 100, 20, 900)
    await store.write(store.usage.add(row))
    return row


async def test_tokens_are_summed_for_everybody_and_for_one(store):
    assert await store.usage.tokens_since(0) == 0
    await add(store, "a", at=10)
    await add(store, "b", at=20)
    await add(store, "c", user_id=8, at=20)
    assert await store.usage.tokens_since(0) == 360
    assert await store.usage.tokens_since(20) == 240
    assert await store.usage.tokens_since(0, 7) == 240
    assert await store.usage.tokens_since(15, 7) == 120


async def test_calls_are_kept_as_they_were_made(store):
    second, first = await add(store, "b", at=20), await add(store, "a", at=10)
    assert await read_usage(store) == [first, second]


async def test_calls_of_a_person_are_forgotten(store):
    await add(store, "a")
    await add(store, "b", user_id=8)
    await store.write(store.usage.delete(7))
    assert await store.usage.tokens_since(0) == 120
