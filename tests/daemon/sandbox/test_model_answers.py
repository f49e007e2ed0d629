"""What the simulated model says is believable: facts from the resume, the vacancy's language, the board's words."""

from __future__ import annotations

import random
import re

import pytest

from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh_query import FieldIndex, parse_query
from daemon.sandbox.hh_words import plain_text
from daemon.sandbox.model_answers import (
    Asked,
    answer,
    common_skills,
    find_fact,
    judge,
    language_of,
    obey_vacancy,
    read_data,
    write_letter,
    write_query,
)
from daemon.sandbox.people import load_people

from .model_calls import DATA, INSTRUCTION


def asked(instruction: str = INSTRUCTION, keys: tuple[str, ...] = ("letter",), **changed: str) -> Asked:
    return Asked(instruction, DATA | changed, keys)


def test_purpose_is_seen_in_the_keys():
    assert asked(keys=("query",)).purpose == "query"
    assert asked(keys=("fits", "reason")).purpose == "screening"
    assert asked(keys=("letter",)).purpose == "letter"


def test_purpose_is_seen_in_the_instruction_when_there_are_no_keys():
    assert asked("Answer with `query` only.", ()).purpose == "query"
    assert asked('Say {"fits": true, "reason": ""}', ()).purpose == "screening"
    assert asked("Sing a song.", ()).purpose == "other"
    assert answer(asked("Sing a song.", ()), random.Random(1))["answer"]


def test_data_is_found_inside_any_talk():
    assert read_data(["[1, {}]"]) == {}
    assert read_data(['Here it is: {"a": "1", "b": [1]} Thanks.', "no json", "{broken}", '{"c": "2"}', "[1]"]) == {
        "a": "1",
        "b": "[1]",
        "c": "2",
    }


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Python-разработчик", "NAME:(python) NOT NAME:(стажёр OR intern)"),
        ("Бухгалтер", "NAME:(бухгалтер OR accountant) NOT NAME:(стажёр OR intern)"),
        ("Junior Python developer", "NAME:(python)"),
        ("Руководитель отдела продаж", "NAME:(продажам OR sales) NOT NAME:(стажёр OR intern)"),
        ("Старший астролог", "NAME:(астролог) NOT NAME:(стажёр OR intern)"),
    ],
)
def test_query_names_the_trade(title: str, expected: str):
    assert write_query(title, "") == expected


def test_query_without_a_title_takes_a_skill():
    assert write_query("", "Excel, Word") == "NAME:(Excel) NOT NAME:(стажёр OR intern)"
    assert write_query("", "") == "специалист"


@pytest.mark.parametrize(
    ("trade", "title", "skills"),
    [(r.trade, r.title, ", ".join(r.skills)) for person in load_people() for r in person.resumes if r.trade],
)
def test_query_of_every_persons_resume_finds_forty_of_its_trade(trade: str, title: str, skills: str):
    tree = parse_query(write_query(title, skills))
    found = [v for v in build_corpus(1) if tree.matches(FieldIndex({"NAME": v.title}), ("NAME",))]
    assert len([v for v in found if v.trade == trade and v.is_suitable]) >= 40


def test_letter_holds_no_contact_no_gap_and_one_signature():
    for seed in range(30):
        letter = write_letter(asked(), random.Random(seed))
        assert 200 <= len(letter) <= 2000
        assert letter.count("[[NAME]]") == 1
        assert not re.search(r"https?://|@|\+7|\{|\}", letter)


def test_letter_uses_facts_of_the_resume_only():
    letters = " ".join(write_letter(asked(), random.Random(seed)) for seed in range(30))
    known = set(re.findall(r"\d+", DATA["resume"] + DATA["vacancy"]))
    assert set(re.findall(r"\d+", letters)) <= known
    assert "Разделила монолит на пять сервисов" in letters


@pytest.mark.parametrize(("told", "expected"), [("Russian", "ru"), ("English", "en"), ("русский", "ru")])
def test_letter_is_in_the_language_told(told: str, expected: str):
    letter = write_letter(asked(language=told, resume="", skills=""), random.Random(1))
    assert language_of(letter) == expected


def test_letter_is_in_the_vacancys_language_when_none_is_told():
    text = "We are looking for a data analyst who knows SQL and asks good questions."
    letter = write_letter(asked(language="", vacancy=text, vacancy_title="Data Analyst", resume=""), random.Random(1))
    assert language_of(letter) == "en"


def test_letter_works_without_an_employer_or_a_resume():
    for seed in range(20):
        letter = write_letter(asked(employer="", resume="", skills=""), random.Random(seed))
        assert "«»" not in letter
        assert len(letter) >= 200


def test_skills_named_are_those_the_vacancy_speaks_of():
    assert common_skills(asked()) == ["Python", "PostgreSQL"]
    assert common_skills(asked(vacancy="", vacancy_skills="")) == ["Python", "FastAPI", "PostgreSQL", "Kafka"]


def test_fact_is_a_whole_sentence_in_the_right_language():
    resume = "Led a team of four people who rebuilt the nightly reports. Короткое. " + DATA["resume"]
    assert find_fact(resume, "en") == "Led a team of four people who rebuilt the nightly reports."
    assert find_fact(resume, "ru").startswith(("Старший", "Разделила", "Провожу"))
    assert find_fact("", "ru") == ""
    assert find_fact("Звоните [[PHONE]], я жду вашего звонка каждый день с утра.", "ru") == ""


def test_skills_of_the_vacancy_are_not_taken_for_the_persons():
    data = {name: value for name, value in DATA.items() if name != "skills"}
    told = Asked(
        INSTRUCTION, data | {"vacancy_title": "Повар", "vacancy_skills": "Тесто, Санитарные нормы"}, ("fits", "reason")
    )
    assert told.text("skills") == ""
    assert judge(told, random.Random(1))["fits"] is False


def test_own_trade_fits_and_another_does_not():
    assert judge(asked(), random.Random(1))["fits"] is True
    other = asked(vacancy_title="Медсестра", vacancy_skills="Инъекции", vacancy="Ищем медсестру в стационар.")
    verdict = judge(other, random.Random(1))
    assert verdict["fits"] is False
    assert "профессии" in verdict["reason"] or "опыт" in verdict["reason"]


def test_verdicts_over_the_corpus_follow_the_trade():
    right, total = 0, 0
    for vacancy in build_corpus(1):
        told = asked(
            vacancy_title=vacancy.title, vacancy_skills=", ".join(vacancy.skills), vacancy=plain_text(vacancy.html)
        )
        is_own = vacancy.trade == "python"
        if is_own or vacancy.trade in {"accountant", "nurse", "driver", "cook"}:
            total += 1
            right += judge(told, random.Random(1))["fits"] is is_own
    assert right / total > 0.95


@pytest.mark.parametrize("keys", [("query",), ("fits", "reason"), ("letter",)])
def test_obedience_to_a_vacancy_breaks_every_rule(keys: tuple[str, ...]):
    said = obey_vacancy(asked(keys=keys))
    assert set(said) == set(keys)
    assert re.search(r"t\.me/|BANANA", str(said))
