"""The board's stock: several hundred vacancies put together from hand-written material, the same for one seed.

What a vacancy says comes from `corpus_text.py`, what is wrong with it from `corpus_traps.py`; here are the facts: who
hires, where, for how much, since when.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from daemon.sandbox.corpus_text import write_snippets, write_text
from daemon.sandbox.corpus_traps import repost, set_traps
from daemon.sandbox.material import load_employers, load_phrases, load_trades
from daemon.sandbox.vacancy import Area, BoardVacancy, Contact, Employer, Pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.sandbox.material import EmployerMaterial, Trade

AREAS = {
    "1": "Москва",
    "2": "Санкт-Петербург",
    "3": "Екатеринбург",
    "4": "Новосибирск",
    "66": "Нижний Новгород",
    "76": "Ростов-на-Дону",
    "78": "Самара",
    "88": "Казань",
    "99": "Уфа",
    "104": "Челябинск",
    "159": "Астана",
    "160": "Алматы",
    "1002": "Минск",
}
SHARE_AT_HOME = 0.72
ROUBLES_PER = {"RUR": 1.0, "USD": 80.0, "EUR": 93.0, "KZT": 0.17, "BYR": 26.0}
ROUND_TO = {"RUR": 5000, "USD": 100, "EUR": 100, "KZT": 10_000, "BYR": 100}
HOUR_SECONDS = 3600
OLDEST_DAYS = 28


@cache
def build_corpus(seed: int) -> tuple[BoardVacancy, ...]:
    """All vacancies of the world with this seed, in no particular order."""
    chance = random.Random(f"corpus:{seed}")
    employers = _number_employers(load_employers())
    vacancies: list[BoardVacancy] = []
    for trade in load_trades():
        own = [_make(trade, number, employers, chance) for number in range(trade.count)]
        own = set_traps(own, chance)
        agencies = employers["agency_en" if trade.language == "en" else "agency"]
        vacancies += own
        vacancies += [repost(vacancy, chance.choice(agencies), chance) for vacancy in _to_repost(own, chance)]
    ids = chance.sample(range(118_000_000, 131_000_000), len(vacancies))
    return tuple(_with_id(vacancy, str(number)) for vacancy, number in zip(vacancies, ids, strict=True))


def _number_employers(materials: Sequence[EmployerMaterial]) -> dict[str, list[Employer]]:
    by_sector: dict[str, list[Employer]] = {}
    for number, material in enumerate(materials):
        employer = Employer(
            employer_id=str(700_000 + number * 3331),
            name=material.name,
            about=material.about,
            is_agency=material.sector.startswith("agency"),
            is_trusted=not material.is_blacklisted,
            is_accredited_it=material.is_it,
            is_blacklisted=material.is_blacklisted,
        )
        by_sector.setdefault(material.sector, []).append(employer)
    return by_sector


def _make(trade: Trade, number: int, employers: dict[str, list[Employer]], chance: random.Random) -> BoardVacancy:
    sector = trade.sectors[number % len(trade.sectors)]
    honest = [employer for employer in employers[sector] if not employer.is_blacklisted]
    # Blacklisted employers advertise a little in every trade of their sector.
    hated = [employer for employer in employers[sector] if employer.is_blacklisted]
    employer = hated[0] if hated and chance.random() < 0.05 else chance.choice(honest)
    title = trade.titles[number % len(trade.titles)]
    area_id = trade.home if chance.random() < SHARE_AT_HOME else chance.choice(list(AREAS))
    schedule = chance.choice(trade.schedules)
    experience = chance.choice(trade.experience)
    text = write_text(trade, title, employer, chance)
    requirement, responsibility = write_snippets(text)
    return BoardVacancy(
        vacancy_id="",
        trade=trade.trade,
        title=title,
        employer=employer,
        area=Area(area_id, AREAS[area_id]),
        pay=_draw_pay(trade, experience, area_id, chance),
        html=text.html,
        requirement=requirement,
        responsibility=responsibility,
        skills=tuple(chance.sample(trade.skills, min(len(trade.skills), chance.randrange(3, 9)))),
        experience=experience,
        schedule=schedule,
        employment="full" if chance.random() < 0.9 else "part",
        work_format=_work_format(schedule, chance),
        role=trade.role,
        age_seconds=round(chance.random() ** 2 * OLDEST_DAYS * 24 * HOUR_SECONDS) + 600,
        language=trade.language,
        contact=_draw_contact(trade, chance),
        address=chance.choice(load_phrases(trade.language).streets) if chance.random() < 0.4 else None,
        is_premium=chance.random() < 0.06,
        responses=int(chance.expovariate(1 / 40)),
    )


def _draw_contact(trade: Trade, chance: random.Random) -> Contact | None:
    if chance.random() < 0.75:
        return None
    name = chance.choice(load_phrases(trade.language).names)
    return Contact(name, f"job{chance.randrange(100, 999)}@example.org", f"900555{chance.randrange(10_000):04}")


def _draw_pay(trade: Trade, experience: str, area_id: str, chance: random.Random) -> Pay | None:
    if chance.random() < 0.2:
        return None
    steps = {"noExperience": 0.0, "between1And3": 0.2, "between3And6": 0.45, "moreThan6": 0.65}
    lowest, highest = trade.pay
    middle = lowest + (highest - lowest) * (steps[experience] + chance.random() * 0.3)
    currency = _draw_currency(trade, area_id, chance)
    lower, upper = (
        round(middle * share / ROUBLES_PER[currency] / ROUND_TO[currency]) * ROUND_TO[currency]
        for share in (0.88, 1.15)
    )
    shape = chance.random()
    gross = chance.choice([True, True, False, None])
    if shape < 0.25:
        return Pay(lower, None, currency, gross)
    if shape < 0.35:
        return Pay(None, upper, currency, gross)
    return Pay(lower, upper, currency, gross)


def _draw_currency(trade: Trade, area_id: str, chance: random.Random) -> str:
    local = {"159": "KZT", "160": "KZT", "1002": "BYR"}.get(area_id)
    if trade.language == "en":
        return chance.choice(["USD", "USD", "EUR", local or "RUR"])
    return local or ("USD" if chance.random() < 0.02 else "RUR")


def _work_format(schedule: str, chance: random.Random) -> str:
    if schedule == "remote":
        return "REMOTE"
    return "HYBRID" if schedule == "flexible" and chance.random() < 0.6 else "ON_SITE"


def _to_repost(vacancies: list[BoardVacancy], chance: random.Random) -> list[BoardVacancy]:
    plain = [v for v in vacancies if not v.traps and not v.employer.is_blacklisted]
    return chance.sample(plain, min(len(plain), max(1, len(vacancies) // 14)))


def _with_id(vacancy: BoardVacancy, vacancy_id: str) -> BoardVacancy:
    return replace(vacancy, vacancy_id=vacancy_id)
