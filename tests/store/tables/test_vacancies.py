"""A vacancy is in one state, with the reason of that state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.errors import Conflict
from store.tables.vacancies import VacancyRow

ROW = VacancyRow(7, "hh", "v1", "found", None, "Welder", "e1", "Plant", "100 000 RUB", "https://x", None, 10, 10)


async def insert(store, vacancy_id="v1", **changes):
    await store.write(store.vacancies.insert_new(replace(ROW, vacancy_id=vacancy_id, **changes)))


async def test_vacancy_comes_back_and_is_one_per_person_and_board(store):
    await insert(store)
    assert await store.vacancies.get(7, "hh", "v1") == ROW
    await insert(store, user_id=8, state="applied")
    await insert(store, board="other", state="applied")
    assert await store.vacancies.get(7, "hh", "v1") == ROW


async def test_found_again_is_nothing_new(store):
    await insert(store)
    await store.write(store.vacancies.set_state(7, "hh", "v1", "applied", now=20))
    await store.write(store.vacancies.insert_new(ROW))
    await store.write(store.vacancies.insert_new(replace(ROW, vacancy_id="v2")))
    assert (await store.vacancies.get(7, "hh", "v1")).state == "applied"
    assert (await store.vacancies.get(7, "hh", "v2")).state == "found"


async def test_next_state_takes_its_reason_and_drops_the_last_one(store):
    await insert(store)
    await store.write(store.vacancies.set_state(7, "hh", "v1", "screened_out", now=20, reason="archived"))
    row = await store.vacancies.get(7, "hh", "v1")
    assert (row.state, row.reason, row.changed_at, row.found_at) == ("screened_out", "archived", 20, 10)
    await store.write(store.vacancies.set_state(7, "hh", "v1", "found", now=30))
    assert (await store.vacancies.get(7, "hh", "v1")).reason is None


async def test_state_can_be_made_to_depend_on_the_one_before(store):
    await insert(store)
    await store.write(store.vacancies.set_state(7, "hh", "v1", "applying", now=20, from_state="found"))
    with pytest.raises(Conflict, match="not found"):
        await store.write(store.vacancies.set_state(7, "hh", "v1", "applying", now=20, from_state="found"))


async def test_state_of_nothing_is_a_conflict(store):
    with pytest.raises(Conflict):
        await store.write(store.vacancies.set_state(7, "hh", "v1", "applied", now=20))
    with pytest.raises(Conflict):
        await store.write(store.vacancies.save_letter(7, "hh", "v1", "sealed", now=20))


async def test_letter_makes_it_ready_or_waiting_for_the_person(store):
    await insert(store)
    await store.write(store.vacancies.save_letter(7, "hh", "v1", "sealed", now=20))
    row = await store.vacancies.get(7, "hh", "v1")
    assert (row.state, row.sealed_letter, row.changed_at) == ("letter_ready", "sealed", 20)
    await store.write(store.vacancies.save_letter(7, "hh", "v1", "edited", now=30, state="waiting_for_you"))
    assert (await store.vacancies.get(7, "hh", "v1")).state == "waiting_for_you"


async def test_state_lists_oldest_first_and_latest_lists_newest_first(store):
    for number, changed_at in ((1, 30), (2, 10), (3, 20)):
        await insert(store, f"v{number}", changed_at=changed_at)
    await insert(store, "v4", state="applied")
    await insert(store, "v5", user_id=8)
    assert [row.vacancy_id for row in await store.vacancies.in_state(7, "found", 2)] == ["v2", "v3"]
    assert [row.vacancy_id for row in await store.vacancies.latest(7, "found", 2)] == ["v1", "v3"]
    assert [row.vacancy_id for row in await store.vacancies.latest(7, "found", 2, 2)] == ["v2"]


async def test_known_are_those_the_person_has(store):
    await insert(store, "v1")
    await insert(store, "v2", user_id=8)
    assert await store.vacancies.known(7, "hh", ["v1", "v2", "v3"]) == {"v1"}
    assert await store.vacancies.known(7, "hh", []) == set()


async def test_known_takes_lists_of_any_length(store):
    everything = [f"v{number}" for number in range(60)]
    for vacancy_id in everything[::3]:
        await insert(store, vacancy_id)
    for length in (1, 24, 25, 26, 60):
        assert await store.vacancies.known(7, "hh", everything[:length]) == set(everything[:length:3])


async def test_counts_by_state(store):
    for number, (state, reason) in enumerate(
        [("found", None), ("screened_out", "archived"), ("screened_out", "test_required"), ("screened_out", "archived")]
    ):
        await insert(store, f"v{number}", state=state, reason=reason, changed_at=number)
    assert await store.vacancies.count_by_state(7) == {"found": 1, "screened_out": 3}
    assert await store.vacancies.count_by_state(7, since=2) == {"screened_out": 2}


async def test_forgotten_person_has_no_vacancies(store):
    await insert(store)
    await insert(store, user_id=8)
    await store.write(store.vacancies.delete(7))
    assert await store.vacancies.count_by_state(7) == {}
    assert await store.vacancies.count_by_state(8) == {"found": 1}


async def test_another_letter_takes_the_place_of_one_that_waits_once(store):
    await insert(store, state="waiting_for_you", reason="rewrite", sealed_letter="first")
    row = await store.vacancies.get(7, "hh", "v1")
    await store.write(store.vacancies.replace_letter(row, "second", now=20))
    after = await store.vacancies.get(7, "hh", "v1")
    assert (after.sealed_letter, after.letter_number, after.reason) == ("second", 1, "awaits_answer")
    with pytest.raises(Conflict, match="not wait"):
        await store.write(store.vacancies.replace_letter(row, "third", now=20))
    await store.write(store.vacancies.replace_letter(row, "third", now=20, is_expected=False))
    assert await store.vacancies.get(7, "hh", "v1") == after


async def test_list_by_reason_is_oldest_first(store):
    for number, reason in ((1, "rewrite"), (2, "awaits_answer"), (3, "rewrite")):
        await insert(store, f"v{number}", state="waiting_for_you", reason=reason, changed_at=10 - number)
    rows = await store.vacancies.for_reason(7, "waiting_for_you", "rewrite", 5)
    assert [row.vacancy_id for row in rows] == ["v3", "v1"]
