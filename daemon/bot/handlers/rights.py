"""/delete: everything about a person, at the board and here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer, note_press
from daemon.outbox.message import Button, Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def ask_deletion(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Asked back, the harmless answer first."""
    del argument
    keyboard = (
        (Button(Text("bot.button.keep"), "delete", "no"),),
        (Button(Text("bot.button.delete"), "delete", "yes", style="danger"),),
    )
    return answer(desk.services, incoming, Text("bot.delete"), keyboard=keyboard, card="delete")


async def decide_deletion(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A dialog does it: revoking at the board takes its time and survives a crash."""
    services = desk.services
    if argument != "yes":
        kept = services.outbox.edit(incoming.chat_id, "delete", Text("bot.delete_kept"))
        return note_press(services, incoming) + kept
    return await desk.dialogs.start("deletion", incoming, is_instead=True)
