"""hh.ru's resumes as the house's own values: one plain text to write from, contacts apart from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.boards.board import Experience, Resume, ResumeSummary
from daemon.boards.contacts import find_contacts, hide_contacts
from daemon.boards.hh.answers import ResumeBody, ResumeRowBody
from daemon.boards.hh.mapping import read_body, read_time
from daemon.boards.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.boards.hh.answers import ContactBody, EducationBody, ExperienceBody, PlaceOfStudyBody


def read_resume_row(raw: Any) -> ResumeSummary:
    """One row of the person's list. Raises `Unreadable`."""
    body = read_body(ResumeRowBody, raw)
    is_published = body.status is None or body.status.id in {"published", ""}
    return ResumeSummary(body.id, body.title, is_published and not body.blocked, read_time(body.updated_at))


def read_resume(raw: Any) -> Resume:
    """A whole resume. Raises `Unreadable`."""
    body = read_body(ResumeBody, raw)
    about = plain_text(body.skills)
    experience = tuple(_read_experience(job) for job in body.experience)
    told = _join(about, *(job.description for job in experience))
    contacts = (*filter(None, map(_read_contact, body.contact)), *(site.url for site in body.site if site.url))
    contacts = tuple(dict.fromkeys((*contacts, *find_contacts(told))))
    return Resume(
        resume_id=body.id,
        title=body.title,
        text=hide_contacts(_whole_text(body, about, experience), contacts),
        first_name=body.first_name,
        last_name=body.last_name,
        contacts=contacts,
        skills=tuple(skill for skill in body.skill_set or () if isinstance(skill, str) and skill),
        experience=tuple(_without_contacts(job, contacts) for job in experience),
        total_months=body.total_experience.months if body.total_experience else None,
        area=body.area.name if body.area else "",
    )


def _whole_text(body: ResumeBody, about: str, experience: tuple[Experience, ...]) -> str:
    skills = ", ".join(skill for skill in body.skill_set or () if isinstance(skill, str))
    roles = ", ".join(role.name for role in body.professional_roles if role.name)
    languages = ", ".join(
        _join(language.name, language.level.name if language.level else "", by=" - ") for language in body.language
    )
    return _join(
        body.title,
        roles,
        body.area.name if body.area else "",
        skills,
        about,
        *(_job_text(job) for job in experience),
        *_education_lines(body.education),
        languages,
        by="\n\n",
    )


def _job_text(job: Experience) -> str:
    years = _join(job.start, job.end or ("…" if job.start else ""), by=" - ")
    return _join(_join(job.position, job.company, years, by=", "), job.description)


def _education_lines(education: EducationBody | None) -> Iterable[str]:
    if education is None:
        return
    yield education.level.name if education.level else ""
    for place in (*education.primary, *education.additional):
        yield _place_text(place)


def _place_text(place: PlaceOfStudyBody) -> str:
    return _join(place.name, place.organization, place.result, str(place.year or ""), by=", ")


def _read_experience(job: ExperienceBody) -> Experience:
    return Experience(job.company, job.position, plain_text(job.description), job.start, job.end or None)


def _without_contacts(job: Experience, contacts: tuple[str, ...]) -> Experience:
    return Experience(job.company, job.position, hide_contacts(job.description, contacts), job.start, job.end)


def _read_contact(body: ContactBody) -> str:
    if body.contact_value:
        return body.contact_value
    if isinstance(body.value, dict):  # the older form: {"country": "7", "city": "926", "number": …, "formatted": …}
        return str(body.value.get("formatted") or "")
    return body.value if isinstance(body.value, str) else ""


def _join(*parts: str, by: str = "\n") -> str:
    return by.join(part for part in parts if part)
