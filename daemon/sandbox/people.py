"""The people of the simulated world: who may log in at the board, with which resumes. Facts are in `persons/*.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from daemon.sandbox.vacancy import Area


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Frozen):
    """One former job; `end` empty: still there."""

    company: str
    position: str
    start: str
    end: str | None = None
    description: str


class BoardResume(_Frozen):
    """One resume as its person filled it in."""

    resume_id: str
    title: str
    trade: str
    """The trade of the corpus whose vacancies suit it; empty: none does."""
    status: str = "published"
    access: str = "clients"
    about: str
    skills: tuple[str, ...]
    jobs: tuple[Job, ...] = ()
    months: int = 0
    salary: tuple[int, str] | None = None
    role: tuple[str, str]
    schedules: tuple[str, ...] = ("fullDay",)
    education: tuple[str, str] = ("higher", "Высшее")
    schools: tuple[tuple[str, str, str, int], ...] = ()
    languages: tuple[tuple[str, str, str], ...] = ()
    locale: str = "RU"
    age_days: int = 3


class Person(_Frozen):
    """Somebody with an account at the board."""

    person_id: str
    email: str
    phone: str
    first_name: str
    last_name: str
    middle_name: str | None = None
    age: int | None = None
    city: tuple[str, str]
    resumes: tuple[BoardResume, ...] = ()

    @property
    def area(self) -> Area:
        """Where they live."""
        return Area(*self.city)

    @property
    def phone_digits(self) -> str:
        """As `/me` writes it."""
        return "".join(letter for letter in self.phone if letter.isdigit())


@cache
def load_people() -> tuple[Person, ...]:
    """Everybody, in the order of their files' names: the first one is who opens the login page by default."""
    folder = files("daemon.sandbox") / "persons"
    texts = {
        entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")
    }
    return tuple(Person.model_validate(tomllib.loads(texts[name])) for name in sorted(texts))
