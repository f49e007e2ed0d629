"""Positions in outside streams: Telegram's update offset, a channel's last post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.write import Write

_MOVE = """
    INSERT INTO cursors (stream, position, moved_at) VALUES ($1, $2, $3)
    ON CONFLICT (stream) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at
"""
_SELECT = "SELECT position FROM cursors WHERE stream = $1"


class Cursors:
    """Cursors by stream name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def move(self, stream: str, position: int, *, now: int) -> Write:
        """Sets the position. Backwards too: Telegram starts its numbers anew after a quiet week."""
        return statement(_MOVE, stream, position, now)

    async def get(self, stream: str) -> int | None:
        """The position; None: never moved."""
        row = await self._reader.fetch_one(_SELECT, stream)
        return None if row is None else row[0]
