"""The board's query language: what matches, what does not, and that no text upsets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.hh_query import (
    TEXT_FIELDS,
    Either,
    Every,
    FieldIndex,
    Phrase,
    Within,
    Without,
    Word,
    parse_query,
)

VACANCY = FieldIndex(
    {
        "NAME": "Ведущий Python-разработчик (Django)",
        "COMPANY_NAME": "Кедр Софт",
        "DESCRIPTION": "Мы ищем разработчиков, знающих C++ и базы данных. Удалённая работа, старший коллега рядом.",
        "COMPANY_ID": "777",
    }
)
WORDS = st.sampled_from(["python", "разработчик", "java", "кедр", "врач", "django*", "!софт", '"базы данных"'])
QUERIES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" AND ".join),
        st.tuples(inner, inner).map(" OR ".join),
        inner.map("NOT ({})".format),
        inner.map("({})".format),
        inner.map("NAME:({})".format),
    ),
    max_leaves=8,
)


def matches(query: str) -> bool:
    return parse_query(query).matches(VACANCY, TEXT_FIELDS)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "python",
        "PYTHON",
        "разработчика",
        "python разработчик",
        "python AND кедр",
        "java OR python",
        "java OR врач OR python",
        "NOT java",
        "python NOT java",
        "python NOT (java OR врач)",
        "NOT NOT python",
        '"python разработчик"',
        '"базы данных"',
        '"базах данных"',
        "NAME:python",
        "NAME:(python OR golang) NOT (senior OR lead)",
        "NAME:(python AND django)",
        'NAME:"python разработчик"',
        "COMPANY_NAME:кедр",
        "COMPANY_ID:777",
        "DESCRIPTION:данных AND NAME:django",
        "djan*",
        "разраб*",
        "!разработчик",
        "c++",
        "удаленная",
        "УДАЛЁННАЯ",
        "python-разработчик",
        "(python OR java) AND (django OR flask)",
        "java AND врач OR python",
        "python)",
        "(python",
        '"python разработчик',
        "python OR",
        "OR python",
        "AND python",
        "python AND",
        "NOT",
        "NAME:",
        "()",
        "python () django",
        "***",
        "!",
    ],
)
def test_query_finds(query: str):
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "java",
        "python java",
        "python AND java",
        "NOT python",
        "python NOT django",
        '"разработчик python"',
        '"python django разработчик"',
        "NAME:кедр",
        "COMPANY_NAME:python",
        "COMPANY_NAME:(python OR django)",
        "COMPANY_ID:778",
        "!разработчика",
        "!данные",
        "фласк*",
        "c#",
        "java OR врач",
        "(python AND java) OR врач",
        "NAME:NOT python",
        "NOT (python OR java)",
        "python (java",
    ],
)
def test_query_does_not_find(query: str):
    assert not matches(query)


def test_tree_of_a_real_query():
    tree = parse_query('NAME:(python OR "data engineer") AND django* NOT !junior')
    expected = Every(
        (
            Within("NAME", Either((Word("python"), Phrase(("data", "engineer"))))),
            Word("django", is_prefix=True),
            Without(Word("junior", is_exact=True)),
        )
    )
    assert tree == expected


def test_and_binds_closer_than_or():
    assert parse_query("a b OR c AND d") == Either((Every((Word("a"), Word("b"))), Every((Word("c"), Word("d")))))


def test_operators_are_capitals_only():
    assert parse_query("python or java") == Every((Word("python"), Word("or"), Word("java")))


def test_innermost_field_wins():
    assert matches("NAME:(python AND COMPANY_NAME:кедр)")


def test_exact_phrase_wants_its_very_forms():
    index = FieldIndex({"NAME": "менеджер по продажам"})
    assert Phrase(("менеджер", "по", "продажам"), is_exact=True).matches(index, ("NAME",))
    assert not Phrase(("менеджера", "по", "продажам"), is_exact=True).matches(index, ("NAME",))
    assert Phrase(("менеджера", "по", "продажи")).matches(index, ("NAME",))


def test_field_the_vacancy_lacks_holds_nothing():
    assert not Word("python").matches(FieldIndex({}), TEXT_FIELDS)


@given(st.text(max_size=120))
def test_no_text_upsets_the_parser(text: str):
    assert matches(text) in {True, False}


@given(st.text(alphabet='()"!*:NOTANDRpython ', max_size=60))
def test_no_mix_of_operators_upsets_the_parser(text: str):
    assert matches(text) in {True, False}


@given(QUERIES)
def test_not_is_the_opposite(query: str):
    assert matches(f"NOT ({query})") is not matches(query)


@given(QUERIES, QUERIES)
def test_operators_mean_what_they_say(one: str, other: str):
    assert matches(f"({one}) AND ({other})") is (matches(one) and matches(other))
    assert matches(f"({one}) OR ({other})") is (matches(one) or matches(other))
    assert matches(f"({one}) ({other})") is matches(f"({other}) AND ({one})")


@given(QUERIES)
def test_brackets_and_spaces_change_nothing(query: str):
    assert matches(f"  (( {query} ))  ") is matches(query)
