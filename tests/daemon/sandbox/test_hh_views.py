"""The simulated board's JSON is in the real one's shapes, with its gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.hh_views import Views, named, page_of, write_date
from daemon.sandbox.vacancy import Contact, Pay

if TYPE_CHECKING:
    from .conftest import Board

ITEM_FIELDS = {
    *("id", "name", "area", "employer", "salary", "salary_range", "snippet", "schedule", "employment", "work_format"),
    *("experience", "has_test", "response_letter_required", "response_url", "relations", "apply_alternate_url"),
    *("alternate_url", "url", "published_at", "created_at", "archived", "type", "premium", "counters", "contacts"),
    "professional_roles",
}
DETAIL_FIELDS = {
    *("description", "branded_description", "key_skills", "test", "closed_for_applicants", "negotiations_url"),
    *("suitable_resumes_url", "allow_messages"),
}
RESUME_FIELDS = {
    *("id", "title", "status", "can_publish_or_update", "next_publish_at", "alternate_url", "area", "experience"),
    *("salary", "total_experience", "access", "blocked", "finished", "created_at", "updated_at", "similar_vacancies"),
    *("new_views", "total_views"),
}
WHOLE_RESUME_FIELDS = {
    *("skills", "skill_set", "professional_roles", "employments", "schedules", "language", "education", "contact"),
    *("citizenship", "relocation"),
}


@pytest.fixture
def views(board: Board) -> Views:
    return Views(board.state)


def plain_vacancy(board: Board, **changed: Any) -> Any:
    vacancy = next(v for v in board.state.vacancies.values() if not v.traps and v.pay)
    return replace(vacancy, **changed)


def test_dates_have_no_colon_in_the_offset():
    assert write_date(1_373_285_841_000) == "2013-07-08T15:17:21+0300"


@given(st.integers(0, 4_000_000_000_000))
def test_dates_can_be_read_back(milliseconds: int):
    from datetime import datetime

    assert datetime.fromisoformat(write_date(milliseconds)).timestamp() == milliseconds // 1000


def test_vacancy_item_has_its_fields(board: Board, views: Views):
    item = views.vacancy_item(plain_vacancy(board), None)
    assert set(item) >= ITEM_FIELDS
    assert "description" not in item
    assert item["relations"] == []


def test_vacancy_page_has_its_fields(board: Board, views: Views):
    page = views.vacancy_page(plain_vacancy(board), None)
    assert set(page) >= DETAIL_FIELDS | (ITEM_FIELDS - {"snippet", "counters"})
    assert page["test"] is None
    assert page["key_skills"][0].keys() == {"name"}


def test_pay_is_written_with_its_open_end(board: Board, views: Views):
    item = views.vacancy_item(plain_vacancy(board, pay=Pay(None, 900, "EUR", None)), None)
    assert item["salary"] == {"from": None, "to": 900, "currency": "EUR", "gross": None}
    assert item["salary_range"]["mode"]["id"] == "MONTH"
    silent = views.vacancy_item(plain_vacancy(board, pay=None), None)
    assert (silent["salary"], silent["salary_range"]) == (None, None)


def test_anonymous_employer_has_no_id(board: Board, views: Views):
    employer = views.vacancy_item(plain_vacancy(board, kind="anonymous"), None)["employer"]
    assert "id" not in employer
    assert employer["name"]


def test_contacts_of_a_vacancy_are_taken_apart(board: Board, views: Views):
    contact = Contact("Марина", "job1@example.org", "9005550001")
    written = views.vacancy_item(plain_vacancy(board, contact=contact), None)["contacts"]
    assert written["phones"] == [{"country": "7", "city": "900", "number": "5550001", "comment": None}]
    assert (written["name"], written["email"]) == ("Марина", "job1@example.org")
    assert views.vacancy_item(plain_vacancy(board, contact=None), None)["contacts"] is None


@pytest.mark.parametrize(
    ("address", "street", "building"),
    [("проспект Мира, 102к2", "проспект Мира", "102к2"), ("Mill Lane 3", "Mill Lane 3", None)],
)
def test_address_is_taken_apart(board: Board, views: Views, address: str, street: str, building: str | None):
    written = views.vacancy_item(plain_vacancy(board, address=address), None)["address"]
    assert (written["street"], written["building"]) == (street, building)
    assert written["city"]
    assert views.vacancy_item(plain_vacancy(board, address=None), None)["address"] is None


def test_direct_vacancy_shows_where_it_leads(board: Board, views: Views):
    item = views.vacancy_item(board.state.vacancies[board.trapped("direct")], None)
    assert item["type"]["id"] == "direct"
    assert item["response_url"].startswith("https://")


def test_test_is_shown_in_list_and_page(board: Board, views: Views):
    vacancy = board.state.vacancies[board.trapped("test")]
    assert views.vacancy_item(vacancy, None)["has_test"] is True
    assert views.vacancy_page(vacancy, None)["test"] == {"required": True}


def test_gaps_are_left_as_the_vacancy_says(board: Board, views: Views):
    vacancy = plain_vacancy(board, missing=frozenset({"-salary", "employer", "-key_skills", "snippet"}))
    item, page = views.vacancy_item(vacancy, None), views.vacancy_page(vacancy, None)
    assert "salary" not in item
    assert item["employer"] is None
    assert item["snippet"] is None
    assert "key_skills" not in page
    assert "snippet" not in page


def test_id_and_name_are_never_missing(board: Board, views: Views):
    for vacancy in board.state.vacancies.values():
        item = views.vacancy_item(vacancy, "10458821")
        assert item["id"] == vacancy.vacancy_id
        assert item["name"]


@pytest.mark.parametrize(
    ("state", "relation"),
    [("response", "got_response"), ("invitation", "got_invitation"), ("discard", "got_rejection")],
)
def test_relations_tell_of_the_persons_application(board: Board, views: Views, state: str, relation: str):
    vacancy = plain_vacancy(board)
    made = board.state.add_application("10458821", board.resume_id(), vacancy.vacancy_id, letter="", source="api")
    if state != "response":
        board.state.answer(made.application_id, state)
    assert views.vacancy_item(vacancy, "10458821")["relations"] == [relation]
    assert views.vacancy_item(vacancy, "20733914")["relations"] == []
    assert views.vacancy_item(vacancy, None)["relations"] == []


def test_blacklisted_employer_is_a_relation_of_a_person(board: Board, views: Views):
    hated = next(v for v in board.state.vacancies.values() if v.employer.is_blacklisted and not v.missing)
    assert "blacklisted" in views.vacancy_item(hated, "10458821")["relations"]
    assert views.vacancy_item(hated, None)["relations"] == []


def test_answered_vacancies_are_answered_for_everybody_with_a_resume(board: Board, views: Views):
    vacancy = next(v for v in board.state.vacancies.values() if v.is_answered and not v.missing)
    for person in board.state.people.values():
        relations = views.vacancy_item(vacancy, person.person_id)["relations"]
        assert relations == (["got_response"] if person.resumes else [])


def test_resume_has_its_fields(board: Board, views: Views):
    for person in board.state.people.values():
        for resume in person.resumes:
            assert set(views.resume_item(person, resume)) >= RESUME_FIELDS
            page = views.resume_page(person, resume)
            assert set(page) >= RESUME_FIELDS | WHOLE_RESUME_FIELDS
            assert all(job["description"] for job in page["experience"])


def test_contacts_stand_in_the_resume(board: Board, views: Views):
    person = board.state.person_by_login("m.sokolova@example.com")
    assert person is not None
    contacts = views.resume_page(person, person.resumes[0])["contact"]
    assert [contact["contact_value"] for contact in contacts] == [person.phone, person.email]


def test_me_counts_unread_answers(board: Board, views: Views):
    person = board.state.people["10458821"]
    assert views.me(person)["counters"]["unread_negotiations"] == 0
    made = board.state.add_application(
        "10458821", board.resume_id(), plain_vacancy(board).vacancy_id, letter="", source="api"
    )
    board.state.answer(made.application_id, "invitation")
    me = views.me(person)
    assert me["counters"] == {"new_resume_views": 3, "resumes_count": 2, "unread_negotiations": 1}
    assert me["phone"] == "79165550142"


def test_addresses_follow_the_rules(board: Board, views: Views):
    board.rules.site_url, board.rules.api_url = "http://127.0.0.1:9/hh", "http://127.0.0.1:9/hh-api"
    item = views.vacancy_item(plain_vacancy(board), None)
    assert item["alternate_url"].startswith("http://127.0.0.1:9/hh/vacancy/")
    assert item["apply_alternate_url"].startswith("http://127.0.0.1:9/hh/applicant/vacancy_response?vacancyId=")
    assert item["url"].startswith("http://127.0.0.1:9/hh-api/vacancies/")


@given(st.lists(st.integers(), max_size=60), st.integers(0, 9), st.integers(1, 20))
def test_pages_cover_the_list_once(items: list[int], page: int, per_page: int):
    answer = page_of(items, page, per_page)
    assert answer["items"] == items[page * per_page : (page + 1) * per_page]
    assert answer["found"] == len(items)
    everything = [item for number in range(answer["pages"]) for item in page_of(items, number, per_page)["items"]]
    assert everything == items


def test_dictionary_entries_have_names():
    assert named("remote") == {"id": "remote", "name": "Удаленная работа"}
