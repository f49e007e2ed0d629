"""Buttons on vacancy cards: send, rewrite, skip, never this employer, "I applied": what they mean is in
`autopilot/decisions.py`; and "my own text", which is a dialog.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from daemon.autopilot import news
from daemon.autopilot.apply import LETTER_COLUMN
from daemon.autopilot.decisions import ACTIONS, Decider, find_vacancy
from daemon.autopilot.rewriting import WAITING
from daemon.bot.handlers.answers import note_press
from daemon.outbox.message import OutgoingMessage, Text, Verbatim
from store.write import NOTHING

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


async def edit(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """The person's own text in the place of a letter that waits: shows the letter, then asks (`edit_letter.py`)."""
    services = desk.services
    row, _ = await find_vacancy(services.store, incoming.user_id, argument)
    if row is None or row.state != WAITING:
        return note_press(services, incoming, Text("autopilot.decision.late"))
    shown = NOTHING
    if row.sealed_letter is not None:
        letter = await services.vault.open(incoming.user_id, LETTER_COLUMN, row.sealed_letter)
        # Said here: what a script says of it would lie unsealed in the dialog's journal until the person answers.
        present = news.describe("own_letter.present", row)
        shown = services.outbox.say(OutgoingMessage(incoming.chat_id, present, body=Verbatim(letter)))
    return await desk.dialogs.start("edit_letter", incoming, {"vacancy": argument}, said=shown)


BUTTONS: Mapping[str, Action] = {**{action: partial(decide, action) for action in ACTIONS}, news.EDIT: edit}
