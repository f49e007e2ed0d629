"""Languages: in which language a chat is written to, without asking the store each time.

`main` hands `language_of` to the sender. A change of language announces `language#ID` in the very commit that makes it,
and announcements are read before each answer: the first message after the change speaks the new one.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from daemon.i18n.translate import LANGUAGES
from store.ids import UserId
from store.tables.users import LANGUAGE_TOPIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.database import Wakeups
    from store.ids import ChatId
    from store.store import Store

_MOST_KNOWN = 20_000


class Languages:
    """Remembers the languages of those written to lately. Made by `open_languages`."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._wakeups = wakeups
        self._known: dict[int, str] = {}
        self._changes = 0

    async def language_of(self, chat_id: ChatId) -> str:
        """The language chosen by the person of this chat; the first of ours for people nobody knows."""
        self._follow_changes()
        language = self._known.get(chat_id)
        if language is not None:
            return language
        changes = self._changes
        row = await self._store.users.get(UserId(chat_id))
        language = LANGUAGES[0] if row is None or row.deleted_at is not None else row.language
        self._follow_changes()
        # What was read while something changed may be the old language: good for now, not to be remembered.
        if changes == self._changes:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[chat_id] = language
        return language

    def _follow_changes(self) -> None:
        hints = self._wakeups.take_hints()
        if not hints:
            return
        self._changes += 1
        for hint in hints:
            if hint:
                self._known.pop(int(hint), None)
            else:
                self._known.clear()


@asynccontextmanager
async def open_languages(store: Store) -> AsyncIterator[Languages]:
    """Languages that hear of changes while the block runs."""
    async with store.listen(LANGUAGE_TOPIC) as wakeups:
        yield Languages(store, wakeups)
