"""Ids are told apart by the type checker only."""

from __future__ import annotations

from store import ids


def test_ids_cost_nothing_at_run_time():
    assert ids.UserId(5) == ids.ChatId(5) == 5
    assert type(ids.UserId(5)) is int
    assert type(ids.VacancyId("7")) is str
