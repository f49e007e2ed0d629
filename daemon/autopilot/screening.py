"""Which vacancies fit this person, and the reason for each that does not.

Called by `search.py` on what a search shows (plain rules only, costs nothing) and by `steps.py` on the full text,
where a model may have a say if the operator turned that on. Rules are ordered: the first that speaks gives the reason,
a key `autopilot.reason.<reason>` that the person reads in /history. A model that fails says nothing: the vacancy goes
on to the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from daemon.autopilot import prompts
from daemon.autopilot.contacts import mask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from daemon.autopilot.letter import Asker
    from daemon.autopilot.wishes import SearchWishes
    from daemon.boards.board import Resume, Vacancy
    from store.ids import UserId

REPOST_LIKENESS = 0.9
ROUBLES = {"RUB": 1.0, "USD": 90.0, "EUR": 100.0, "KZT": 0.18, "BYN": 28.0, "UZS": 0.007, "GEL": 33.0, "KGS": 1.0}
"""Rough worth of one unit: enough to tell 3,000 USD from 3,000 RUB, never shown to anybody."""


@dataclass(frozen=True, slots=True)
class SeenVacancy:
    """One the person has dealt with already, as far as near-equal posts are recognised by it."""

    vacancy_id: str
    title: str
    employer: str


def find_reason(vacancy: Vacancy, wishes: SearchWishes, seen: Sequence[SeenVacancy] = ()) -> str | None:
    """Why this vacancy is left alone; None: it fits."""
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("already_answered", lambda: vacancy.is_answered),
        ("blacklisted", lambda: vacancy.is_blacklisted or is_unwanted_employer(vacancy, wishes)),
        ("archived", lambda: vacancy.is_archived),
        ("closed", lambda: vacancy.is_closed_for_applicants),
        ("test_required", lambda: vacancy.has_test),
        ("direct", lambda: vacancy.is_direct),
        ("excluded_word", lambda: find_excluded_word(vacancy, wishes) is not None),
        ("low_salary", lambda: pays_too_little(vacancy, wishes)),
        ("repost", lambda: wishes.skips_reposts and is_repost(vacancy, seen)),
    )
    return next((reason for reason, speaks in rules if speaks()), None)


def find_excluded_word(vacancy: Vacancy, wishes: SearchWishes) -> str | None:
    """The first excluded word that stands in the title or the text."""
    text = _plain(f"{vacancy.title}\n{vacancy.summary}\n{vacancy.text}\n{' '.join(vacancy.skills)}")
    return next((word for word in wishes.words if _pattern(word).search(text)), None)


def is_unwanted_employer(vacancy: Vacancy, wishes: SearchWishes) -> bool:
    """Whether the person said "never this company"."""
    if vacancy.employer_id is not None and vacancy.employer_id in wishes.employer_ids:
        return True
    names = {_employer_name(name) for name in wishes.employers}
    return bool(vacancy.employer.strip()) and _employer_name(vacancy.employer) in names


def pays_too_little(vacancy: Vacancy, wishes: SearchWishes) -> bool:
    """Whether even the upper end is below the wish. A vacancy that names no pay is given the benefit."""
    salary = vacancy.salary
    if wishes.lowest_salary is None or salary is None:
        return False
    best = salary.upper if salary.upper is not None else salary.lower
    if best is None or salary.currency not in ROUBLES or wishes.currency not in ROUBLES:
        return False
    # An open upper end ("from 80,000") may be any amount, so only the named end speaks.
    if salary.upper is None:
        return False
    return best * ROUBLES[salary.currency] < wishes.lowest_salary * ROUBLES[wishes.currency]


def is_repost(vacancy: Vacancy, seen: Sequence[SeenVacancy]) -> bool:
    """Whether the same employer posts what the person has answered already under another number."""
    employer, title = _employer_name(vacancy.employer), _plain(vacancy.title)
    if not employer:
        return False
    return any(
        other.vacancy_id != vacancy.vacancy_id
        and _employer_name(other.employer) == employer
        and SequenceMatcher(None, _plain(other.title), title).ratio() >= REPOST_LIKENESS
        for other in seen
    )


class Judgement(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    fits: bool
    reason: str = ""


class ModelScreener:
    """Asks a model whether a vacancy fits; off unless the operator turns it on."""

    def __init__(self, ask: Asker, may_ask: Callable[[UserId], Awaitable[bool]]) -> None:
        self._ask = ask
        self._may_ask = may_ask

    async def fits(self, user_id: UserId, resume: Resume, vacancy: Vacancy, wishes: SearchWishes) -> bool:
        """False only when the model says clearly that it does not."""
        if not await self._may_ask(user_id):
            return True
        masked = mask(resume.text, resume)
        wished = "; ".join(f"no {word}" for word in wishes.words)
        prompt = prompts.screening_prompt(resume, masked, vacancy, wished)
        judgement = await self._ask(prompt, user_id, Judgement, lambda _: None)
        return judgement is None or judgement.fits


def _pattern(word: str) -> re.Pattern[str]:
    """Whole words only: "стажировка" is not "стажер". What a person typed is never a regular expression."""
    body = re.escape(_plain(word.removesuffix("*"))).replace(r"\ ", r"\s+")
    end = r"\w*" if word.endswith("*") else r"(?!\w)"
    return re.compile(rf"(?<!\w){body}{end}")


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def _employer_name(name: str) -> str:
    """Without the legal form and quotation marks: ООО «Ромашка» is Ромашка."""
    plain = re.sub(r"[«»\"'“”„]", " ", _plain(name))
    return " ".join(re.sub(r"(?<!\w)(?:ооо|ао|пао|зао|оао|ип|нко|гк|llc|ltd|inc|gmbh)(?!\w)\.?", " ", plain).split())
