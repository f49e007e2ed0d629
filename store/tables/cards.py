"""Messages that are edited later: which message of a chat is the status card, or asks the open question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import ChatId
    from store.write import Write

_COLUMNS = "chat_id, name, message_id, sent_at"
_PUT = f"""
    INSERT INTO cards ({_COLUMNS})
    SELECT CAST($1 AS BIGINT), $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT)
    WHERE NOT EXISTS (SELECT 1 FROM users WHERE user_id = $1 AND deleted_at IS NOT NULL)
    ON CONFLICT (chat_id, name) DO UPDATE SET message_id = excluded.message_id, sent_at = excluded.sent_at
"""  # noqa: S608 - constants only
_DELETE = "DELETE FROM cards WHERE chat_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM cards WHERE chat_id = $1 AND name = $2"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class CardRow:
    """The message that bears this name now."""

    chat_id: ChatId
    name: str
    message_id: int
    sent_at: int


class Cards:
    """Cards by chat and name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def put(self, row: CardRow) -> Write:
        """From now on this message is the card; nothing is kept of a chat whose person was forgotten meanwhile."""
        return statement(_PUT, row.chat_id, row.name, row.message_id, row.sent_at)

    def delete(self, chat_id: ChatId) -> Write:
        """Forgets a chat's cards."""
        return statement(_DELETE, chat_id)

    async def get(self, chat_id: ChatId, name: str) -> CardRow | None:
        """One card."""
        row = await self._reader.fetch_one(_SELECT, chat_id, name)
        return None if row is None else CardRow(*row)
