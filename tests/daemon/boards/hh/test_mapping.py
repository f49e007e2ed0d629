"""Vacancies and negotiations in every official shape, with nulls, gaps and nonsense: mapped, or one unreadable item."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.boards.board import Salary
from daemon.boards.hh.mapping import Unreadable, board_currency, read_application, read_time, read_vacancy
from store.ids import VacancyId
from tests.daemon.boards.hh import bodies

SITE = "https://hh.ru"


def test_found_vacancy_is_mapped_whole() -> None:
    vacancy = read_vacancy(bodies.found_vacancy(), SITE)
    assert (vacancy.vacancy_id, vacancy.title) == ("555", "Разработчик Python")
    assert (vacancy.employer_id, vacancy.employer) == ("77", "Ромашка & Ко")
    assert vacancy.area == "Санкт-Петербург"
    assert vacancy.salary == Salary(150000, None, "RUB", is_gross=True)
    assert vacancy.summary == "Знание Python и SQL. Писать сервисы."
    assert vacancy.url == "https://hh.ru/vacancy/555"
    assert vacancy.apply_url == "https://hh.ru/applicant/vacancy_response?vacancyId=555"
    assert vacancy.needs_letter
    assert vacancy.text == ""
    flags = (vacancy.has_test, vacancy.is_archived, vacancy.is_direct, vacancy.is_closed_for_applicants)
    assert not any((*flags, vacancy.is_answered, vacancy.is_blacklisted))
    assert vacancy.published_at == 1_795_180_641_000


def test_whole_vacancy_has_readable_text() -> None:
    vacancy = read_vacancy(bodies.whole_vacancy(), SITE)
    assert vacancy.text == "Мы делаем сервисы.\n\n• Python\n• SQL"
    assert vacancy.skills == ("Python", "SQL")
    assert vacancy.summary == ""


@pytest.mark.parametrize("make", [bodies.found_vacancy, bodies.whole_vacancy])
@pytest.mark.parametrize(
    "nothing", [None, "missing", 0, "", [], {}, [None], [{}], {"id": None, "name": None}, "текст", 3.5, True]
)
def test_every_field_may_be_anything(make: Any, nothing: Any) -> None:
    for field in make():
        body = make()
        if nothing == "missing":
            del body[field]
        else:
            body[field] = nothing
        try:
            vacancy = read_vacancy(body, SITE)
        except Unreadable:
            assert field in {"id", "name"}, field
        else:
            assert vacancy.vacancy_id
            assert vacancy.title


@pytest.mark.parametrize(
    "raw", [None, [], "x", 3, {}, {"id": None, "name": "x"}, {"id": "1"}, {"id": "1", "name": " "}]
)
def test_item_without_id_or_name_is_unreadable(raw: Any) -> None:
    with pytest.raises(Unreadable):
        read_vacancy(raw, SITE)


def test_unreadable_item_names_fields_not_values() -> None:
    with pytest.raises(Unreadable, match="name") as caught:
        read_vacancy({"id": "1", "name": ["canary"]}, SITE)
    assert "canary" not in str(caught.value)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "name", "from", "to", "required", "type", "items", "requirement"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_nonsense_in_any_place_never_crashes(nonsense: Any) -> None:
    for field in (
        "employer",
        "area",
        "salary",
        "salary_range",
        "snippet",
        "key_skills",
        "test",
        "type",
        "relations",
        "id",
    ):
        try:
            read_vacancy({**bodies.whole_vacancy(), field: nonsense}, SITE)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"archived": True}, "is_archived"),
        ({"hidden": True}, "is_archived"),
        ({"type": {"id": "direct"}}, "is_direct"),
        ({"response_url": "https://employer.example/apply"}, "is_direct"),
        ({"closed_for_applicants": True}, "is_closed_for_applicants"),
        ({"has_test": True}, "has_test"),
        ({"test": {"required": True}}, "has_test"),
        ({"relations": ["got_response"]}, "is_answered"),
        ({"relations": ["favorited", "got_rejection"]}, "is_answered"),
        ({"relations": ["got_invitation"]}, "is_answered"),
        ({"relations": ["blacklisted"]}, "is_blacklisted"),
        ({"employer": {"id": "1", "name": "x", "blacklisted": True}}, "is_blacklisted"),
    ],
)
def test_traps_are_seen(changes: dict[str, Any], flag: str) -> None:
    assert getattr(read_vacancy({**bodies.whole_vacancy(), **changes}, SITE), flag) is True


def test_test_that_need_not_be_done_is_none() -> None:
    assert not read_vacancy({**bodies.whole_vacancy(), "has_test": True, "test": {"required": False}}, SITE).has_test


def test_anonymous_vacancy_has_no_employer_id() -> None:
    for employer in (None, {"name": "Скрытая компания"}, {"id": None, "name": "Скрытая компания"}):
        vacancy = read_vacancy({**bodies.found_vacancy(), "employer": employer, "type": {"id": "anonymous"}}, SITE)
        assert vacancy.employer_id is None
        assert vacancy.employer in {"", "Скрытая компания"}


def test_ids_may_be_numbers() -> None:
    body = {**bodies.found_vacancy(), "id": 555, "employer": {"id": 77, "name": "Ромашка"}}
    vacancy = read_vacancy(body, SITE)
    assert (vacancy.vacancy_id, vacancy.employer_id) == ("555", "77")


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "tg://resolve", "https://hh.ru/a b", 7])
def test_addresses_that_are_none_are_made_from_the_id(url: Any) -> None:
    vacancy = read_vacancy({**bodies.found_vacancy(), "alternate_url": url, "apply_alternate_url": url}, SITE)
    assert vacancy.url == "https://hh.ru/vacancy/555"
    assert vacancy.apply_url == "https://hh.ru/applicant/vacancy_response?vacancyId=555"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"from": 100, "to": 200, "currency": "USD", "gross": False}, Salary(100, 200, "USD", is_gross=False)),
        ({"from": None, "to": 200, "currency": "BYR", "gross": None}, Salary(None, 200, "BYN", is_gross=None)),
        ({"from": 100.6, "currency": "KZT"}, Salary(101, None, "KZT", is_gross=None)),
        ({"from": 100, "currency": None}, Salary(100, None, "RUB", is_gross=None)),
        ({"from": None, "to": None, "currency": "RUR"}, None),
        ({"from": "много", "to": []}, None),
        ("100000", None),
    ],
)
def test_salaries_in_every_shape(raw: Any, expected: Salary | None) -> None:
    assert read_vacancy({**bodies.found_vacancy(), "salary": raw, "salary_range": None}, SITE).salary == expected


def test_salary_range_stands_in_for_salary() -> None:
    body = {**bodies.found_vacancy(), "salary": None}
    assert read_vacancy(body, SITE).salary == Salary(150000, None, "RUB", is_gross=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-07-08T16:17:21+0400", 1_373_285_841_000),
        ("2013-07-08T12:17:21Z", 1_373_285_841_000),
        ("2013-07-08T16:17:21.5+04:00", 1_373_285_841_500),
        ("2013-07-08T16:17:21", None),
        ("вчера", None),
        ("", None),
    ],
)
def test_times_with_and_without_colon(text: str, expected: int | None) -> None:
    assert read_time(text) == expected


def test_currencies_go_back_in_the_boards_codes() -> None:
    assert [board_currency(code) for code in ("RUB", "BYN", "USD")] == ["RUR", "BYR", "USD"]


def test_application_without_vacancy_is_taken_on_the_filters_word() -> None:
    application = read_application(bodies.negotiation(), VacancyId("555"))
    assert application is not None
    assert (application.external_id, application.vacancy_id, application.state) == ("123", "555", "invitation")
    assert application.created_at == 1_793_897_498_000


def test_application_to_another_vacancy_is_not_taken() -> None:
    assert read_application(bodies.negotiation(vacancy={"id": "7"}), VacancyId("555")) is None
    assert read_application(bodies.negotiation(vacancy={"id": 555}), VacancyId("555")) is not None


def test_application_without_state_is_a_response() -> None:
    for state in (None, {}, {"id": None}, "x"):
        application = read_application(bodies.negotiation(state=state, created_at=None), VacancyId("555"))
        assert application is not None
        assert (application.state, application.created_at) == ("response", None)


@pytest.mark.parametrize("raw", [None, [], {}, {"id": None}, {"id": []}])
def test_application_without_id_is_unreadable(raw: Any) -> None:
    with pytest.raises(Unreadable):
        read_application(raw, VacancyId("555"))
