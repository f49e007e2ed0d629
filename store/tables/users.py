"""People: who they are in Telegram, which language they read, whether they can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.tables.hunts import ring
from store.write import statement, wake

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import ChatId, UserId
    from store.write import Write

_COLUMNS = "user_id, chat_id, language, registered_at, blocked_at, deleted_at"
_REGISTER = f"""
    INSERT INTO users ({_COLUMNS}) VALUES ($1, $2, $3, $4, NULL, NULL)
    ON CONFLICT (user_id) DO UPDATE SET chat_id = excluded.chat_id, blocked_at = NULL,
        language = CASE WHEN users.deleted_at IS NULL THEN users.language ELSE excluded.language END,
        registered_at = CASE WHEN users.deleted_at IS NULL THEN users.registered_at ELSE excluded.registered_at END,
        deleted_at = NULL
"""  # noqa: S608 - constants only
_SET_LANGUAGE = "UPDATE users SET language = $2 WHERE user_id = $1"
_SET_BLOCKED = "UPDATE users SET blocked_at = $2 WHERE user_id = $1"
_SET_DELETED = "UPDATE users SET deleted_at = $2 WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM users WHERE user_id = $1"  # noqa: S608 - constants only
_SELECT_PAGE = f"SELECT {_COLUMNS} FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2"  # noqa: S608 - constants only
LANGUAGE_TOPIC = "language"
"""Woken with the person's id as hint whenever a language may have changed."""
_COUNT = "SELECT count(*) FROM users WHERE deleted_at IS NULL"


@dataclass(frozen=True, slots=True)
class UserRow:
    """One person. `blocked_at`: they blocked the bot; `deleted_at`: they asked to be forgotten."""

    user_id: UserId
    chat_id: ChatId
    language: str
    registered_at: int
    blocked_at: int | None = None
    deleted_at: int | None = None


class Users:
    """People by Telegram's user id."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def register(self, user_id: UserId, chat_id: ChatId, language: str, *, now: int) -> Write:
        """First contact, or back after blocking or deletion. A known person keeps their language."""
        return statement(_REGISTER, user_id, chat_id, language, now, expects=1) + _announce(user_id)

    def set_language(self, user_id: UserId, language: str) -> Write:
        """The language they chose."""
        return statement(_SET_LANGUAGE, user_id, language, expects=1) + _announce(user_id)

    def set_blocked(self, user_id: UserId, blocked_at: int | None) -> Write:
        """They blocked the bot, or let it in again (None)."""
        return statement(_SET_BLOCKED, user_id, blocked_at) + ring(user_id)

    def set_deleted(self, user_id: UserId, deleted_at: int) -> Write:
        """They asked to be forgotten."""
        return statement(_SET_DELETED, user_id, deleted_at) + _announce(user_id)

    async def get(self, user_id: UserId) -> UserRow | None:
        """One person, forgotten ones included."""
        row = await self._reader.fetch_one(_SELECT, user_id)
        return None if row is None else UserRow(*row)

    async def page(self, after: UserId | int, limit: int) -> list[UserRow]:
        """People by id, following `after`."""
        return [UserRow(*row) for row in await self._reader.fetch_all(_SELECT_PAGE, after, limit)]

    async def count(self) -> int:
        """People who did not ask to be forgotten."""
        row = await self._reader.fetch_one(_COUNT)
        return 0 if row is None else row[0]


def _announce(user_id: UserId) -> Write:
    return wake(f"{LANGUAGE_TOPIC}#{user_id}")
