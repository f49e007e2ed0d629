"""Calls of language models: one row each, for budgets and bills."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import UserId
    from store.write import Write

_COLUMNS = "id, user_id, at, provider, model, purpose, outcome, prompt_tokens, completion_tokens, duration_ms"
_INSERT = f"INSERT INTO usage ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"  # noqa: S608 - constants only
_TOKENS = "SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage WHERE at >= $1"
_TOKENS_USER = f"{_TOKENS} AND user_id = $2"
_DELETE = "DELETE FROM usage WHERE user_id = $1"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One call. `id` is made by the caller."""

    id: str
    user_id: UserId
    at: int
    provider: str
    model: str
    purpose: str
    outcome: str
    prompt_tokens: int
    completion_tokens: int
    duration_ms: int


class Usage:
    """Calls of language models."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def add(self, row: UsageRow) -> Write:
        """One more call."""
        return statement(_INSERT, *astuple(row), expects=1)

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's calls."""
        return statement(_DELETE, user_id)

    async def tokens_since(self, since: int, user_id: UserId | None = None) -> int:
        """Tokens used since then, by one person or everybody."""
        if user_id is None:
            row = await self._reader.fetch_one(_TOKENS, since)
        else:
            row = await self._reader.fetch_one(_TOKENS_USER, since, user_id)
        return 0 if row is None else row[0]
