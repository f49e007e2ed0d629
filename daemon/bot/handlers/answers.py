"""How a handler answers: a message for a message, the press taken note of for a press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.outbox.message import OutgoingMessage, Text
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.bot.services import Services
    from daemon.inbox.router import Incoming
    from daemon.outbox.message import InlineKeyboard, Verbatim
    from store.write import Write


def answer(
    services: Services,
    incoming: Incoming,
    text: Text,
    *,
    body: Verbatim | None = None,
    keyboard: InlineKeyboard = (),
    has_menu: bool = False,
    card: str | None = None,
) -> Write:
    """A new message; a press that asked for it is taken note of first."""
    message = OutgoingMessage(incoming.chat_id, text, body=body, keyboard=keyboard, has_menu=has_menu, card=card)
    return note_press(services, incoming) + services.outbox.say(message)


def note_press(services: Services, incoming: Incoming, text: Text | None = None) -> Write:
    """The press is answered, with words on top of the screen if there are any."""
    press = incoming.update.callback_query if incoming.update is not None else None
    return NOTHING if press is None else services.outbox.acknowledge(incoming.chat_id, press.id, text)


def is_press(incoming: Incoming) -> bool:
    """Whether a button was pressed."""
    return incoming.update is not None and incoming.update.callback_query is not None


def lines(texts: Sequence[Text]) -> Text:
    """Several texts below each other, as one: the language is chosen when it is sent."""
    *others, last = texts
    whole = last
    for text in reversed(others):
        whole = Text("bot.lines", {"first": text, "rest": whole})
    return whole
