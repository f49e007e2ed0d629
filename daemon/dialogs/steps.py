"""Steps: what a script hands to its driver at each `await`. Values only; `running.py` carries them out."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from daemon.dialogs.dialog import Accept, Json, Option
    from daemon.outbox.message import Text, UrlButton, Verbatim


@dataclass(frozen=True, slots=True)
class Ask:
    """Wait for a person or an outside event."""

    text: Text
    body: Verbatim | None = None
    options: tuple[Option, ...] = ()
    links: tuple[UrlButton, ...] = ()
    accept: Accept | None = None
    events: tuple[str, ...] = ()
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """Do something outside."""

    name: str
    work: Callable[[], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for a time."""

    due_at: int


@dataclass(frozen=True, slots=True)
class Now:
    """Read the clock."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Put a named point behind us."""

    name: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """The script is through."""


Step = Ask | Do | Sleep | Now | Pass
Stop = Ask | Do | Sleep | End
"""Where a script rests: the engine commits there."""


@types.coroutine
def hand_over(step: Step) -> Generator[Step, Any, Any]:
    """Gives the step to whoever drives the script; returns what the driver sends back."""
    return (yield step)
