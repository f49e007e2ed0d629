"""The hand-written material is rich enough and free of slips."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.sandbox.corpus import AREAS
from daemon.sandbox.material import Trade, load_employers, load_phrases, load_trades

TRADES = load_trades()


@pytest.mark.parametrize("trade", TRADES, ids=lambda trade: trade.trade)
def test_trade_has_enough_to_say(trade: Trade):
    assert len(trade.titles) >= 5
    assert len(trade.duties) >= 8
    assert len(trade.requirements) >= 7
    assert len(trade.pluses) >= 4
    assert len(trade.conditions) >= 3
    assert len(trade.intros) >= 3
    assert len(trade.skills) >= 5


@pytest.mark.parametrize("trade", TRADES, ids=lambda trade: trade.trade)
def test_trade_repeats_nothing(trade: Trade):
    for lines in (trade.titles, trade.duties, trade.requirements, trade.conditions, trade.skills):
        assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("trade", TRADES, ids=lambda trade: trade.trade)
def test_trade_refers_to_what_exists(trade: Trade):
    sectors = {employer.sector for employer in load_employers()}
    assert set(trade.sectors) <= sectors
    assert trade.home in AREAS
    assert 0 < trade.pay[0] < trade.pay[1]
    assert trade.language in {"ru", "en"}
    assert set(trade.schedules) <= {"remote", "fullDay", "shift", "flexible", "flyInFlyOut"}


@pytest.mark.parametrize("trade", TRADES, ids=lambda trade: trade.trade)
def test_lines_are_lines(trade: Trade):
    for line in (*trade.duties, *trade.requirements, *trade.conditions):
        assert line == line.strip()
        assert not line.endswith((".", ";", ","))
        assert 2 < len(line) < 200


def test_trades_have_names_of_their_own():
    assert len({trade.trade for trade in TRADES}) == len(TRADES) >= 20


def test_employers_are_many_and_say_who_they_are():
    employers = load_employers()
    assert len({employer.name for employer in employers}) == len(employers) >= 60
    assert all(len(employer.about) > 30 for employer in employers)
    assert sum(employer.is_blacklisted for employer in employers) >= 3
    assert sum(employer.sector == "agency" for employer in employers) >= 3


@pytest.mark.parametrize("language", ["ru", "en"])
def test_phrases_are_many(language: str):
    phrases = load_phrases(language)
    assert len(phrases.conditions) >= 15
    assert len(phrases.culture) >= 8
    assert len(phrases.injections) >= 4
    assert all("{agency}" in intro or "{title}" in intro or "зака" in intro.lower() for intro in phrases.agency_intros)


def test_material_with_an_unknown_word_is_refused():
    with pytest.raises(ValidationError):
        Trade.model_validate(TRADES[0].model_dump() | {"dutties": ()})
