"""A person's login at a board: sealed tokens, what the board lets it do, and the lock of a refresh.

A refresh token works once. So a refresh is noted before it begins, and the new pair is stored under a version check: of
two that believe they refresh, one learns that it came too late. `user_id` 0 is the application's own account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.tables.hunts import ring
from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import BoardName, UserId
    from store.write import Write

_COLUMNS = """
    user_id, board, state, mode, sealed_tokens, expires_at, refresh_began_at, external_id, version, connected_at
"""
_CONNECT = f"""
    INSERT INTO board_accounts ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, 1, $8)
    ON CONFLICT (user_id, board) DO UPDATE SET state = excluded.state, mode = excluded.mode,
        sealed_tokens = excluded.sealed_tokens, expires_at = excluded.expires_at, refresh_began_at = NULL,
        external_id = excluded.external_id, version = board_accounts.version + 1, connected_at = excluded.connected_at
"""  # noqa: S608 - constants only
_BEGIN_REFRESH = """
    UPDATE board_accounts SET refresh_began_at = $4, version = version + 1
    WHERE user_id = $1 AND board = $2 AND version = $3
"""
_STORE_TOKENS = """
    UPDATE board_accounts
    SET sealed_tokens = $4, expires_at = $5, refresh_began_at = NULL, version = version + 1
    WHERE user_id = $1 AND board = $2 AND version = $3
"""
_SET_STATE = """
    UPDATE board_accounts SET state = $3, refresh_began_at = NULL, version = version + 1
    WHERE user_id = $1 AND board = $2
"""
_SET_MODE = "UPDATE board_accounts SET mode = $3 WHERE user_id = $1 AND board = $2"
_SET_EXTERNAL_ID = "UPDATE board_accounts SET external_id = $3 WHERE user_id = $1 AND board = $2"
_DELETE = "DELETE FROM board_accounts WHERE user_id = $1 AND board = $2"
_DELETE_USER = "DELETE FROM board_accounts WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM board_accounts WHERE user_id = $1 AND board = $2"  # noqa: S608 - constants only
_SELECT_USER = f"SELECT {_COLUMNS} FROM board_accounts WHERE user_id = $1 ORDER BY board"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class BoardAccountRow:
    """One login. `mode`: auto | assisted; `refresh_began_at`: a refresh was begun and its outcome is not stored."""

    user_id: UserId
    board: BoardName
    state: str
    mode: str
    sealed_tokens: str
    expires_at: int | None
    refresh_began_at: int | None
    external_id: str | None
    version: int
    connected_at: int


class BoardAccounts:
    """Logins by person and board."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def connect(
        self,
        user_id: UserId,
        board: BoardName,
        *,
        state: str,
        mode: str,
        sealed_tokens: str,
        expires_at: int | None,
        external_id: str | None,
        now: int,
    ) -> Write:
        """A login, new or again."""
        parameters = (user_id, board, state, mode, sealed_tokens, expires_at, external_id, now)
        return statement(_CONNECT, *parameters, expects=1) + ring(user_id)

    def begin_refresh(self, user_id: UserId, board: BoardName, *, version: int, now: int) -> Write:
        """On disk before the refresh token is sent: it works once. The version goes up by one."""
        return statement(_BEGIN_REFRESH, user_id, board, version, now, expects=1, unless="the account has changed")

    def store_tokens(
        self, user_id: UserId, board: BoardName, *, version: int, sealed_tokens: str, expires_at: int | None
    ) -> Write:
        """The new pair; on disk before it is used. The version goes up by one."""
        parameters = (user_id, board, version, sealed_tokens, expires_at)
        return statement(_STORE_TOKENS, *parameters, expects=1, unless="the account has changed")

    def set_state(self, user_id: UserId, board: BoardName, state: str) -> Write:
        """Whether the login works; ends a refresh."""
        return statement(_SET_STATE, user_id, board, state, expects=1) + ring(user_id)

    def set_mode(self, user_id: UserId, board: BoardName, mode: str) -> Write:
        """What the board lets this account do."""
        return statement(_SET_MODE, user_id, board, mode, expects=1)

    def set_external_id(self, user_id: UserId, board: BoardName, external_id: str) -> Write:
        """Who they are at the board."""
        return statement(_SET_EXTERNAL_ID, user_id, board, external_id, expects=1)

    def delete(self, user_id: UserId, board: BoardName) -> Write:
        """Forgets one login."""
        return statement(_DELETE, user_id, board)

    def delete_all(self, user_id: UserId) -> Write:
        """Forgets all logins of a person."""
        return statement(_DELETE_USER, user_id)

    async def get(self, user_id: UserId, board: BoardName) -> BoardAccountRow | None:
        """One login."""
        row = await self._reader.fetch_one(_SELECT, user_id, board)
        return None if row is None else BoardAccountRow(*row)

    async def of_user(self, user_id: UserId) -> list[BoardAccountRow]:
        """All logins of a person."""
        return [BoardAccountRow(*row) for row in await self._reader.fetch_all(_SELECT_USER, user_id)]
