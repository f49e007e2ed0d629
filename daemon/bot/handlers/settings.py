"""/settings: approval, daily limit, excluded words, language; one card whose buttons change it in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.autopilot.wishes import SearchWishes
from daemon.bot.handlers.answers import answer, lines, note_press
from daemon.bot.readiness import ensure_hunt
from daemon.outbox.message import Button, Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk, Services
    from daemon.inbox.router import Incoming
    from daemon.outbox.message import InlineKeyboard
    from store.ids import UserId
    from store.tables.hunts import HuntRow
    from store.write import Write

CARD = "settings"
APPROVALS = ("auto", "approve")
LIMITS = (40, 20, 10, 80, 150)
"""Offered daily limits; the board itself stops at 200."""


async def show_settings(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """The card, in a new message."""
    del argument
    text = await _card(desk.services, incoming.user_id)
    return answer(desk.services, incoming, text, keyboard=_menu(), card=CARD)


async def open_settings(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """One page of the card: `approval`, `limit`, or back to its front."""
    pages = {"approval": _approval_page, "limit": _limit_page}
    if argument not in pages:
        return _turn(desk, incoming, await _card(desk.services, incoming.user_id), _menu())
    return _turn(desk, incoming, Text(f"bot.settings.{argument}_page"), pages[argument]())


async def set_approval(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Whether letters are shown before they leave."""
    services = desk.services
    if argument not in APPROVALS:
        return note_press(services, incoming)
    change = services.store.hunts.set_approval(incoming.user_id, argument)
    return await _change(desk, incoming, change, approval=argument)


async def set_limit(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Applications within 24 hours."""
    services = desk.services
    if not argument.isdecimal() or int(argument) not in LIMITS:
        return note_press(services, incoming)
    change = services.store.hunts.set_daily_limit(incoming.user_id, int(argument))
    return await _change(desk, incoming, change, limit=int(argument))


async def ask_words(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Excluded words have to be typed: a dialog."""
    del argument
    return await desk.dialogs.start("excluded_words", incoming)


async def _change(
    desk: Desk, incoming: Incoming, change: Write, *, approval: str | None = None, limit: int | None = None
) -> Write:
    text = await _card(desk.services, incoming.user_id, approval=approval, limit=limit)
    saved = ensure_hunt(desk.services, incoming.user_id) + change
    return saved + _turn(desk, incoming, text, _menu(), Text("bot.settings.saved"))


def _turn(desk: Desk, incoming: Incoming, text: Text, keyboard: InlineKeyboard, said: Text | None = None) -> Write:
    services = desk.services
    return note_press(services, incoming, said) + services.outbox.edit(incoming.chat_id, CARD, text, keyboard=keyboard)


async def _card(services: Services, user_id: UserId, *, approval: str | None = None, limit: int | None = None) -> Text:
    """What is set now; `approval` and `limit` are being set by the same write."""
    hunt: HuntRow | None = await services.store.hunts.get(user_id)
    words = SearchWishes.parse(hunt.excluded).words if hunt is not None else ()
    approval = approval or (hunt.approval if hunt is not None else APPROVALS[0])
    limit = limit or (hunt.daily_limit if hunt is not None else None) or services.daily_limit
    excluded = Text("bot.settings.words", {"words": ", ".join(words)}) if words else Text("bot.settings.no_words")
    return lines(
        [
            Text("bot.settings.title"),
            Text(f"bot.settings.approval_{approval}"),
            Text("bot.settings.limit", {"limit": limit}),
            excluded,
        ]
    )


def _menu() -> InlineKeyboard:
    return (
        (Button(Text("bot.button.approval"), "settings", "approval"),),
        (Button(Text("bot.button.limit"), "settings", "limit"),),
        (Button(Text("bot.button.words"), "words"),),
        (Button(Text("bot.button.language"), "languages"),),
    )


def _approval_page() -> InlineKeyboard:
    choices = tuple((Button(Text(f"bot.button.approval_{kind}"), "approval", kind),) for kind in APPROVALS)
    return (*choices, (Button(Text("bot.button.back"), "settings"),))


def _limit_page() -> InlineKeyboard:
    choices = tuple(Button(Text("bot.button.number", {"number": limit}), "limit", str(limit)) for limit in LIMITS)
    return (choices, (Button(Text("bot.button.back"), "settings"),))
