"""A dialog finds its answers again, and two engines can not both go on with it."""

from __future__ import annotations

import pytest

from store.durable.journals import JournalEntryRow, JournalRow
from store.errors import Conflict


async def open_one(store, name="d1", lane=7):
    await store.write(store.journals.open(name, lane, "onboarding", "f1", now=10))


async def test_new_journal_stands_at_its_top(store):
    await open_one(store)
    assert await store.journals.get("d1") == JournalRow(
        name="d1",
        lane=7,
        script="onboarding",
        fingerprint="f1",
        version=1,
        passed=(),
        state={},
        said=0,
        question=None,
        opened_at=10,
        touched_at=10,
    )


async def test_name_is_taken_once(store):
    await open_one(store)
    with pytest.raises(Conflict):
        await open_one(store)


async def test_entries_come_back_in_order_whatever_order_they_came_in(store):
    await open_one(store)
    for position, value in ((2, {"option": "b"}), (1, None), (10, "text"), (3, 5)):
        await store.write(store.journals.append("d1", position, "answer", "city", value))
    assert [(entry.position, entry.value) for entry in await store.journals.entries("d1")] == [
        (1, None),
        (2, {"option": "b"}),
        (3, 5),
        (10, "text"),
    ]
    assert (await store.journals.entries("d1"))[0] == JournalEntryRow("d1", 1, "answer", "city", None)


async def test_position_is_taken_once(store):
    await open_one(store)
    await store.write(store.journals.append("d1", 1, "answer", "city", "Moscow"))
    with pytest.raises(Conflict):
        await store.write(store.journals.append("d1", 1, "answer", "city", "Kazan"))
    assert [entry.value for entry in await store.journals.entries("d1")] == ["Moscow"]


async def test_touch_keeps_question_and_count_under_the_version(store):
    await open_one(store)
    await store.write(store.journals.touch("d1", version=1, said=2, question={"id": 5}, now=20))
    journal = await store.journals.get("d1")
    assert (journal.version, journal.said, journal.question, journal.touched_at) == (2, 2, {"id": 5}, 20)
    with pytest.raises(Conflict, match="moved on"):
        await store.write(store.journals.touch("d1", version=1, said=9, question=None, now=30))
    await store.write(store.journals.touch("d1", version=2, said=3, question=None, now=30))
    assert (await store.journals.get("d1")).question is None


async def test_trim_drops_the_answers_and_keeps_what_they_came_to(store):
    await open_one(store)
    await store.write(store.journals.append("d1", 1, "answer", "city", "Moscow"))
    await store.write(store.journals.touch("d1", version=1, said=4, question=None, now=20))
    await store.write(
        store.journals.trim("d1", version=2, fingerprint="f2", passed=["city"], state={"city": "Moscow"}, now=30)
    )
    journal = await store.journals.get("d1")
    assert (journal.version, journal.fingerprint, journal.said, journal.touched_at) == (3, "f2", 0, 30)
    assert (journal.passed, journal.state) == (("city",), {"city": "Moscow"})
    assert await store.journals.entries("d1") == []


async def test_trim_under_another_version_drops_nothing(store):
    await open_one(store)
    await store.write(store.journals.append("d1", 1, "answer", "city", "Moscow"))
    with pytest.raises(Conflict):
        await store.write(store.journals.trim("d1", version=9, fingerprint="f", passed=[], state={}, now=30))
    assert len(await store.journals.entries("d1")) == 1


async def test_closed_journal_is_gone_with_its_entries(store):
    await open_one(store)
    await store.write(store.journals.append("d1", 1, "answer", "city", "Moscow"))
    await store.write(store.journals.close("d1"))
    await store.write(store.journals.close("d1"))
    assert await store.journals.get("d1") is None
    assert await store.journals.entries("d1") == []


async def test_dialogs_of_a_lane_are_closed_together(store):
    for name, lane in (("d2", 7), ("d1", 7), ("other", 8)):
        await open_one(store, name, lane)
        await store.write(store.journals.append(name, 1, "answer", "city", "Moscow"))
    await store.write(store.journals.close_lane(7))
    assert [await store.journals.get(name) for name in ("d1", "d2")] == [None, None]
    assert await store.journals.entries("d1") == []
    assert len(await store.journals.entries("other")) == 1


async def test_pages_go_through_all_by_name(store):
    for name in ("c", "a", "b"):
        await open_one(store, name)
    first = await store.journals.page("", 2)
    assert [journal.name for journal in first] == ["a", "b"]
    assert [journal.name for journal in await store.journals.page(first[-1].name, 2)] == ["c"]


async def test_journals_are_found_by_how_their_question_begins(store):
    for name, question in (
        ("a", {"kind": "do", "name": "x"}),
        ("b", {"kind": "ask", "n": 1}),
        ("c", {"kind": "doing"}),
    ):
        await store.write(
            store.journals.open(name, 7, "script", "f", now=1)
            + store.journals.touch(name, version=1, said=0, question=question, now=1)
        )
    await store.write(store.journals.open("d", 7, "script", "f", now=1))
    assert [journal.name for journal in await store.journals.with_question({"kind": "do"})] == ["a"]


async def test_fit_is_noted_without_moving_the_journal(store):
    await open_one(store)
    await store.write(store.journals.refit("d1", version=1, fingerprint="f2"))
    row = await store.journals.get("d1")
    assert (row.fingerprint, row.version) == ("f2", 1)
    with pytest.raises(Conflict):
        await store.write(store.journals.refit("d1", version=2, fingerprint="f3"))
