"""What is due and when. A timer is a row: it goes off after a restart too, and late rather than never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.durable.opaque import Json, from_text, to_text
from store.write import statement, wake

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import ChatId
    from store.write import Write

TOPIC = "timers"
"""Woken when a timer is set: the next one due may be another now."""

_SET = """
    INSERT INTO timers (key, kind, lane, due_at, payload) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (key) DO UPDATE
    SET kind = excluded.kind, lane = excluded.lane, due_at = excluded.due_at, payload = excluded.payload
"""
_CANCEL = "DELETE FROM timers WHERE key = $1"
_CANCEL_LANE = "DELETE FROM timers WHERE lane = $1"
_TAKE = "DELETE FROM timers WHERE key = $1 AND due_at = $2"
_SELECT_DUE = "SELECT key, kind, lane, due_at, payload FROM timers WHERE due_at <= $1 ORDER BY due_at, key LIMIT $2"
_SELECT_NEXT = "SELECT min(due_at) FROM timers"


@dataclass(frozen=True, slots=True)
class TimerRow:
    """One timer."""

    key: str
    kind: str
    lane: ChatId
    due_at: int
    payload: Json


class Timers:
    """Timers by key; setting one again moves it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def set(self, key: str, kind: str, lane: ChatId | int, due_at: int, payload: Json) -> Write:
        """Goes off at `due_at`."""
        return statement(_SET, key, kind, lane, due_at, to_text(payload), expects=1) + wake(TOPIC)

    def cancel(self, key: str) -> Write:
        """Does not go off any more; nothing happens if it has."""
        return statement(_CANCEL, key)

    def cancel_lane(self, lane: ChatId | int) -> Write:
        """None of this chat's timers goes off any more."""
        return statement(_CANCEL_LANE, lane)

    def take(self, key: str, due_at: int) -> Write:
        """Joined to what the timer causes. `Conflict` when it was set anew, cancelled or taken meanwhile."""
        return statement(_TAKE, key, due_at, expects=1, unless=f"timer {key} is not due at {due_at} any more")

    async def due(self, now: int, limit: int) -> list[TimerRow]:
        """Timers to go off, the longest due first."""
        return [_to_row(row) for row in await self._reader.fetch_all(_SELECT_DUE, now, limit)]

    async def next_due(self) -> int | None:
        """When the next one goes off."""
        row = await self._reader.fetch_one(_SELECT_NEXT)
        return None if row is None else row[0]


def _to_row(row: tuple[str, str, ChatId, int, str]) -> TimerRow:
    key, kind, lane, due_at, payload = row
    return TimerRow(key, kind, lane, due_at, from_text(payload))
