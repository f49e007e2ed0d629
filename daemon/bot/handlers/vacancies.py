"""Buttons on vacancy cards: send, skip, never this employer, "I applied". What they mean: `autopilot/decisions.py`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from daemon.autopilot.decisions import ACTIONS, Decider
from daemon.bot.handlers.answers import note_press

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.bot.dispatch import Action
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def decide(action: str, desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """One press on one card."""
    services = desk.services
    decider = Decider(services.store, services.outbox, services.clock)
    decision = await decider.decide(incoming.user_id, action, argument)
    return decision.write + note_press(services, incoming, decision.answer)


BUTTONS: Mapping[str, Action] = {action: partial(decide, action) for action in ACTIONS}
