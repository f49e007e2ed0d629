"""Hunts: what a person wishes, and beside it what is happening.

The wish is changed by the person, an admin or a rule with a reason, never by a shutdown. The facts are written by the
task that hunts, with its shard's epoch: a task whose shard has gone to somebody else is refused with `LeaseLost`.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from store.errors import LeaseLost
from store.write import statement, wake

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import BoardName, UserId
    from store.write import SqlValue, Write

TOPIC = "hunts"
"""Woken when a wish or a setting of a hunt changes."""


def topic_of(user_id: UserId) -> str:
    """Woken when there is something new for this one person's hunt; the hunt itself sleeps on it."""
    return f"hunt:{user_id}"


def ring(user_id: UserId) -> Write:
    """Joined to whatever this person's hunt should look at right away."""
    return wake(topic_of(user_id))


_COLUMNS = """
    user_id, board, wish, wish_by, wish_reason, wished_at, approval, query, daily_limit, excluded, version,
    epoch, step, searched_at, next_search_at, rests_until, rest_reason, rest_link
"""
_INSERT_NEW = f"""
    INSERT INTO hunts ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT (user_id) DO NOTHING
"""  # noqa: S608 - constants only
_SET_WISH = "UPDATE hunts SET wish = $2, wish_by = $3, wish_reason = $4, wished_at = $5 WHERE user_id = $1"
_CHANGES = {
    column: f"UPDATE hunts SET {column} = $2, version = version + 1 WHERE user_id = $1"  # noqa: S608 - constants only
    for column in ("approval", "daily_limit", "excluded")
}
# What was searched for under another query says nothing about this one: the next search is due at once.
_SET_QUERY = "UPDATE hunts SET query = $2, version = version + 1, next_search_at = NULL WHERE user_id = $1"
_NOTE_STEP = """
    UPDATE hunts SET epoch = $2, step = $3, searched_at = coalesce($4, searched_at),
        next_search_at = coalesce($5, next_search_at)
    WHERE user_id = $1 AND epoch <= $2
"""
_REST = "UPDATE hunts SET rests_until = $2, rest_reason = $3, rest_link = $4 WHERE user_id = $1"
_WAKE_UP = "UPDATE hunts SET rests_until = NULL, rest_reason = NULL, rest_link = NULL WHERE user_id = $1"
_DELETE = "DELETE FROM hunts WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM hunts WHERE user_id = $1"  # noqa: S608 - constants only
_SELECT_WISHING = "SELECT user_id FROM hunts WHERE wish = $1 ORDER BY user_id"
_SELECT_PAGE = f"SELECT {_COLUMNS} FROM hunts WHERE user_id > $1 ORDER BY user_id LIMIT $2"  # noqa: S608 - constants only
_COUNT = "SELECT wish, count(*) FROM hunts GROUP BY wish"


@dataclass(frozen=True, slots=True)
class HuntRow:
    """One person's hunt. `wish`: running | paused | stopped; `excluded` is the caller's own text (JSON)."""

    user_id: UserId
    board: BoardName
    wish: str
    wish_by: str
    wish_reason: str
    wished_at: int
    approval: str
    query: str
    daily_limit: int | None = None
    excluded: str = "[]"
    version: int = 1
    epoch: int = 0
    step: str = ""
    searched_at: int | None = None
    next_search_at: int | None = None
    rests_until: int | None = None
    rest_reason: str | None = None
    rest_link: str | None = None


class Hunts:
    """Hunts by person."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def insert_new(self, row: HuntRow) -> Write:
        """A new hunt; nothing happens when the person has one."""
        return statement(_INSERT_NEW, *astuple(row))

    def set_wish(self, user_id: UserId, wish: str, *, by: str, reason: str, now: int) -> Write:
        """What the person wants from now on: running | paused | stopped."""
        return statement(_SET_WISH, user_id, wish, by, reason, now, expects=1) + wake(TOPIC) + ring(user_id)

    def set_query(self, user_id: UserId, query: str) -> Write:
        """What to search for."""
        return statement(_SET_QUERY, user_id, query, expects=1) + wake(TOPIC) + ring(user_id)

    def set_approval(self, user_id: UserId, approval: str) -> Write:
        """Whether letters are shown first."""
        return _change("approval", user_id, approval)

    def set_daily_limit(self, user_id: UserId, daily_limit: int | None) -> Write:
        """Applications within 24 hours; None: the daemon's setting."""
        return _change("daily_limit", user_id, daily_limit)

    def set_excluded(self, user_id: UserId, excluded: str) -> Write:
        """What to leave alone."""
        return _change("excluded", user_id, excluded)

    def note_step(
        self,
        user_id: UserId,
        epoch: int,
        step: str,
        *,
        searched_at: int | None = None,
        next_search_at: int | None = None,
    ) -> Write:
        """Where the hunt is. None leaves a time as it was."""
        parameters = (user_id, epoch, step, searched_at, next_search_at)
        return statement(_NOTE_STEP, *parameters, expects=1, otherwise=LeaseLost)

    def rest(self, user_id: UserId, until: int | None, reason: str, link: str | None = None) -> Write:
        """Nothing is done before `until` (None: before `wake_up`). `link` is what the person must open."""
        return statement(_REST, user_id, until, reason, link, expects=1)

    def wake_up(self, user_id: UserId) -> Write:
        """Goes on at once."""
        return statement(_WAKE_UP, user_id, expects=1) + wake(TOPIC) + ring(user_id)

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's hunt."""
        return statement(_DELETE, user_id) + wake(TOPIC)

    async def get(self, user_id: UserId) -> HuntRow | None:
        """One person's hunt."""
        row = await self._reader.fetch_one(_SELECT, user_id)
        return None if row is None else HuntRow(*row)

    async def wishing(self, wish: str) -> list[UserId]:
        """People with this wish."""
        return [row[0] for row in await self._reader.fetch_all(_SELECT_WISHING, wish)]

    async def page(self, after: UserId | int, limit: int) -> list[HuntRow]:
        """Hunts by person, following `after`."""
        return [HuntRow(*row) for row in await self._reader.fetch_all(_SELECT_PAGE, after, limit)]

    async def count_by_wish(self) -> dict[str, int]:
        """How many wish what."""
        return dict(await self._reader.fetch_all(_COUNT))


def _change(column: str, user_id: UserId, value: SqlValue) -> Write:
    return statement(_CHANGES[column], user_id, value, expects=1) + wake(TOPIC) + ring(user_id)
