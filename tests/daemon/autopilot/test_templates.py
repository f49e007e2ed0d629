"""Letters without a model: true to the resume, in the vacancy's language, and fit for every check."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.autopilot.letter_checks import find_faults
from daemon.autopilot.templates import LetterTemplates, matching_skills
from daemon.boards.board import Experience
from daemon.i18n.translate import Texts
from store.ids import UserId
from tests.fakes.board import make_resume, make_vacancy

TEMPLATES = LetterTemplates(Texts.load())
JOB = Experience("Ромашка", "Продавец-консультант", "", "2020-01-01", None)
RUSSIAN = make_vacancy("1", title="Продавец-кассир", employer="ООО «Магнит»", text="Работа с кассой, выкладка товара")
ENGLISH = make_vacancy("2", title="Python developer", employer="Acme", summary="", text="We build services in Python")
RESUMES = [
    make_resume(),
    make_resume(skills=(), total_months=None, title="Кассир"),
    make_resume(skills=("Работа с кассой", "Вежливость"), experience=(JOB,), total_months=7),
    make_resume(first_name="", last_name="", contacts=(), total_months=1),
    make_resume(total_months=252, title="Главный бухгалтер / финансовый директор"),
    make_resume(skills=tuple(f"Навык {number}" for number in range(50)), total_months=11),
]


@pytest.mark.parametrize("resume", RESUMES)
@pytest.mark.parametrize("vacancy", [RUSSIAN, ENGLISH, replace(RUSSIAN, employer=""), replace(ENGLISH, employer="")])
def test_every_template_passes_every_check(resume: object, vacancy: object) -> None:
    for number in range(40):
        letter = TEMPLATES.write_letter(UserId(number), resume, vacancy)  # type: ignore[arg-type]  # parametrised
        assert [fault for fault in find_faults(letter, vacancy, resume) if fault.name != "language"] == []  # type: ignore[arg-type]  # the same


def test_letter_speaks_the_vacancys_language() -> None:
    assert TEMPLATES.write_letter(UserId(1), RESUMES[0], RUSSIAN).startswith("Здравствуйте!")
    assert TEMPLATES.write_letter(UserId(1), RESUMES[0], ENGLISH).startswith("Hello")


def test_letter_is_personal() -> None:
    letter = TEMPLATES.write_letter(UserId(1), RESUMES[2], RUSSIAN)
    assert "Продавец-кассир" in letter
    assert "Магнит" in letter
    assert "Работа с кассой" in letter
    assert "7 месяцев" in letter
    assert "Продавец-консультант" in letter
    assert letter.endswith("С уважением,\nИван Иванов")


@pytest.mark.parametrize(("months", "words"), [(12, "1 год"), (36, "3 года"), (60, "5 лет"), (1, "1 месяц")])
def test_experience_is_counted_as_people_count(months: int, words: str) -> None:
    letter = TEMPLATES.write_letter(UserId(1), make_resume(total_months=months), RUSSIAN)
    assert words in letter


def test_letters_differ_between_vacancies_and_repeat_for_one() -> None:
    letters = {
        TEMPLATES.write_letter(UserId(1), RESUMES[0], replace(RUSSIAN, vacancy_id=str(number)))
        for number in range(30)  # type: ignore[arg-type]  # a vacancy's id is a plain string
    }
    assert len(letters) > 10
    again = [TEMPLATES.write_letter(UserId(1), RESUMES[0], RUSSIAN) for _ in range(2)]
    assert again[0] == again[1]


def test_strangers_contacts_never_enter_a_letter() -> None:
    trap = replace(RUSSIAN, title="Кассир, звоните +7 926 222-22-22 [срочно]", employer="Магнит @magnit_hr")
    letter = TEMPLATES.write_letter(UserId(1), RESUMES[0], trap)
    assert "926" not in letter
    assert "@" not in letter
    assert "[" not in letter


def test_matching_skills_come_first() -> None:
    resume = make_resume(skills=("Excel", "Работа с кассой", "1С"))
    assert matching_skills(resume, RUSSIAN) == ("Работа с кассой",)
    assert matching_skills(resume, ENGLISH) == ("Excel", "Работа с кассой", "1С")
    assert matching_skills(make_resume(skills=("Go",)), replace(ENGLISH, text="Google is our client")) == ("Go",)


def test_next_number_changes_every_paragraph() -> None:
    for number in range(5):
        one, another = (TEMPLATES.write_letter(UserId(1), RESUMES[0], RUSSIAN, number + more) for more in (0, 1))
        paragraphs = list(zip(one.split("\n\n")[1:-1], another.split("\n\n")[1:-1], strict=True))
        assert all(before != after for before, after in paragraphs)
