"""The last answer counts, with the version of its text."""

from __future__ import annotations

from store.tables.consents import ConsentRow


async def test_last_answer_counts_and_keeps_the_version_of_its_text(store):
    await store.write(store.consents.answer(7, "llm", "2026-11", is_given=True, now=10))
    assert await store.consents.get(7, "llm") == ConsentRow(7, "llm", "2026-11", is_given=True, answered_at=10)
    await store.write(store.consents.answer(7, "llm", "2026-12", is_given=False, now=20))
    row = await store.consents.get(7, "llm")
    assert row == ConsentRow(7, "llm", "2026-12", is_given=False, answered_at=20)
    assert row.is_given is False


async def test_nobody_asked_is_none_and_not_no(store):
    assert await store.consents.get(7, "llm") is None


async def test_answers_of_a_person_are_forgotten(store):
    for user_id, purpose in ((7, "terms"), (7, "llm"), (8, "llm")):
        await store.write(store.consents.answer(user_id, purpose, "1", is_given=True, now=10))
    await store.write(store.consents.delete(7))
    assert [await store.consents.get(7, purpose) for purpose in ("terms", "llm")] == [None, None]
    assert await store.consents.get(8, "llm") is not None
