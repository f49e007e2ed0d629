"""States of logins under way: bound to a person, used once, gone after their time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import BoardName, UserId
    from store.write import Write

_INSERT = "INSERT INTO oauth_states (state, user_id, board, expires_at, used_at) VALUES ($1, $2, $3, $4, $5)"
_USE = "UPDATE oauth_states SET used_at = $2 WHERE state = $1 AND used_at IS NULL AND expires_at > $2"
_TRIM = "DELETE FROM oauth_states WHERE expires_at < $1"
_DELETE = "DELETE FROM oauth_states WHERE user_id = $1"
_SELECT = "SELECT state, user_id, board, expires_at, used_at FROM oauth_states WHERE state = $1"


@dataclass(frozen=True, slots=True)
class OauthStateRow:
    """One login under way."""

    state: str
    user_id: UserId
    board: BoardName
    expires_at: int
    used_at: int | None = None


class OauthStates:
    """Logins under way by their state."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def insert(self, row: OauthStateRow) -> Write:
        """A login begins."""
        return statement(_INSERT, row.state, row.user_id, row.board, row.expires_at, row.used_at, expects=1)

    def use(self, state: str, *, now: int) -> Write:
        """The browser came back. `Conflict` when it is unknown, used or too late."""
        return statement(_USE, state, now, expects=1, unless="the login is unknown, used or too late")

    def trim(self, before: int) -> Write:
        """Forgets logins whose time ended before this."""
        return statement(_TRIM, before)

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's logins under way."""
        return statement(_DELETE, user_id)

    async def get(self, state: str) -> OauthStateRow | None:
        """One login under way."""
        row = await self._reader.fetch_one(_SELECT, state)
        return None if row is None else OauthStateRow(*row)
