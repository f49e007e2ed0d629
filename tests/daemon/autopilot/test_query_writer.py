"""Queries from resumes: the model's where they parse, plain ones otherwise; always in the board's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.autopilot.query import parse_query
from daemon.autopilot.query_writer import QueryWriter, find_fault, query_from_resume
from store.ids import UserId
from tests.fakes.board import make_resume
from tests.fakes.hunting import ScriptedAsker

if TYPE_CHECKING:
    from typing import Any

RESUME = make_resume()


def writer(*answers: dict[str, Any] | None, consent: bool = True) -> tuple[QueryWriter, ScriptedAsker]:
    async def may_ask(_: UserId) -> bool:
        return consent

    asker = ScriptedAsker(*answers)
    return QueryWriter(asker, may_ask), asker


async def test_models_query_is_written_canonically() -> None:
    queries, asker = writer({"query": 'name:(python or "backend developer") not junior'})
    query = await queries.write_query(UserId(1), RESUME)
    assert query == 'NAME:(python OR "backend developer") AND NOT junior'
    assert "Иван" not in " ".join(asker.prompts[0].data.values())


@pytest.mark.parametrize(
    "bad",
    ["SALARY:100", "python OR", "NOT junior", "", "x " * 400, "Иван Иванов", "[[NAME]]", "ivan@example.com python"],
)
async def test_query_that_does_not_parse_gives_way_to_a_plain_one(bad: str) -> None:
    queries, asker = writer({"query": bad}, {"query": bad})
    assert await queries.write_query(UserId(1), RESUME) == query_from_resume(RESUME)
    assert len(asker.complaints) == 2


async def test_second_try_may_succeed() -> None:
    queries, asker = writer({"query": "TITLE:python"}, {"query": "NAME:python"})
    assert await queries.write_query(UserId(1), RESUME) == "NAME:python"
    assert "unknown field" in asker.complaints[0]


async def test_nobody_is_asked_without_consent() -> None:
    queries, asker = writer({"query": "golang"}, consent=False)
    assert await queries.write_query(UserId(1), RESUME) == query_from_resume(RESUME)
    assert asker.prompts == []


@pytest.mark.parametrize(
    ("title", "skills", "query"),
    [
        ("Разработчик Python", (), "NAME:(Разработчик AND Python)"),
        ("Python-разработчик (Backend)", (), "NAME:Python-разработчик"),
        ("Повар / пекарь", ("Выпечка",), "NAME:(Повар OR пекарь)"),
        ("Бухгалтер", ("1С", "Первичная документация"), 'NAME:Бухгалтер OR NAME:1С AND "Первичная документация"'),
        ("Специалист по продажам и закупкам", (), "NAME:(Специалист AND продажам AND закупкам)"),
        ("Водитель категории C, E", (), "NAME:Водитель"),
        ("Сварщик 5 разряда, НАКС", (), "NAME:Сварщик"),
        ("DevOps-инженер (начинающий)", (), "NAME:DevOps-инженер"),
        ("Product Designer (UX/UI)", (), "NAME:(Product AND Designer)"),
        ("Руководитель - Team lead", (), "NAME:(Руководитель OR Team AND lead)"),
        ("", ("Excel",), "Excel"),
        ("!!!", (), "NAME:специалист"),
        ("OR AND NOT", (), "NAME:специалист"),
    ],
)
def test_plain_query_comes_from_title_and_skills(title: str, skills: tuple[str, ...], query: str) -> None:
    assert query_from_resume(make_resume(title=title, skills=skills)) == query


@given(st.text(max_size=120), st.lists(st.text(max_size=40), max_size=5))
def test_plain_query_always_parses(title: str, skills: list[str]) -> None:
    query = query_from_resume(make_resume(title=title, skills=tuple(skills)))
    assert parse_query(query) == query


def test_good_query_has_no_fault() -> None:
    assert find_fault("NAME:python", RESUME) is None
