"""Report: what a fault machine says at its end, the same for all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Size = Literal["sample", "faults", "full"]

STOP_AT_FIRST = "CRASH_STOP_AT_FIRST"


@dataclass(frozen=True)
class Report:
    """One machine's line of the table. A violation ends with the command that repeats it."""

    machine: str
    points: int
    seconds: float
    violations: tuple[str, ...]


def repeat(machine: str, seed: int, point: str) -> str:
    """The command that repeats one point; ends every violation."""
    broken = os.environ.get("CRASH_BROKEN", "")
    control = f" --broken {broken}" if broken else ""
    return f"python -m tests.crash.faults {machine} --seed {seed} --only {point}{control}"


def is_enough(violations: object) -> bool:
    """Whether a machine may end with what it found: a broken build is caught by its first violation."""
    return bool(violations) and os.environ.get(STOP_AT_FIRST) == "1"
