"""Model calls as rows: summed for everybody, for one person, and since a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.accounts.usage_book import StoreUsageBook
from daemon.llm.budget import ModelCall
from store.ids import UserId
from tests.fakes.rows import read_usage

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from store.store import Store

IVAN, ANNA = UserId(42), UserId(43)


async def test_seconds_of_a_call_are_noted_without_its_person(store: Store, clock: TrioClock) -> None:
    noted: list[tuple[str, str, str, float]] = []
    book = StoreUsageBook(store, clock, lambda *call: noted.append(call))
    await book.record(ModelCall(IVAN, "gemini", "g", "letter", "busy", 100, 20, 900))
    assert noted == [("gemini", "letter", "busy", 0.9)]


async def test_calls_are_counted_by_person_and_time(autojump_clock: MockClock, store: Store, clock: TrioClock) -> None:
    book = StoreUsageBook(store, clock)
    start = clock.now()
    await book.record(ModelCall(IVAN, "gemini", "g", "letter", "ok", 100, 20, 900))
    await trio.sleep(60)
    await book.record(ModelCall(ANNA, "gemini", "g", "query", "refused", 30, 0, 400))
    assert await book.tokens_since(start) == 150
    assert await book.tokens_since(start, IVAN) == 120
    assert await book.tokens_since(start + 1000) == 30
    rows = await read_usage(store)
    assert [(row.user_id, row.purpose, row.outcome) for row in rows] == [
        (IVAN, "letter", "ok"),
        (ANNA, "query", "refused"),
    ]
