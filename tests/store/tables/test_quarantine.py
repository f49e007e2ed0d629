"""A child given up stays known since the first time."""

from __future__ import annotations

from dataclasses import replace

from store.tables.quarantine import QuarantineRow

ROW = QuarantineRow("autopilot:7", "f1", "KeyError: 'id'", 6, 100, 1900)


async def test_child_goes_in_and_comes_out(store):
    await store.write(store.quarantine.put(ROW))
    assert await store.quarantine.get("autopilot:7") == ROW
    await store.write(store.quarantine.release("autopilot:7"))
    await store.write(store.quarantine.release("autopilot:7"))
    assert await store.quarantine.get("autopilot:7") is None


async def test_child_that_fails_its_probe_stays_in_since_the_first_time(store):
    await store.write(store.quarantine.put(ROW))
    await store.write(
        store.quarantine.put(QuarantineRow("autopilot:7", "f2", "ValueError", 7, since_at=500, next_probe_at=2300))
    )
    assert await store.quarantine.get("autopilot:7") == QuarantineRow("autopilot:7", "f2", "ValueError", 7, 100, 2300)


async def test_all_are_listed_the_longest_inside_first(store):
    for child, since_at in (("b", 30), ("a", 30), ("c", 10)):
        await store.write(store.quarantine.put(replace(ROW, child=child, since_at=since_at)))
    assert [row.child for row in await store.quarantine.all()] == ["c", "a", "b"]
