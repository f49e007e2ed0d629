"""The people of the simulated world are as different as those who will come."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.sandbox.corpus import AREAS
from daemon.sandbox.material import load_trades
from daemon.sandbox.people import BoardResume, Person, load_people

PEOPLE = load_people()


def test_there_are_enough_of_them():
    assert len(PEOPLE) >= 8
    assert PEOPLE[0].last_name == "Соколова"


@pytest.mark.parametrize("name", ["person_id", "email", "phone"])
def test_nobody_shares_what_is_theirs(name: str):
    values = [getattr(person, name) for person in PEOPLE]
    assert len(set(values)) == len(values)


def test_resume_ids_are_unique():
    ids = [resume.resume_id for person in PEOPLE for resume in person.resumes]
    assert len(set(ids)) == len(ids)


def test_every_case_is_there():
    counts = [len(person.resumes) for person in PEOPLE]
    statuses = {resume.status for person in PEOPLE for resume in person.resumes}
    assert 0 in counts
    assert max(counts) >= 2
    assert statuses == {"published", "not_published", "blocked", "on_moderation"}
    assert {resume.locale for person in PEOPLE for resume in person.resumes} == {"RU", "EN"}
    assert "whitelist" in {resume.access for person in PEOPLE for resume in person.resumes}
    assert any(person.middle_name is None for person in PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.last_name)
def test_contacts_are_made_up(person: Person):
    assert person.email.endswith("@example.com")
    assert "555" in person.phone
    assert person.phone_digits.isdigit()
    assert person.area.area_id in AREAS
    assert AREAS[person.area.area_id] == person.area.name


@pytest.mark.parametrize("person", [p for p in PEOPLE if p.resumes], ids=lambda person: person.last_name)
def test_first_resume_is_full(person: Person):
    resume = person.resumes[0]
    assert resume.trade in {trade.trade for trade in load_trades()}
    assert len(resume.about) > 60
    assert len(resume.skills) >= 4
    assert resume.months > 12
    assert all(len(job.description) > 40 for job in resume.jobs)
    assert resume.jobs[0].end is None


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.last_name)
def test_resumes_hold_no_contacts_in_their_text(person: Person):
    for resume in person.resumes:
        text = " ".join([resume.about, *(job.description for job in resume.jobs)])
        assert "@" not in text
        assert "http" not in text
        assert person.phone not in text


def test_jobs_are_newest_first():
    for person in PEOPLE:
        for resume in person.resumes:
            starts = [job.start for job in resume.jobs]
            assert starts == sorted(starts, reverse=True)


def test_slip_in_a_file_is_an_error():
    with pytest.raises(ValidationError):
        BoardResume.model_validate({"resume_id": "1"})
