"""What people agreed to, and to which version of the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader, Row
    from store.ids import UserId
    from store.write import Write

_COLUMNS = "user_id, purpose, version, is_given, answered_at"
_ANSWER = f"""
    INSERT INTO consents ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (user_id, purpose) DO UPDATE
    SET version = excluded.version, is_given = excluded.is_given, answered_at = excluded.answered_at
"""  # noqa: S608 - constants only
_DELETE = "DELETE FROM consents WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM consents WHERE user_id = $1 AND purpose = $2"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """The last answer to one question of consent."""

    user_id: UserId
    purpose: str
    version: str
    is_given: bool
    answered_at: int


class Consents:
    """Consents by person and purpose."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def answer(self, user_id: UserId, purpose: str, version: str, *, is_given: bool, now: int) -> Write:
        """They said yes or no to this version of the text."""
        return statement(_ANSWER, user_id, purpose, version, int(is_given), now, expects=1)

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's answers."""
        return statement(_DELETE, user_id)

    async def get(self, user_id: UserId, purpose: str) -> ConsentRow | None:
        """The last answer."""
        row = await self._reader.fetch_one(_SELECT, user_id, purpose)
        return None if row is None else _to_row(row)


def _to_row(row: Row) -> ConsentRow:
    user_id, purpose, version, is_given, answered_at = row
    return ConsentRow(user_id, purpose, version, is_given=bool(is_given), answered_at=answered_at)
