"""Outbox: turns what is to be said into a write of one durable row.

Handlers, dialogs and hunts join these writes with their own, so that a message exists exactly when what it tells has
happened. `sender.py` takes the rows from there, in order per chat. Nothing here sends or waits.
"""

from __future__ import annotations

import secrets
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from daemon.outbox.buttons import check_button
from daemon.outbox.message import Button
from daemon.outbox.payload import ACKNOWLEDGE, EDIT, SAY, Parcel, encode
from store.durable.queues import QueueItem, topic_of
from store.write import Write

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.outbox.message import InlineKeyboard, OutgoingMessage, Text, Verbatim
    from store.ids import ChatId

QUEUE = "outbox"
_MOST_FRESH = 4_000
"""Rows remembered for the sender until it is told that they are on disk."""


class OutboxQueue(Protocol):
    """The part of `store.durable.queues.Queues` that the outbox writes through."""

    def put(self, queue: str, key: str, lane: int, payload: Any, *, now: int) -> Write:
        """A new row; nothing where the key is known."""

    def replace(self, queue: str, key: str, lane: int, payload: Any, *, now: int) -> Write:
        """A row that takes the place of the waiting one of this key."""


class Outbox:
    """Makes the writes that say something."""

    def __init__(self, queues: OutboxQueue, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        # Keys of rows that have no name of their own: unique over restarts by their first half.
        self._boot = secrets.token_hex(6)
        self._numbers = count(1)
        self._fresh: dict[str, QueueItem] = {}

    def say(self, message: OutgoingMessage, *, key: str | None = None, is_notice: bool = False) -> Write:
        """One message. With a `key` it is said once however often this is written; never lost unless a notice."""
        _check_keyboard(message.keyboard)
        parcel = Parcel(
            act=SAY,
            text=message.text,
            body=message.body.text if message.body else None,
            keyboard=message.keyboard,
            has_menu=message.has_menu,
            card=message.card,
            link_preview=message.link_preview,
            is_notice=is_notice,
        )
        return self._put_new(message.chat_id, parcel) if key is None else self._put(key, message.chat_id, parcel)

    def edit(
        self,
        chat_id: ChatId,
        card: str,
        text: Text,
        *,
        body: Verbatim | None = None,
        keyboard: InlineKeyboard = (),
    ) -> Write:
        """Edits the message said under this name, or says it anew where it is gone. While it waits the latest wins."""
        _check_keyboard(keyboard)
        parcel = Parcel(
            act=EDIT, text=text, body=body.text if body else None, keyboard=keyboard, card=card, is_notice=True
        )
        key = f"edit:{chat_id}:{card}"
        return self._queues.replace(QUEUE, key, chat_id, encode(parcel), now=self._clock.now())

    def acknowledge(
        self, chat_id: ChatId, callback_query_id: str, text: Text | None = None, *, is_alert: bool = False
    ) -> Write:
        """Answers a press, with words or without."""
        parcel = Parcel(act=ACKNOWLEDGE, text=text, callback_query_id=callback_query_id, is_alert=is_alert)
        return self._put(f"press:{callback_query_id}", chat_id, parcel)

    def take_fresh(self, key: str) -> QueueItem | None:
        """The row of this key, once, if it was made here lately: the sender need not read what it is told of."""
        return self._fresh.pop(key, None)

    def _put(self, key: str, chat_id: ChatId, parcel: Parcel) -> Write:
        return self._queues.put(QUEUE, key, chat_id, encode(parcel), now=self._clock.now())

    def _put_new(self, chat_id: ChatId, parcel: Parcel) -> Write:
        """A row whose key nobody else can have, so that being announced means being there, and for the first time."""
        key, now = f"say:{self._boot}:{next(self._numbers)}", self._clock.now()
        put = self._queues.put(QUEUE, key, chat_id, encode(parcel), now=now)
        if len(self._fresh) >= _MOST_FRESH:
            # Made and never written, most likely. Whatever is wanted after all is read.
            self._fresh.clear()
        self._fresh[key] = QueueItem(QUEUE, key, chat_id, 0, parcel, 0, 0, now, 1, None)
        return Write(put.statements, (f"{topic_of(QUEUE)}#{chat_id} {key}",))


def _check_keyboard(keyboard: InlineKeyboard) -> None:
    for row in keyboard:
        for button in row:
            if isinstance(button, Button):
                check_button(button.action, button.argument)
