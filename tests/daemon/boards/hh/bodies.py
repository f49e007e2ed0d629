"""hh.ru's answers in the shape of every official example of the applicant's calls; names and texts are our own."""

from __future__ import annotations

from typing import Any


def named(key: str, name: str) -> dict[str, Any]:
    return {"id": key, "name": name}


def area() -> dict[str, Any]:
    return {"id": "2", "name": "Санкт-Петербург", "url": "https://api.hh.ru/areas/2"}


def employer() -> dict[str, Any]:
    return {
        "accredited_it_employer": False,
        "alternate_url": "https://hh.ru/employer/77",
        "id": "77",
        "logo_urls": {
            "90": "https://hh.ru/l/90.png",
            "240": "https://hh.ru/l/240.png",
            "original": "https://hh.ru/l.png",
        },
        "name": "Ромашка &amp; Ко",
        "trusted": True,
        "url": "https://api.hh.ru/employers/77",
    }


def address() -> dict[str, Any]:
    station = {
        "lat": 59.9,
        "line_id": "16",
        "line_name": "Зелёная",
        "lng": 30.3,
        "station_id": "16.230",
        "station_name": "Приморская",
    }
    return {
        "building": "9",
        "city": "Санкт-Петербург",
        "description": None,
        "lat": 59.9,
        "lng": 30.3,
        "metro_stations": [station],
        "street": "Наличная",
    }


def salary() -> dict[str, Any]:
    return {"currency": "RUR", "from": 150000, "gross": True, "to": None}


def found_vacancy() -> dict[str, Any]:
    """One item of `GET /vacancies`."""
    return {
        "accept_incomplete_resumes": False,
        "address": address(),
        "alternate_url": "https://hh.ru/vacancy/555",
        "apply_alternate_url": "https://hh.ru/applicant/vacancy_response?vacancyId=555",
        "area": area(),
        "benefits": ["ДМС"],
        "brand_snippet": {
            "background": {"color": None, "gradient": {"angle": 45, "color_list": [{"color": "#F00", "position": 1}]}},
            "logo": "https://x/1.png",
        },
        "branding": {"tariff": "BASIC", "type": "CONSTRUCTOR"},
        "contacts": {
            "email": "hr@example.com",
            "name": "Анна",
            "phones": [{"city": "812", "comment": None, "country": "7", "number": "000-00-00"}],
        },
        "counters": {"responses": 12},
        "department": named("D-1", "Разработка"),
        "employer": employer(),
        "has_test": False,
        "id": "555",
        "insider_interview": {"id": "1", "url": "https://hh.ru/interview/1"},
        "name": "Разработчик  Python",
        "professional_roles": [named("96", "Программист, разработчик")],
        "published_at": "2026-11-20T16:17:21+0300",
        "relations": [],
        "response_letter_required": True,
        "response_url": None,
        "salary": salary(),
        "salary_range": {**salary(), "frequency": named("MONTHLY", "Раз в месяц"), "mode": named("MONTH", "За месяц")},
        "schedule": named("remote", "Удалённая работа"),
        "show_logo_in_search": True,
        "snippet": {
            "requirement": "Знание <highlighttext>Python</highlighttext> и SQL.",
            "responsibility": "Писать сервисы.",
        },
        "sort_point_distance": 226.0,
        "type": named("open", "Открытая"),
        "url": "https://api.hh.ru/vacancies/555",
    }


def search_page(*items: Any, found: int = 1, pages: int = 1) -> dict[str, Any]:
    """`GET /vacancies`."""
    argument = {
        "argument": "text",
        "cluster_group": None,
        "disable_url": "https://…",
        "value": "python",
        "value_description": None,
    }
    return {
        "arguments": [argument],
        "clusters": None,
        "fixes": None,
        "found": found,
        "items": list(items),
        "page": 0,
        "pages": pages,
        "per_page": 100,
        "suggests": None,
    }


def whole_vacancy() -> dict[str, Any]:
    """`GET /vacancies/{id}` for an applicant."""
    return {
        **{key: value for key, value in found_vacancy().items() if key not in {"snippet", "relations", "counters"}},
        "accept_handicapped": False,
        "accept_kids": False,
        "accept_temporary": False,
        "age_restriction": named("AGE_14_PLUS", "От 14 лет"),
        "allow_messages": True,
        "approved": False,
        "archived": False,
        "billing_type": named("standard", "Стандарт"),
        "branded_description": "<style>.x{}</style><div>Бренд</div><script>alert(1)</script>",
        "branded_template": named("1", "t"),
        "code": "HRR-1",
        "created_at": "2026-11-20T16:17:21+0300",
        "description": "<p>Мы делаем <strong>сервисы</strong>.</p><ul><li>Python</li><li><p>SQL</p></li></ul>",
        "driver_license_types": [{"id": "B"}],
        "employer": {**employer(), "blacklisted": False, "badges": [{"type": "employer-hh-rating", "year": 2025}]},
        "employment": named("full", "Полная занятость"),
        "experience": named("between1And3", "От 1 года до 3 лет"),
        "expires_at": "2026-12-20T16:17:21+0300",
        "hidden": False,
        "key_skills": [{"name": "Python"}, {"name": "SQL"}],
        "languages": [{**named("eng", "Английский"), "level": named("b2", "B2")}],
        "manager": {"id": "1"},
        "premium": True,
        "response_notifications": True,
        "test": None,
        "video_vacancy": {"cover_picture": {"resized_height": 1}, "video_url": "https://x/v"},
        "work_format": [named("REMOTE", "Удалённо")],
        "working_hours": [named("HOURS_8", "8 часов")],
    }


def negotiation(**changes: Any) -> dict[str, Any]:
    """One item of `GET /negotiations`; like the official example, it has no vacancy."""
    calls = {
        "items": [
            {"creation_time": "2026-03-04T16:39:58.857853Z", "duration_seconds": None, "id": 1, "status": "call_ended"}
        ],
        "picked_up_phone_by_opponent": True,
    }
    return {
        "created_at": "2026-11-05T19:51:38+0300",
        "decline_allowed": True,
        "has_updates": True,
        "hidden": False,
        "id": "123",
        "messaging_status": "ok",
        "phone_calls": calls,
        "source": "NEGOTIATION",
        "state": named("invitation", "Приглашение"),
        "tags": [{"id": "AUTO_RESPONSE"}],
        "updated_at": "2026-11-07T18:30:57+0300",
        "url": "https://api.hh.ru/negotiations/123",
        "viewed_by_opponent": True,
        **changes,
    }


def page(*items: Any, pages: int = 1, number: int = 0) -> dict[str, Any]:
    """Any list of the person's."""
    return {"found": len(items), "items": list(items), "page": number, "pages": pages, "per_page": 20}


def resume_row(resume_id: str = "0123abcdef") -> dict[str, Any]:
    """One of `GET /resumes/mine` (shortened to the kinds of fields there are)."""
    return {
        "access": {"type": named("clients", "видно всем")},
        "actions": {"download": {"pdf": {"url": "https://x/a.pdf"}, "rtf": {"url": "https://x/a.rtf"}}},
        "age": 35,
        "alternate_url": f"https://hh.ru/resume/{resume_id}",
        "area": area(),
        "blocked": False,
        "can_publish_or_update": False,
        "certificate": [],
        "created_at": "2026-05-10T00:00:00+0300",
        "education": {"level": named("higher", "Высшее"), "primary": []},
        "experience": [
            {
                "company": "Лютик",
                "company_id": None,
                "employer": None,
                "end": None,
                "position": "Инженер",
                "start": "2020-01-01",
            }
        ],
        "finished": True,
        "first_name": "Иван",
        "hidden_fields": [named("phones", "телефоны")],
        "id": resume_id,
        "last_name": "Иванов",
        "middle_name": None,
        "new_views": 0,
        "next_publish_at": "2026-05-10T04:00:00+0300",
        "photo": None,
        "salary": {"amount": 100000, "currency": "RUR"},
        "similar_vacancies": {"counters": {"total": 3}, "url": "https://api.hh.ru/x"},
        "status": named("published", "опубликовано"),
        "title": "Разработчик Python",
        "total_experience": {"months": 62},
        "updated_at": "2026-05-10T00:00:00+0300",
        "visible": True,
    }


def contacts() -> list[dict[str, Any]]:
    """`contact` of a resume."""
    phone = {
        "comment": "после 12",
        "contact_value": "+7 (926) 222-22-22",
        "kind": "phone",
        "preferred": False,
        "type": named("cell", "Мобильный телефон"),
        "verified": False,
    }
    mail = {
        "contact_value": "ivan@example.com",
        "kind": "email",
        "preferred": True,
        "type": named("email", "Эл. почта"),
    }
    return [phone, mail]


def education() -> dict[str, Any]:
    """`education` of a resume."""
    place = {
        "id": "1",
        "name": "СПбГУ",
        "name_id": None,
        "organization": "Матмех",
        "organization_id": None,
        "result": "Математик",
        "result_id": None,
        "year": 2012,
    }
    level = named("master", "Магистр")
    return {"additional": [], "attestation": [], "elementary": [], "level": level, "primary": [place]}


def former_job() -> dict[str, Any]:
    """One of `experience`."""
    return {
        "area": area(),
        "company": "Лютик",
        "company_id": None,
        "company_url": "http://lutik.example",
        "description": "Писал сервисы.\nЗвоните +7 911 000-11-22 или t.me/ivan_dev",
        "employer": None,
        "end": "2026-02-06",
        "industries": [],
        "position": "Инженер",
        "start": "2020-01-02",
    }


def whole_resume() -> dict[str, Any]:
    """`GET /resumes/{id}` for its owner."""
    return {
        **resume_row(),
        "_progress": {"mandatory": [], "percentage": 55, "recommended": ["photo"]},
        "birth_date": None,
        "business_trip_readiness": named("never", "не готов"),
        "citizenship": [{**named("113", "Россия"), "url": "https://api.hh.ru/areas/113"}],
        "contact": contacts(),
        "creds": {"answers": {}, "question_to_answer_map": {}, "questions": {}},
        "driver_license_types": [],
        "education": education(),
        "employments": [named("full", "Полная занятость")],
        "experience": [former_job(), {**former_job(), "end": None, "company": "Василёк", "description": None}],
        "has_vehicle": None,
        "language": [{**named("eng", "Английский"), "level": named("b2", "B2 — Средне-продвинутый")}],
        "metro": None,
        "portfolio": [],
        "professional_roles": [named("96", "Программист, разработчик")],
        "recommendation": [],
        "relocation": {"area": [], "district": [], "type": named("no_relocation", "не готов")},
        "resume_locale": named("RU", "Русский"),
        "schedules": [named("fullDay", "Полный день")],
        "site": [{"type": named("personal", "Другой сайт"), "url": "https://ivan.example/cv"}],
        "skill_set": ["Python", "PostgreSQL"],
        "skills": "Пишу сервисы. Мой сайт: https://ivan.example/cv, почта ivan@example.com",
        "work_ticket": [],
    }


def me() -> dict[str, Any]:
    """`GET /me` with a person's token."""
    return {
        "auth_type": "applicant",
        "is_admin": False,
        "is_applicant": True,
        "is_application": False,
        "is_employer": False,
        "is_employer_integration": False,
        "email": "ivan@example.com",
        "first_name": "Иван",
        "id": "9876",
        "last_name": "Иванов",
        "mid_name": None,
        "middle_name": None,
        "phone": "79262222222",
        "counters": {"new_resume_views": 1, "resumes_count": 2, "unread_negotiations": 0},
        "employer": None,
        "is_in_search": True,
        "manager": None,
        "negotiations_url": "https://api.hh.ru/negotiations",
        "resumes_url": "https://api.hh.ru/resumes/mine",
        "user_statuses": {"job_search_status": None},
    }


def by_status(*applied: Any) -> dict[str, Any]:
    """`GET /vacancies/{id}/resumes_by_status`."""
    return {
        "already_applied": list(applied),
        "counters": {"already_applied": len(applied), "not_published": 0, "suitable": 1, "unavailable": 0},
        "not_published": [],
        "suitable": [{**resume_row(), "has_errors": False, "requires_completion": False}],
        "unavailable": [],
    }


def tokens() -> dict[str, Any]:
    """`POST /token` for a person."""
    return {"access_token": "access-1", "token_type": "bearer", "expires_in": 1209600, "refresh_token": "refresh-1"}


def application_token() -> dict[str, Any]:
    """`POST /token` for the application: no time, no refresh token."""
    return {"access_token": "application-1", "token_type": "bearer"}


def error(kind: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    """The common body of a refusal."""
    one: dict[str, Any] = {"type": kind} if value is None else {"type": kind, "value": value}
    return {"request_id": "q1ww2e2r4ty", "description": "Forbidden", "errors": [{**one, **more}]}
