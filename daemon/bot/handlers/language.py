"""/language: Russian or English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer, note_press
from daemon.i18n.translate import LANGUAGES
from daemon.outbox.message import Button, Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def ask_language(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """The two languages, the one spoken now first."""
    del argument
    row = await desk.services.store.users.get(incoming.user_id)
    spoken = row.language if row is not None else LANGUAGES[0]
    order = sorted(LANGUAGES, key=lambda language: language != spoken)
    keyboard = (tuple(Button(Text(f"bot.language_name.{language}"), "language", language) for language in order),)
    return answer(desk.services, incoming, Text("bot.language"), keyboard=keyboard)


async def set_language(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """From the next message on; the words on the reply keyboard change with it."""
    services = desk.services
    if argument not in LANGUAGES:
        return note_press(services, incoming)
    row = await services.store.users.get(incoming.user_id)
    if row is not None and row.language == argument:
        # Pressed twice, or the one that is spoken already: said on top of the screen, not once more in the chat.
        return note_press(services, incoming, Text("bot.language_set"))
    change = services.store.users.set_language(incoming.user_id, argument)
    return change + answer(services, incoming, Text("bot.language_set"), has_menu=True)
