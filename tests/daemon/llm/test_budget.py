"""Tokens of the last 24 hours, for everybody and for one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.clock import DAY
from daemon.llm.budget import ModelCall, TokenBudget
from daemon.llm.model import ModelUnavailable
from store.ids import UserId
from tests.fakes.language_model import FakeUsageBook

if TYPE_CHECKING:
    from daemon.clock import TrioClock

IVAN, ANNA = UserId(42), UserId(43)


def call(user_id: UserId, tokens: int) -> ModelCall:
    return ModelCall(user_id, "fake", "fake-1", "letter", "ok", tokens - 1, 1, 10)


async def test_person_over_their_share_is_turned_away(clock: TrioClock) -> None:
    book = FakeUsageBook([call(IVAN, 100)])
    budget = TokenBudget(book, clock, daily_tokens=1000, daily_tokens_per_user=100)
    with pytest.raises(ModelUnavailable, match="daily_tokens_per_user"):
        await budget.check(IVAN)
    await budget.check(ANNA)


async def test_everybody_together_have_a_share_too(clock: TrioClock) -> None:
    book = FakeUsageBook([call(IVAN, 500), call(ANNA, 500)])
    budget = TokenBudget(book, clock, daily_tokens=1000, daily_tokens_per_user=900)
    with pytest.raises(ModelUnavailable, match=r"daily_tokens\)"):
        await budget.check(UserId(44))


async def test_window_is_the_last_day(clock: TrioClock) -> None:
    asked: list[int] = []

    class Book(FakeUsageBook):
        async def tokens_since(self, since: int, user_id: UserId | None = None) -> int:
            asked.append(since)
            return 0

    await TokenBudget(Book(), clock, daily_tokens=1, daily_tokens_per_user=1).check(IVAN)
    assert asked == pytest.approx([clock.now() - DAY] * 2, abs=1000)
