"""Router: an incoming thing in, its handler out.

`bot/routes.py` builds the router; `main.py` hands it to the lanes. Handlers do nothing to the store: they return what
is to be written, and the lane commits it together with the finished update.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from store.write import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from store.ids import ChatId, UserId
    from telegram_client.types import Update


@dataclass(frozen=True, slots=True)
class Event:
    """Something outside Telegram that a chat waits for: `board_returned`, `timer_due`."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One row of the inbox: a Telegram update or an outside event, in its chat's order."""

    key: str
    chat_id: ChatId
    user_id: UserId
    received_at: int
    """Unix milliseconds at which it was saved."""
    finish: Write
    """Takes it out of the inbox; whoever commits for it must join this."""
    update: Update | None = None
    event: Event | None = None


Handler = Callable[[Incoming], Awaitable[Write | None]]
"""Returns what is to be written; None when it has committed itself, `incoming.finish` included (the dialog engine)."""


class Router(Protocol):
    """Finds the handler of an incoming thing."""

    def find_handler(self, incoming: Incoming) -> Handler:
        """Never fails: what nobody knows gets the handler that says so."""

    def find_quick_handler(self, incoming: Incoming) -> Handler | None:
        """The same, where it waits for nothing but the store and commits nothing itself; None: it may."""
