"""The simulated board's dictionaries and tree of places: as much of them as its vacancies use."""

from __future__ import annotations

from typing import Any

from daemon.sandbox.corpus import AREAS
from daemon.sandbox.hh_search import COUNTRIES, EMPLOYMENTS, EXPERIENCE, ORDERS, RATES, SCHEDULES
from daemon.sandbox.hh_views import NAMES

_COUNTRY_NAMES = {"113": "Россия", "40": "Казахстан", "16": "Беларусь"}


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
            "name": _COUNTRY_NAMES[country_id],
            "parent_id": None,
            "areas": [{"id": city, "name": AREAS[city], "parent_id": country_id, "areas": []} for city in cities],
        }
        for country_id, cities in COUNTRIES.items()
    ]


def _named(values: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"id": value, "name": NAMES[value]} for value in values]
