"""/help /privacy /terms /paysupport: one new message each, at once, in the middle of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.accounts.rights import TERMS, VERSIONS
from daemon.bot.handlers.answers import answer
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def show_help(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/help."""
    del argument
    return answer(desk.services, incoming, Text("bot.help"))


async def show_privacy(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/privacy: what is kept, for what, how to take it back."""
    del argument
    key = "bot.privacy_with_model" if desk.services.has_model else "bot.privacy"
    return answer(desk.services, incoming, Text(key, {"version": VERSIONS[TERMS]}))


async def show_terms(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/terms."""
    del argument
    return answer(desk.services, incoming, Text("bot.terms"))


async def show_paysupport(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/paysupport: Telegram asks every bot that takes money to have it."""
    del argument
    return answer(desk.services, incoming, Text("bot.paysupport"))
