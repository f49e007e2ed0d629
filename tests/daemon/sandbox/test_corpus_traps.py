"""Each trap of a real board is laid as it is found there."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.corpus_traps import ALONE, TRAPS, repost, set_traps
from daemon.sandbox.hh_words import plain_text
from daemon.sandbox.material import load_phrases
from daemon.sandbox.vacancy import BoardVacancy, Employer

CORPUS = build_corpus(1)
PLAIN = [replace(v, age_seconds=100_000) for v in CORPUS if not v.traps and v.trade == "python"]


def laid(trap: str) -> list[BoardVacancy]:
    return [vacancy for vacancy in CORPUS if trap in vacancy.traps]


def test_small_share_still_lays_one_in_a_large_trade():
    trapped = set_traps((PLAIN * 2)[:40], random.Random(1))
    assert {trap for vacancy in trapped for trap in vacancy.traps} == {name for name, _, _ in TRAPS}


def test_small_trade_gets_few_traps():
    trapped = set_traps(PLAIN[:5], random.Random(1))
    assert sum(bool(vacancy.traps) for vacancy in trapped) <= 4


def test_what_stops_an_application_comes_alone():
    for vacancy in CORPUS:
        alone = vacancy.traps & ALONE
        assert len(alone) <= 1
        assert not alone or vacancy.traps == alone


@pytest.mark.parametrize("trap", sorted(ALONE - {"empty_text"}))
def test_stopping_trap_makes_a_vacancy_unsuitable(trap: str):
    assert laid(trap)
    assert not any(vacancy.is_suitable for vacancy in laid(trap))


def test_other_traps_leave_it_suitable():
    for trap in ("letter", "injection", "long", "missing", "anonymous", "empty_text", "repost"):
        assert any(vacancy.is_suitable for vacancy in laid(trap))


def test_direct_vacancies_lead_elsewhere():
    assert all(vacancy.kind == "direct" and vacancy.response_url for vacancy in laid("direct"))


def test_letter_is_asked_for_in_flag_and_text():
    wishes = [*load_phrases("ru").letter_wanted, *load_phrases("en").letter_wanted]
    for vacancy in laid("letter"):
        assert vacancy.needs_letter
        assert any(wish in plain_text(vacancy.html) for wish in wishes)


def test_injections_are_in_the_text_in_both_languages():
    for vacancy in laid("injection"):
        words = vacancy.html.lower()
        assert any(
            w in words
            for w in (
                "инструкц",
                "указани",
                "instructions",
                "system",
                "systema",
                "banana",
                "assistant",
                "сообщение",
                "правила",
            )
        )
    assert {vacancy.language for vacancy in laid("injection")} == {"ru", "en"}


def test_anonymous_vacancy_does_not_tell_on_its_employer():
    for vacancy in laid("anonymous"):
        assert vacancy.kind == "anonymous"
        assert vacancy.employer.about[:40] not in plain_text(vacancy.html)


def test_long_texts_are_long():
    assert all(len(vacancy.html) > 7000 for vacancy in laid("long"))


def test_missing_fields_are_named():
    names = {name for vacancy in laid("missing") for name in vacancy.missing}
    assert len(names) >= 10
    assert any(name.startswith("-") for name in names)
    assert not names & {"id", "-id", "name", "-name"}


def test_empty_text_is_empty():
    assert all((v.html, v.requirement, v.responsibility) == ("", None, None) for v in laid("empty_text"))


def test_repost_changes_hands_and_keeps_the_body():
    agency = Employer("9", "Кадры & Ко", "Подбираем людей.", is_agency=True)
    original = PLAIN[0]
    copy = repost(original, agency, random.Random(1))
    assert copy.employer is agency
    assert copy.title == original.title
    assert 0 < copy.age_seconds < original.age_seconds
    assert original.employer.name not in plain_text(copy.html)
    same = set(plain_text(copy.html).split()) & set(plain_text(original.html).split())
    assert len(same) > 0.7 * len(set(plain_text(original.html).split()))


def test_blacklisted_employers_are_not_reposted():
    names = {vacancy.employer.name for vacancy in laid("repost")}
    assert not any(vacancy.employer.is_blacklisted for vacancy in laid("repost"))
    assert len(names) >= 3
