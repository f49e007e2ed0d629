"""First contact: who writes to the bot becomes a person here; somebody deleted who comes back starts anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.clock import Clock
    from store.ids import ChatId, UserId
    from store.store import Store
    from store.tables.users import UserRow
    from store.write import Write

LANGUAGES = ("ru", "en")
_RUSSIAN_READERS = frozenset({"ru", "be", "kk", "uk", "ky", "uz", "hy", "tg", "az", "tt"})
"""Languages of Telegram clients whose people mostly read Russian, where the board's vacancies are."""


class Registration:
    """People as they arrive."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, user_id: UserId) -> UserRow | None:
        """The person, if they are here; None when they never came or were deleted."""
        row = await self._store.users.get(user_id)
        return None if row is None or row.deleted_at is not None else row

    async def language_of(self, user_id: UserId) -> str:
        """The language they read; Russian for strangers."""
        row = await self.find(user_id)
        return row.language if row is not None else LANGUAGES[0]

    def register(self, user_id: UserId, chat_id: ChatId, telegram_language: str | None) -> Write:
        """Here from now on. Somebody known keeps their language and their hunt."""
        return self._store.users.register(user_id, chat_id, choose_language(telegram_language), now=self._clock.now())


def choose_language(telegram_language: str | None) -> str:
    """Ours for a client's `language_code`: English only for those who would not read Russian."""
    code = (telegram_language or "ru").partition("-")[0].lower()
    return "ru" if code in _RUSSIAN_READERS else "en"
