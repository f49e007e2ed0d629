"""Confirm not shielded: a stop cuts an application off between its sending and the mark of what came of it."""

from __future__ import annotations

from typing import Any

import trio

import daemon.autopilot.apply
import daemon.supervisor.finishing

MACHINES = ("kill", "cancel")


class Unshielded:
    """Trio, in which nothing is ever shielded."""

    def __getattr__(self, name: str) -> Any:
        return getattr(trio, name)

    def CancelScope(self, **options: Any) -> trio.CancelScope:  # noqa: N802 - Trio's own name
        return trio.CancelScope(**{**options, "shield": False})

    def move_on_after(self, seconds: float, **options: Any) -> trio.CancelScope:
        return trio.move_on_after(seconds, **{**options, "shield": False})


def apply() -> None:
    """In this process, for good."""
    daemon.autopilot.apply.trio = Unshielded()  # type: ignore[assignment] # a broken build
    daemon.supervisor.finishing.trio = Unshielded()  # type: ignore[assignment] # as above
