"""What the simulated board has in stock: vacancies, employers, places, pay. Made by `corpus.py`.

A vacancy's age is kept, not its date: the same corpus serves a world that starts at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["open", "closed", "anonymous", "direct"]


@dataclass(frozen=True, slots=True)
class Area:
    """A place as the board numbers it."""

    area_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Employer:
    """Who hires."""

    employer_id: str
    name: str
    about: str
    is_agency: bool = False
    is_trusted: bool = True
    is_accredited_it: bool = False
    is_blacklisted: bool = False
    """By every person of this world: they wrote this employer off long ago."""


@dataclass(frozen=True, slots=True)
class Pay:
    """Either end may be open; `gross` None: the employer did not say."""

    lower: int | None
    upper: int | None
    currency: str
    gross: bool | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask; a letter must not answer to it."""

    name: str
    email: str
    phone: str
    """Ten digits."""


@dataclass(frozen=True, slots=True)
class BoardVacancy:
    """One vacancy, traps included."""

    vacancy_id: str
    trade: str
    title: str
    employer: Employer
    area: Area
    pay: Pay | None
    html: str
    requirement: str | None
    responsibility: str | None
    skills: tuple[str, ...]
    experience: str
    schedule: str
    employment: str
    work_format: str
    role: tuple[str, str]
    age_seconds: int
    language: str = "ru"
    kind: Kind = "open"
    response_url: str | None = None
    has_test: bool = False
    needs_letter: bool = False
    is_archived: bool = False
    is_closed_for_applicants: bool = False
    is_answered: bool = False
    """Every person of this world applied to it on the site before the story begins."""
    contact: Contact | None = None
    address: str | None = None
    """Street and house."""
    is_premium: bool = False
    responses: int = 0
    missing: frozenset[str] = field(default_factory=frozenset)
    """JSON fields this vacancy's answers leave out or set to null (`-name` leaves out, `name` sets to null)."""
    traps: frozenset[str] = field(default_factory=frozenset)
    """What is wrong with it, for tests and for the chat page: `test`, `injection`, `repost`, `long` ..."""

    @property
    def is_suitable(self) -> bool:
        """An application through the API can go out."""
        return not (
            self.has_test
            or self.is_archived
            or self.is_closed_for_applicants
            or self.is_answered
            or self.kind == "direct"
            or self.employer.is_blacklisted
        )
