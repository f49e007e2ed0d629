"""Resumes in the official shape: one text to write from, contacts apart, nothing required but an id."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.boards.hh.mapping import Unreadable
from daemon.boards.hh.resumes import read_resume, read_resume_row
from tests.daemon.boards.hh import bodies


def test_resume_is_mapped_whole() -> None:
    resume = read_resume(bodies.whole_resume())
    assert (resume.resume_id, resume.title) == ("0123abcdef", "Разработчик Python")
    assert (resume.first_name, resume.last_name, resume.area) == ("Иван", "Иванов", "Санкт-Петербург")
    assert resume.skills == ("Python", "PostgreSQL")
    assert resume.total_months == 62
    assert [(job.company, job.end) for job in resume.experience] == [("Лютик", "2026-02-06"), ("Василёк", None)]


def test_text_holds_what_a_letter_needs() -> None:
    text = read_resume(bodies.whole_resume()).text
    for part in (
        "Разработчик Python",
        "PostgreSQL",
        "Инженер, Лютик, 2020-01-02 - 2026-02-06",
        "Писал сервисы.",
        "Магистр",
        "СПбГУ, Матмех, Математик, 2012",
        "Английский - B2",
        "2020-01-02 - …",
    ):
        assert part in text


def test_contacts_stand_apart_wherever_they_were_written() -> None:
    resume = read_resume(bodies.whole_resume())
    assert resume.contacts == (
        "+7 (926) 222-22-22",
        "ivan@example.com",
        "https://ivan.example/cv",
        "+7 911 000-11-22",
        "t.me/ivan_dev",
    )
    everywhere = resume.text + "".join(job.description for job in resume.experience)
    assert not any(contact in everywhere for contact in resume.contacts)


@pytest.mark.parametrize(
    ("value", "contact"),
    [
        ({"country": "7", "city": "926", "number": "2222222", "formatted": "+7 (926) 222-22-22"}, "+7 (926) 222-22-22"),
        ("ivan@example.com", "ivan@example.com"),
    ],
)
def test_older_form_of_contacts_is_read(value: Any, contact: str) -> None:
    body = {
        **bodies.whole_resume(),
        "contact": [{"type": {"id": "cell"}, "value": value}, {"value": None}, {"value": {}}],
    }
    assert read_resume(body).contacts[0] == contact


@pytest.mark.parametrize("nothing", [None, "missing", 0, "", [], {}, [None], [{}], "текст", True])
def test_every_field_may_be_anything(nothing: Any) -> None:
    for field in bodies.whole_resume():
        body = bodies.whole_resume()
        if nothing == "missing":
            del body[field]
        else:
            body[field] = nothing
        try:
            read_resume(body)
        except Unreadable:
            assert field == "id"


def test_row_says_whether_it_can_be_used() -> None:
    row = read_resume_row(bodies.resume_row())
    assert (row.resume_id, row.title, row.is_published) == ("0123abcdef", "Разработчик Python", True)
    assert row.updated_at is not None
    for changes in (
        {"status": bodies.named("not_published", "")},
        {"status": bodies.named("blocked", "")},
        {"blocked": True},
    ):
        assert not read_resume_row({**bodies.resume_row(), **changes}).is_published
    assert read_resume_row({"id": "1"}).is_published


@pytest.mark.parametrize("raw", [None, {}, {"id": None}, {"id": 7}, []])
def test_row_without_id_is_unreadable(raw: Any) -> None:
    with pytest.raises(Unreadable):
        read_resume_row(raw)
