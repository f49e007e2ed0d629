"""One data key per person, wrapped by the daemon's secret key. Deleting it makes all that it sealed unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import UserId
    from store.write import Write

_INSERT = "INSERT INTO data_keys (user_id, wrapped_key, created_at) VALUES ($1, $2, $3)"
_REWRAP = "UPDATE data_keys SET wrapped_key = $3 WHERE user_id = $1 AND wrapped_key = $2"
_DELETE = "DELETE FROM data_keys WHERE user_id = $1"
_SELECT = "SELECT user_id, wrapped_key, created_at FROM data_keys WHERE user_id = $1"
_COUNT_BY_PREFIX = "SELECT substr(wrapped_key, 1, CAST($1 AS INTEGER)), count(*) FROM data_keys GROUP BY 1 ORDER BY 1"
_SELECT_PAGE = "SELECT user_id, wrapped_key, created_at FROM data_keys WHERE user_id > $1 ORDER BY user_id LIMIT $2"


@dataclass(frozen=True, slots=True)
class DataKeyRow:
    """One person's key."""

    user_id: UserId
    wrapped_key: str
    created_at: int


class DataKeys:
    """Data keys by person."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def insert(self, row: DataKeyRow) -> Write:
        """A new key; `Conflict` when the person has one: two keys would make one half unreadable."""
        return statement(_INSERT, row.user_id, row.wrapped_key, row.created_at, expects=1)

    def rewrap(self, user_id: UserId, old: str, new: str) -> Write:
        """The same key under another secret key; `Conflict` when it is not the old one any more."""
        return statement(_REWRAP, user_id, old, new, expects=1)

    def delete(self, user_id: UserId) -> Write:
        """Shreds all that was sealed for this person."""
        return statement(_DELETE, user_id)

    async def get(self, user_id: UserId) -> DataKeyRow | None:
        """One person's key."""
        row = await self._reader.fetch_one(_SELECT, user_id)
        return None if row is None else DataKeyRow(*row)

    async def count_by_prefix(self, length: int) -> dict[str, int]:
        """How many keys begin how: the wrapped form begins with what says under which secret key it is."""
        return dict(await self._reader.fetch_all(_COUNT_BY_PREFIX, length))

    async def page(self, after: UserId | int, limit: int) -> list[DataKeyRow]:
        """Keys by person, following `after`."""
        return [DataKeyRow(*row) for row in await self._reader.fetch_all(_SELECT_PAGE, after, limit)]
