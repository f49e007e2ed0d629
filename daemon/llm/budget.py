"""Tokens of the last 24 hours, for everybody together and for one person, and the row every call leaves behind.

Models keep nothing and import no store: whoever wires them hands in a `UsageBook` (`accounts/usage_book.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from daemon.clock import DAY
from daemon.llm.model import ModelUnavailable

if TYPE_CHECKING:
    from daemon.clock import Clock
    from store.ids import UserId


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call. `outcome`: ok | busy | trouble | refused | misconfigured."""

    user_id: UserId
    provider: str
    model: str
    purpose: str
    outcome: str
    prompt_tokens: int
    completion_tokens: int
    duration_ms: int


class UsageBook(Protocol):
    """Where calls are counted."""

    async def tokens_since(self, since: int, user_id: UserId | None = None) -> int:
        """Tokens used since then, by one person or everybody."""

    async def record(self, call: ModelCall) -> None:
        """One more call."""


class TokenBudget:
    """What may still be used."""

    def __init__(self, book: UsageBook, clock: Clock, *, daily_tokens: int, daily_tokens_per_user: int) -> None:
        self._book = book
        self._clock = clock
        self._daily_tokens = daily_tokens
        self._daily_tokens_per_user = daily_tokens_per_user

    async def check(self, user_id: UserId) -> None:
        """Raises `ModelUnavailable` when nothing is left. Calls under way may pass it by one answer each."""
        since = self._clock.now() - DAY
        if await self._book.tokens_since(since) >= self._daily_tokens:
            raise ModelUnavailable("the day's tokens are used up (llm.daily_tokens)")
        if await self._book.tokens_since(since, user_id) >= self._daily_tokens_per_user:
            raise ModelUnavailable("this person's tokens of the day are used up (llm.daily_tokens_per_user)")
