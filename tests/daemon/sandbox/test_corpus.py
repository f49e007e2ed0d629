"""The corpus is large, varied, honest in its counts, and the same for one seed."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from daemon.sandbox.corpus import AREAS, build_corpus
from daemon.sandbox.hh_words import plain_text, split_words
from daemon.sandbox.model_answers import language_of
from daemon.sandbox.people import load_people

if TYPE_CHECKING:
    from daemon.sandbox.vacancy import BoardVacancy


SEEDS = (1, 2, 20)
DEMO_TRADES = sorted({resume.trade for person in load_people() for resume in person.resumes if resume.trade})


@pytest.fixture(params=SEEDS)
def corpus(request: pytest.FixtureRequest) -> tuple[BoardVacancy, ...]:
    return build_corpus(request.param)


def with_trap(corpus: tuple[BoardVacancy, ...], trap: str) -> list[BoardVacancy]:
    return [vacancy for vacancy in corpus if trap in vacancy.traps]


def test_there_are_hundreds_of_many_trades(corpus: tuple[BoardVacancy, ...]):
    assert len(corpus) >= 300
    assert len({vacancy.trade for vacancy in corpus}) >= 20


@pytest.mark.parametrize("trade", DEMO_TRADES)
def test_every_persons_trade_has_forty_suitable_vacancies(corpus: tuple[BoardVacancy, ...], trade: str):
    suitable = [vacancy for vacancy in corpus if vacancy.trade == trade and vacancy.is_suitable]
    assert len(suitable) >= 40


@pytest.mark.parametrize("person", [p for p in load_people() if p.resumes], ids=lambda p: p.last_name)
def test_most_of_a_persons_trade_is_in_their_city(corpus: tuple[BoardVacancy, ...], person: object):
    resume = person.resumes[0]  # type: ignore[attr-defined]  # a Person
    suitable = [v for v in corpus if v.trade == resume.trade and v.is_suitable]
    at_home = [v for v in suitable if v.area.area_id == person.city[0]]  # type: ignore[attr-defined]  # a Person
    assert len(at_home) >= 25


def test_ids_are_unique_numbers(corpus: tuple[BoardVacancy, ...]):
    ids = [vacancy.vacancy_id for vacancy in corpus]
    assert len(set(ids)) == len(ids)
    assert all(number.isdigit() for number in ids)


@pytest.mark.slow
def test_both_languages_are_there_and_texts_are_in_theirs(corpus: tuple[BoardVacancy, ...]):
    languages = Counter(vacancy.language for vacancy in corpus)
    assert languages["ru"] > 300
    assert languages["en"] > 100
    for vacancy in corpus:
        if "empty_text" not in vacancy.traps:
            assert language_of(plain_text(vacancy.html)) == vacancy.language


def test_texts_are_whole_and_of_many_lengths(corpus: tuple[BoardVacancy, ...]):
    lengths = sorted(len(vacancy.html) for vacancy in corpus if "empty_text" not in vacancy.traps)
    assert lengths[0] >= 600
    assert lengths[len(lengths) // 2] >= 1500
    assert sum(length >= 8000 for length in lengths) >= 10
    assert lengths[-1] <= 12_000


def test_no_two_texts_are_equal(corpus: tuple[BoardVacancy, ...]):
    texts = [vacancy.html for vacancy in corpus if vacancy.html]
    assert len(set(texts)) == len(texts)


def test_texts_of_one_trade_differ_in_most_of_their_sentences():
    python = [v for v in build_corpus(1) if v.trade == "python" and not v.traps][:25]
    shingles = [_shingles(vacancy) for vacancy in python]
    shares = [len(a & b) / min(len(a), len(b)) for a, b in combinations(shingles, 2)]
    assert sum(shares) / len(shares) < 0.6
    assert max(shares) < 0.9


@pytest.mark.slow
def test_reposts_by_agencies_are_near_equal_to_their_originals(corpus: tuple[BoardVacancy, ...]):
    reposts = with_trap(corpus, "repost")
    assert len(reposts) >= 20
    originals = [vacancy for vacancy in corpus if "repost" not in vacancy.traps]
    for repost in reposts[:10]:
        twin = max(originals, key=lambda v: v.title == repost.title and len(_shingles(v) & _shingles(repost)))
        same = len(_shingles(twin) & _shingles(repost)) / len(_shingles(twin))
        assert same > 0.6
        assert twin.employer != repost.employer
        assert repost.employer.is_agency
        assert repost.employer.about.isascii() is (repost.language == "en")


def test_every_trap_is_laid(corpus: tuple[BoardVacancy, ...]):
    assert {vacancy.vacancy_id for vacancy in with_trap(corpus, "test")} == {v.vacancy_id for v in corpus if v.has_test}
    for trap, least in (
        ("archived", 10),
        ("direct", 10),
        ("closed_for_applicants", 5),
        ("answered", 10),
        ("anonymous", 10),
    ):
        assert len(with_trap(corpus, trap)) >= least
    for trap, least in (("letter", 40), ("injection", 10), ("long", 10), ("missing", 20), ("empty_text", 5)):
        assert len(with_trap(corpus, trap)) >= least
    assert sum(vacancy.employer.is_blacklisted for vacancy in corpus) >= 5


def test_every_trade_of_a_person_has_every_trap_that_stops_an_application(corpus: tuple[BoardVacancy, ...]):
    for trade in DEMO_TRADES:
        traps = {trap for vacancy in corpus if vacancy.trade == trade for trap in vacancy.traps}
        assert traps >= {
            "test",
            "archived",
            "direct",
            "closed_for_applicants",
            "answered",
            "letter",
            "injection",
            "repost",
        }


def test_pay_is_in_five_currencies_with_open_ends_and_none(corpus: tuple[BoardVacancy, ...]):
    pays = [vacancy.pay for vacancy in corpus]
    told = [pay for pay in pays if pay]
    assert {pay.currency for pay in told} == {"RUR", "USD", "EUR", "KZT", "BYR"}
    assert {pay.gross for pay in told} == {True, False, None}
    assert 0.1 < sum(pay is None for pay in pays) / len(pays) < 0.3
    assert any(pay.lower is None for pay in told)
    assert any(pay.upper is None for pay in told)
    assert all(pay.lower or pay.upper for pay in told)
    assert all(pay.lower < pay.upper for pay in told if pay.lower and pay.upper)


def test_pay_follows_experience():
    python = [v for v in build_corpus(1) if v.trade == "python" and v.pay and v.pay.currency == "RUR" and v.pay.lower]
    means = {
        kind: sum(v.pay.lower for v in python if v.experience == kind) / sum(v.experience == kind for v in python)  # type: ignore[misc,union-attr]  # filtered above
        for kind in ("between1And3", "moreThan6")
    }
    assert means["between1And3"] < means["moreThan6"]


def test_html_comes_in_several_hands(corpus: tuple[BoardVacancy, ...]):
    whole = " ".join(vacancy.html for vacancy in corpus)
    for piece in ("<ul><li>", "<ol>", "<br />", "<br/>", "<strong>", "<em>", "&laquo;", "&nbsp;&mdash;", "✅", "🎁"):
        assert piece in whole


def test_html_is_well_formed_enough_for_a_browser(corpus: tuple[BoardVacancy, ...]):
    for vacancy in corpus:
        for tag in ("p", "ul", "ol", "li", "strong", "em"):
            assert vacancy.html.count(f"<{tag}>") == vacancy.html.count(f"</{tag}>"), vacancy.html


def test_snippets_are_short_and_from_the_text(corpus: tuple[BoardVacancy, ...]):
    for vacancy in corpus:
        for snippet in (vacancy.requirement, vacancy.responsibility):
            assert snippet is None or 20 < len(snippet) <= 240


def test_places_are_known(corpus: tuple[BoardVacancy, ...]):
    assert {(v.area.area_id, v.area.name) for v in corpus} <= set(AREAS.items())
    assert len({v.area.area_id for v in corpus}) == len(AREAS)


@pytest.mark.slow
def test_same_seed_gives_the_same_corpus_and_another_another():
    build_corpus.cache_clear()
    first = build_corpus(1)
    build_corpus.cache_clear()
    assert build_corpus(1) == first
    assert build_corpus(2) != first


def test_some_tell_whom_to_ask_and_where_to_come(corpus: tuple[BoardVacancy, ...]):
    told = [vacancy.contact for vacancy in corpus if vacancy.contact]
    assert 0.1 < len(told) / len(corpus) < 0.4
    assert all(contact.email.endswith("@example.org") and len(contact.phone) == 10 for contact in told)
    assert 0.2 < sum(vacancy.address is not None for vacancy in corpus) / len(corpus) < 0.6
    hidden = [v for v in corpus if v.kind == "anonymous" or v.employer.is_agency]
    assert all(v.contact is None and v.address is None for v in hidden)


def test_ages_spread_over_four_weeks(corpus: tuple[BoardVacancy, ...]):
    days = [vacancy.age_seconds / 86_400 for vacancy in corpus]
    assert min(days) > 0
    assert max(days) <= 29
    assert sum(day < 3 for day in days) > 50


def test_no_filler_and_no_gap_is_left_in_the_texts(corpus: tuple[BoardVacancy, ...]):
    for vacancy in corpus:
        text = vacancy.html.lower()
        assert "lorem" not in text
        assert "{" not in vacancy.title
        assert "injection" in vacancy.traps or "{" not in text


def _shingles(vacancy: BoardVacancy) -> set[tuple[str, ...]]:
    words = split_words(plain_text(vacancy.html))
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
