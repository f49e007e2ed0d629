"""A resume from what people paste: kept whole, contacts apart, a title and a name where they usually stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.accounts.pasted_resume import LONGEST_CHARS, PastedResumeRejected, read_pasted_resume

RUSSIAN = """Иванов Иван Иванович
Разработчик Python
+7 926 222-22-22, ivan@example.com, t.me/ivan_dev

Ключевые навыки: Python, PostgreSQL; Docker

Опыт работы
2020 - 2026, ООО «Лютик», инженер. Писал сервисы."""
ENGLISH = """RESUME
Jane Doe
Position: Senior Data Analyst
jane@example.com

Skills: SQL, Python, Tableau
Five years of building reports for retail."""


def test_russian_resume_is_read() -> None:
    resume = read_pasted_resume(RUSSIAN)
    assert (resume.first_name, resume.last_name) == ("Иван", "Иванов")
    assert resume.title == "Разработчик Python"
    assert resume.skills == ("Python", "PostgreSQL", "Docker")
    assert resume.contacts == ("+7 926 222-22-22", "ivan@example.com", "t.me/ivan_dev")
    assert "Писал сервисы." in resume.text
    assert (resume.resume_id, resume.experience, resume.total_months) == (None, (), None)


def test_english_resume_is_read() -> None:
    resume = read_pasted_resume(ENGLISH)
    assert (resume.first_name, resume.last_name) == ("Jane", "Doe")
    assert resume.title == "Senior Data Analyst"
    assert resume.skills == ("SQL", "Python", "Tableau")


def test_contacts_are_not_in_the_text() -> None:
    for pasted in (RUSSIAN, ENGLISH):
        resume = read_pasted_resume(pasted)
        assert resume.contacts
        assert not any(contact in resume.text for contact in resume.contacts)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "Повар-универсал с опытом пять лет в ресторанах и столовых",
            "Повар-универсал с опытом пять лет в ресторанах и столовых",
        ),
        ("Резюме: бухгалтер\nВела первичку и зарплату три года.", "бухгалтер"),
        ("Анна Смирнова\nЖелаемая должность: Менеджер по продажам\nПродавала окна.", "Менеджер по продажам"),
        (
            "ivan@example.com\n\nВодитель категории B, стаж 10 лет, без ДТП",
            "Водитель категории B, стаж 10 лет, без ДТП",
        ),
        ("Product Manager\nJane Doe\nShipped four products in five years.", "Product Manager"),
    ],
)
def test_title_is_found_where_people_write_it(text: str, title: str) -> None:
    assert read_pasted_resume(text).title == title


def test_name_is_left_empty_rather_than_guessed() -> None:
    for text in (
        "Инженер Конструктор\nРаботал на заводе восемь лет.",
        "повар, Москва. Пять лет опыта, люблю готовить.",
    ):
        resume = read_pasted_resume(text)
        assert (resume.first_name, resume.last_name) == ("", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "too_short"), ("привет", "too_short"), (" \n" * 100, "too_short"), ("ж" * (LONGEST_CHARS + 1), "too_long")],
)
def test_what_is_no_resume_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PastedResumeRejected) as caught:
        read_pasted_resume(text)
    assert caught.value.reason == reason


@settings(max_examples=50)
@given(st.text(min_size=30, max_size=300))
def test_any_text_is_borne(text: str) -> None:
    try:
        resume = read_pasted_resume(text)
    except PastedResumeRejected:
        return
    assert len(resume.title) <= 100
