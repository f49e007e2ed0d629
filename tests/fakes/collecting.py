"""Queues that only make writes, for tests that look at what would be written."""

from __future__ import annotations

from typing import Any

from store.write import Write, statement


class CollectingQueues:
    """The part of `Queues` that the outbox writes through."""

    def put(self, queue: str, key: str, lane: int, payload: Any, *, now: int) -> Write:
        return statement("put", queue, key, lane, now)

    def replace(self, queue: str, key: str, lane: int, payload: Any, *, now: int) -> Write:
        return statement("replace", queue, key, lane, now)
