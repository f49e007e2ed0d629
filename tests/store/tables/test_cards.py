"""A card is the last message of its name."""

from __future__ import annotations

from store.tables.cards import CardRow


async def test_card_is_the_last_message_of_its_name(store):
    await store.write(store.cards.put(CardRow(7, "status", 100, 10)))
    await store.write(store.cards.put(CardRow(7, "status", 200, 20)))
    assert await store.cards.get(7, "status") == CardRow(7, "status", 200, 20)
    assert await store.cards.get(8, "status") is None


async def test_cards_of_a_chat_are_forgotten(store):
    for chat_id, name in ((7, "status"), (7, "question"), (8, "status")):
        await store.write(store.cards.put(CardRow(chat_id, name, 1, 1)))
    await store.write(store.cards.delete(7))
    assert [await store.cards.get(7, name) for name in ("status", "question")] == [None, None]
    assert await store.cards.get(8, "status") is not None


async def test_chat_of_somebody_forgotten_gets_no_card(store):
    await store.write(store.users.register(7, 7, "ru", now=1) + store.users.set_deleted(7, 2))
    await store.write(store.cards.put(CardRow(7, "status", 100, 10)))
    assert await store.cards.get(7, "status") is None
    await store.write(store.users.register(7, 7, "ru", now=3) + store.cards.put(CardRow(7, "status", 100, 10)))
    assert await store.cards.get(7, "status") is not None
