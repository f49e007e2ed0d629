"""Hand-written material of the corpus: trades, employers, common phrases, from `vacancies/`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trade(_Frozen):
    """Everything that only this trade's vacancies say."""

    trade: str
    language: str
    count: int
    role: tuple[str, str]
    titles: tuple[str, ...]
    sectors: tuple[str, ...]
    """Kinds of employers that look for such people."""
    home: str
    """Area id in which most of these vacancies are."""
    pay: tuple[int, int]
    """Usual monthly pay in roubles, lowest and highest."""
    experience: tuple[str, ...]
    schedules: tuple[str, ...]
    skills: tuple[str, ...]
    intros: tuple[str, ...]
    duties: tuple[str, ...]
    requirements: tuple[str, ...]
    pluses: tuple[str, ...]
    conditions: tuple[str, ...]


class EmployerMaterial(_Frozen):
    """One employer."""

    name: str
    sector: str
    about: str
    is_it: bool = False
    is_blacklisted: bool = False


class Phrases(_Frozen):
    """What vacancies of one language have in common."""

    duties_heads: tuple[str, ...]
    requirements_heads: tuple[str, ...]
    pluses_heads: tuple[str, ...]
    conditions_heads: tuple[str, ...]
    about_heads: tuple[str, ...]
    names: tuple[str, ...]
    streets: tuple[str, ...]
    conditions: tuple[str, ...]
    closings: tuple[str, ...]
    letter_wanted: tuple[str, ...]
    hiring_steps: tuple[str, ...]
    culture: tuple[str, ...]
    agency_intros: tuple[str, ...]
    injections: tuple[str, ...]
    faq_head: str
    faq: tuple[str, ...]


@cache
def load_trades() -> tuple[Trade, ...]:
    """All trades, in the order of their files' names."""
    folder = _folder() / "trades"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(Trade.model_validate(_read(folder / name)) for name in names)


@cache
def load_employers() -> tuple[EmployerMaterial, ...]:
    """All employers, agencies included (sector `agency`)."""
    return tuple(EmployerMaterial.model_validate(row) for row in _read(_folder() / "employers.toml")["employers"])


@cache
def load_phrases(language: str) -> Phrases:
    """Common phrases in `ru` or `en`."""
    return Phrases.model_validate(_read(_folder() / f"phrases_{language}.toml"))


def _folder() -> Traversable:
    return files("daemon.sandbox") / "vacancies"


def _read(entry: Traversable) -> dict[str, Any]:
    return tomllib.loads(entry.read_text(encoding="utf-8"))
