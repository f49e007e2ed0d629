"""The resume in use is the last one saved."""

from __future__ import annotations

from store.tables.profiles import ProfileRow


async def save(store, **changes):
    values = {"source": "hh", "resume_id": "r1", "title": "Welder", "sealed_resume": "sealed", "now": 10} | changes
    await store.write(store.profiles.save(7, **values))


async def test_resume_comes_back_and_each_save_is_a_new_version(store):
    await save(store)
    assert await store.profiles.get(7) == ProfileRow(7, "hh", "r1", "Welder", "sealed", 1, 10)
    await save(store, source="pasted", resume_id=None, title="Cook", sealed_resume="other", now=20)
    assert await store.profiles.get(7) == ProfileRow(7, "pasted", None, "Cook", "other", 2, 20)


async def test_save_rings_this_persons_hunt(store):
    async with store.listen("hunt:7") as wakeups:
        await save(store)
        assert await wakeups.wait(0)


async def test_forgotten_resume_is_gone(store):
    await save(store)
    await store.write(store.profiles.delete(7))
    assert await store.profiles.get(7) is None
