"""The plot of a story: who the newcomer is and when the daemon is stopped or killed, all from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.people import Person

Blow = Literal["kill", "stop"]
PLENTY = 40
"""Vacancies of a trade from which a person of that trade finds enough for a story."""
APPLICATIONS = 25
"""What a story's newcomer sends in a day: the autopilot's own limit ends the hunt."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The daemon is struck when so many acts of a kind have happened since the story began."""

    blow: Blow
    kind: Literal["press", "application"]
    count: int
    is_in_flight: bool = False
    """Between the request and its answer: the board has carried out the application and not answered yet."""

    def __str__(self) -> str:
        where = "between request and answer of " if self.is_in_flight else "at "
        signal = "SIGKILL" if self.blow == "kill" else "SIGTERM"
        return f"{signal} {where}{self.kind} {self.count}"


@dataclass(frozen=True, slots=True)
class Plot:
    """One story's course."""

    person: Person
    language: str
    moments: tuple[Moment, ...]
    applications: int = APPLICATIONS


def make_plot(seed: int, board: HhState) -> Plot:
    """The same seed, the same story: a kill while getting acquainted, a stop, a kill with an answer on its way."""
    chance = random.Random(f"plot:{seed}")
    person = chance.choice(choose_people(board))
    stopped_at = chance.randint(4, 9)
    moments = (
        Moment("kill", "press", chance.randint(1, 4)),
        Moment("stop", "application", stopped_at),
        Moment("kill", "application", chance.randint(stopped_at + 4, APPLICATIONS - 7), is_in_flight=True),
    )
    language = "en" if person.resumes[0].locale == "EN" else "ru"
    return Plot(person, language, moments)


def choose_people(board: HhState) -> list[Person]:
    """Those whose first resume has enough vacancies that take applications."""
    stock: dict[str, int] = {}
    for vacancy in board.vacancies.values():
        stock[vacancy.trade] = stock.get(vacancy.trade, 0) + vacancy.is_suitable
    return [
        person
        for person in board.people.values()
        if person.resumes
        and person.resumes[0].status == "published"
        and stock.get(person.resumes[0].trade, 0) >= PLENTY
    ]
