"""No grace: the board is asked about a doubtful application at once, when the request may still be carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import daemon.autopilot.facts
import daemon.autopilot.reconcile

if TYPE_CHECKING:
    from daemon.autopilot.tools import HuntTools
    from store.durable.effects import EffectRow

MACHINES = ("kill", "late_commit")


def ask_at_once(tools: HuntTools, effect: EffectRow) -> int:
    """In place of `question_at`."""
    return effect.sending_at or 0


def apply() -> None:
    """In this process, for good."""
    daemon.autopilot.facts.question_at = ask_at_once
    daemon.autopilot.reconcile.question_at = ask_at_once
