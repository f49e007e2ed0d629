"""The simulated board's dictionaries and tree of places: as much of them as its vacancies use."""

from __future__ import annotations

from typing import Any

from daemon.sandbox.hh_search import EMPLOYMENTS, EXPERIENCE, ORDERS, RATES, SCHEDULES
from daemon.sandbox.hh_views import NAMES

COUNTRIES = (
    ("113", "Россия", (("1", "Москва"), ("2", "Санкт-Петербург"), ("3", "Екатеринбург"), ("4", "Новосибирск"))),
    ("40", "Казахстан", (("159", "Астана"), ("160", "Алматы"))),
    ("16", "Беларусь", (("1002", "Минск"),)),
)


def list_dictionaries() -> dict[str, Any]:
    """`GET /dictionaries`."""
    return {
        "experience": _named(EXPERIENCE),
        "schedule": _named(SCHEDULES),
        "employment": _named(tuple(name for name in EMPLOYMENTS if name in NAMES)),
        "vacancy_type": _named(("open", "closed", "anonymous", "direct")),
        "negotiations_state": _named(("response", "invitation", "discard", "hidden")),
        "resume_status": _named(("not_published", "published", "blocked", "on_moderation")),
        "vacancy_search_order": [{"id": order, "name": order} for order in ORDERS],
        "currency": [
            {"code": code, "abbr": code, "name": code, "rate": rate, "default": code == "RUR", "in_use": True}
            for code, rate in RATES.items()
        ],
    }


def list_areas() -> list[dict[str, Any]]:
    """`GET /areas`."""
    return [
        {
            "id": country_id,
            "name": name,
            "parent_id": None,
            "areas": [{"id": city, "name": called, "parent_id": country_id, "areas": []} for city, called in cities],
        }
        for country_id, name, cities in COUNTRIES
    ]


def _named(values: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"id": value, "name": NAMES[value]} for value in values]
