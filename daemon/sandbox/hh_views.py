"""The simulated board's JSON: vacancies, resumes, people and applications in the shapes of the real API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.sandbox.hh_state import Application, HhState
    from daemon.sandbox.people import BoardResume, Person
    from daemon.sandbox.vacancy import Area, BoardVacancy

MOSCOW = timezone(timedelta(hours=3))

NAMES = {
    "noExperience": "Нет опыта",
    "between1And3": "От 1 года до 3 лет",
    "between3And6": "От 3 до 6 лет",
    "moreThan6": "Более 6 лет",
    "fullDay": "Полный день",
    "shift": "Сменный график",
    "flexible": "Гибкий график",
    "remote": "Удаленная работа",
    "flyInFlyOut": "Вахтовый метод",
    "full": "Полная занятость",
    "part": "Частичная занятость",
    "project": "Проектная работа",
    "probation": "Стажировка",
    "ON_SITE": "На месте работодателя",
    "REMOTE": "Удалённо",
    "HYBRID": "Гибрид",
    "FIELD_WORK": "Разъездной",
    "open": "Открытая",
    "closed": "Закрытая",
    "anonymous": "Анонимная",
    "direct": "Рекламная",
    "response": "Отклик",
    "invitation": "Приглашение",
    "discard": "Отказ",
    "hidden": "Скрыто",
    "published": "опубликовано",
    "not_published": "не опубликовано",
    "blocked": "заблокировано",
    "on_moderation": "на модерации",
    "clients": "видно всем компаниям, зарегистрированным на HeadHunter",
    "whitelist": "видно выбранным компаниям",
    "no_one": "не видно никому",
}


def write_date(milliseconds: int) -> str:
    """`2013-07-08T16:17:21+0400`: no colon in the offset."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(MOSCOW).strftime("%Y-%m-%dT%H:%M:%S%z")


def named(value: str) -> dict[str, str]:
    """An entry of a dictionary."""
    return {"id": value, "name": NAMES[value]}


def page_of(items: Sequence[Any], page: int, per_page: int) -> dict[str, Any]:
    """One page of a list, with the counts around it."""
    return {
        "found": len(items),
        "pages": -(-len(items) // per_page),
        "page": page,
        "per_page": per_page,
        "items": list(items[page * per_page : (page + 1) * per_page]),
    }


class Views:
    """JSON of everything, seen at this moment."""

    def __init__(self, state: HhState) -> None:
        self._state = state

    def area(self, area: Area) -> dict[str, str]:
        """A place."""
        return {"id": area.area_id, "name": area.name, "url": f"{self._state.rules.api_url}/areas/{area.area_id}"}

    def vacancy_item(self, vacancy: BoardVacancy, person_id: str | None) -> dict[str, Any]:
        """A vacancy in a list."""
        item = self._vacancy(vacancy, person_id)
        item["snippet"] = {"requirement": vacancy.requirement, "responsibility": vacancy.responsibility}
        item["counters"] = {"responses": vacancy.responses}
        item["show_logo_in_search"] = None
        item["sort_point_distance"] = None
        return _leave_out(item, vacancy.missing)

    def vacancy_page(self, vacancy: BoardVacancy, person_id: str | None) -> dict[str, Any]:
        """A vacancy with its full text."""
        api = self._state.rules.api_url
        page = self._vacancy(vacancy, person_id)
        page |= {
            "description": vacancy.html,
            "branded_description": None,
            "key_skills": [{"name": skill} for skill in vacancy.skills],
            "test": {"required": True} if vacancy.has_test else None,
            "closed_for_applicants": vacancy.is_closed_for_applicants,
            "hidden": False,
            "approved": True,
            "allow_messages": True,
            "accept_handicapped": False,
            "accept_kids": False,
            "languages": [],
            "driver_license_types": [],
            "code": None,
            "negotiations_url": f"{api}/negotiations?vacancy_id={vacancy.vacancy_id}",
            "suitable_resumes_url": f"{api}/vacancies/{vacancy.vacancy_id}/suitable_resumes",
            "initial_created_at": page["created_at"],
        }
        return _leave_out(page, vacancy.missing)

    def _vacancy(self, vacancy: BoardVacancy, person_id: str | None) -> dict[str, Any]:
        rules = self._state.rules
        vacancy_id = vacancy.vacancy_id
        published = write_date(self._state.published_at(vacancy))
        return {
            "id": vacancy_id,
            "name": vacancy.title,
            "premium": vacancy.is_premium,
            "area": self.area(vacancy.area),
            "employer": self._employer(vacancy),
            "salary": _pay(vacancy),
            "salary_range": _pay_range(vacancy),
            "schedule": named(vacancy.schedule),
            "employment": named(vacancy.employment),
            "experience": named(vacancy.experience),
            "work_format": [named(vacancy.work_format)],
            "professional_roles": [{"id": vacancy.role[0], "name": vacancy.role[1]}],
            "type": named(vacancy.kind),
            "address": _address(vacancy),
            "contacts": _vacancy_contacts(vacancy),
            "department": None,
            "insider_interview": None,
            "has_test": vacancy.has_test,
            "response_letter_required": vacancy.needs_letter,
            "response_url": vacancy.response_url,
            "relations": self._relations(vacancy, person_id),
            "archived": vacancy.is_archived,
            "accept_temporary": False,
            "accept_incomplete_resumes": False,
            "published_at": published,
            "created_at": published,
            "url": f"{rules.api_url}/vacancies/{vacancy_id}?host=hh.ru",
            "alternate_url": f"{rules.site_url}/vacancy/{vacancy_id}",
            "apply_alternate_url": f"{rules.site_url}/applicant/vacancy_response?vacancyId={vacancy_id}",
        }

    def _employer(self, vacancy: BoardVacancy) -> dict[str, Any]:
        rules, employer = self._state.rules, vacancy.employer
        if vacancy.kind == "anonymous":
            return {"name": "Крупная компания", "trusted": True}
        return {
            "id": employer.employer_id,
            "name": employer.name,
            "url": f"{rules.api_url}/employers/{employer.employer_id}",
            "alternate_url": f"{rules.site_url}/employer/{employer.employer_id}",
            "logo_urls": None,
            "vacancies_url": f"{rules.api_url}/vacancies?employer_id={employer.employer_id}",
            "trusted": employer.is_trusted,
            "accredited_it_employer": employer.is_accredited_it,
            "blacklisted": employer.is_blacklisted,
        }

    def _relations(self, vacancy: BoardVacancy, person_id: str | None) -> list[str]:
        if person_id is None:
            return []
        words = {"response": "got_response", "invitation": "got_invitation", "discard": "got_rejection"}
        mine = [a for a in self._state.visible_applications(person_id) if a.vacancy_id == vacancy.vacancy_id]
        relations = [words[a.state] for a in mine if a.state in words][:1]
        if vacancy.employer.is_blacklisted:
            relations.append("blacklisted")
        return relations

    def me(self, person: Person) -> dict[str, Any]:
        """`GET /me` of a person."""
        api = self._state.rules.api_url
        unread = sum(a.state != "response" for a in self._state.visible_applications(person.person_id))
        return {
            "auth_type": "applicant",
            "is_applicant": True,
            "is_employer": False,
            "is_admin": False,
            "is_application": False,
            "is_employer_integration": False,
            "id": person.person_id,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "middle_name": person.middle_name,
            "email": person.email,
            "phone": person.phone_digits,
            "is_in_search": True,
            "counters": {
                "new_resume_views": 3,
                "resumes_count": len(person.resumes),
                "unread_negotiations": unread,
            },
            "resumes_url": f"{api}/resumes/mine",
            "negotiations_url": f"{api}/negotiations",
            "manager": None,
            "employer": None,
            "personal_manager": None,
        }

    def resume_item(self, person: Person, resume: BoardResume) -> dict[str, Any]:
        """A resume in a list."""
        rules = self._state.rules
        updated = write_date(self._state.started_at - resume.age_days * 86_400_000)
        return {
            "id": resume.resume_id,
            "title": resume.title,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "middle_name": person.middle_name,
            "age": person.age,
            "area": self.area(person.area),
            "status": named(resume.status),
            "access": {"type": named(resume.access)},
            "blocked": resume.status == "blocked",
            "finished": resume.status != "not_published",
            "visible": resume.status == "published",
            "can_publish_or_update": resume.status == "published",
            "next_publish_at": None,
            "salary": {"amount": resume.salary[0], "currency": resume.salary[1]} if resume.salary else None,
            "total_experience": {"months": resume.months} if resume.months else None,
            "experience": [
                {"company": job.company, "position": job.position, "start": job.start, "end": job.end}
                for job in resume.jobs
            ],
            "education": {"level": {"id": resume.education[0], "name": resume.education[1]}},
            "contact": _contacts(person),
            "created_at": updated,
            "updated_at": updated,
            "new_views": 1,
            "total_views": 17,
            "url": f"{rules.api_url}/resumes/{resume.resume_id}",
            "alternate_url": f"{rules.site_url}/resume/{resume.resume_id}",
            "similar_vacancies": {
                "url": f"{rules.api_url}/resumes/{resume.resume_id}/similar_vacancies",
                "counters": {"total": 0},
            },
        }

    def resume_page(self, person: Person, resume: BoardResume) -> dict[str, Any]:
        """A whole resume."""
        page = self.resume_item(person, resume)
        page |= {
            "skills": resume.about,
            "skill_set": list(resume.skills),
            "experience": [
                {
                    "company": job.company,
                    "company_id": None,
                    "employer": None,
                    "industries": [],
                    "area": self.area(person.area),
                    "position": job.position,
                    "description": job.description,
                    "start": job.start,
                    "end": job.end,
                }
                for job in resume.jobs
            ],
            "professional_roles": [{"id": resume.role[0], "name": resume.role[1]}],
            "employments": [named("full")],
            "schedules": [named(schedule) for schedule in resume.schedules],
            "language": [
                {"id": code, "name": name, "level": {"id": level.lower(), "name": level}}
                for code, name, level in resume.languages
            ],
            "education": {
                "level": {"id": resume.education[0], "name": resume.education[1]},
                "primary": [
                    {"id": str(i), "name": name, "organization": faculty, "result": result, "year": year}
                    for i, (name, faculty, result, year) in enumerate(resume.schools, 1)
                ],
                "additional": [],
            },
            "citizenship": [{"id": "113", "name": "Россия", "url": f"{self._state.rules.api_url}/areas/113"}],
            "relocation": {"type": {"id": "no_relocation", "name": "не готов к переезду"}, "area": []},
            "resume_locale": {"id": resume.locale, "name": "Русский" if resume.locale == "RU" else "English"},
            "certificate": [],
            "site": [],
            "photo": None,
        }
        return page

    def application(self, application: Application) -> dict[str, Any]:
        """One application as its person sees it."""
        api = self._state.rules.api_url
        vacancy = self._state.vacancies[application.vacancy_id]
        owner = self._state.resume(application.resume_id)
        return {
            "id": application.application_id,
            "state": named(application.state),
            "created_at": write_date(application.created_at),
            "updated_at": write_date(application.updated_at),
            "has_updates": application.state != "response",
            "viewed_by_opponent": application.is_viewed,
            "messaging_status": "ok" if application.state == "invitation" else "no_invitation",
            "decline_allowed": application.state == "invitation",
            "hidden": application.is_hidden,
            "source": "NEGOTIATION",
            "tags": [],
            "phone_calls": None,
            "vacancy": self.vacancy_item(vacancy, application.person_id),
            "resume": owner and {"id": owner[1].resume_id, "title": owner[1].title},
            "url": f"{api}/negotiations/{application.application_id}",
            "messages_url": f"{api}/negotiations/{application.application_id}/messages",
        }


def _pay(vacancy: BoardVacancy) -> dict[str, Any] | None:
    pay = vacancy.pay
    if pay is None:
        return None
    return {"from": pay.lower, "to": pay.upper, "currency": pay.currency, "gross": pay.gross}


def _pay_range(vacancy: BoardVacancy) -> dict[str, Any] | None:
    pay = _pay(vacancy)
    month = {"mode": {"id": "MONTH", "name": "За месяц"}, "frequency": {"id": "MONTHLY", "name": "Раз в месяц"}}
    return pay and pay | month


def _address(vacancy: BoardVacancy) -> dict[str, Any] | None:
    if vacancy.address is None:
        return None
    street, _, building = vacancy.address.rpartition(", ")
    place = {"city": vacancy.area.name, "street": street or vacancy.address, "building": building if street else None}
    return place | {"description": None, "lat": None, "lng": None, "metro_stations": []}


def _vacancy_contacts(vacancy: BoardVacancy) -> dict[str, Any] | None:
    contact = vacancy.contact
    if contact is None:
        return None
    phone = {"country": "7", "city": contact.phone[:3], "number": contact.phone[3:], "comment": None}
    return {"name": contact.name, "email": contact.email, "phones": [phone]}


def _contacts(person: Person) -> list[dict[str, Any]]:
    return [
        {
            "type": {"id": "cell", "name": "Мобильный телефон"},
            "kind": "phone",
            "contact_value": person.phone,
            "preferred": False,
            "comment": None,
        },
        {
            "type": {"id": "email", "name": "Эл. почта"},
            "kind": "email",
            "contact_value": person.email,
            "preferred": True,
        },
    ]


def _leave_out(answer: dict[str, Any], missing: frozenset[str]) -> dict[str, Any]:
    """Real answers lack fields or hold nulls where nobody expects it; so do these."""
    for name in missing:
        if name.startswith("-"):
            answer.pop(name[1:], None)
        elif name in answer:
            answer[name] = None
    return answer
