"""Durable queues with ordered lanes: put, take the head, finish, retry later, bury.

An item stays in its lane until it is finished or buried, so a lane is done strictly in order, and a crash in the middle
leaves its head where it was. A settled item stays as a tombstone without its payload: its key is the proof that it was
here, so the same update or message put again is nothing new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from store.durable.opaque import Json, from_text, to_text
from store.write import Statement, Write, statement, wake

if TYPE_CHECKING:
    from store.database import Reader, Row
    from store.ids import ChatId

_COLUMNS = "queue, key, lane, position, payload, attempts, due_at, put_at, version, error"
_NEXT_POSITION = """
    (SELECT coalesce(max(position), 0) + 1 FROM queue_items WHERE queue = $1 AND lane = $3 AND state = 'waiting')
"""
_PUT = f"""
    INSERT INTO queue_items (queue, key, lane, position, payload, state, attempts, due_at, put_at, version)
    VALUES ($1, $2, $3, {_NEXT_POSITION}, $4, 'waiting', 0, $5, $6, 1)
    ON CONFLICT (queue, key) DO NOTHING
"""  # noqa: S608 - constants only
_PUT_FINISHED = """
    INSERT INTO queue_items (queue, key, lane, position, payload, state, attempts, due_at, put_at, version, settled_at)
    VALUES ($1, $2, $3, 0, 'null', 'finished', 0, 0, $4, 1, $4)
    ON CONFLICT (queue, key) DO NOTHING
"""
_REPLACE = f"""
    INSERT INTO queue_items (queue, key, lane, position, payload, state, attempts, due_at, put_at, version)
    VALUES ($1, $2, $3, {_NEXT_POSITION}, $4, 'waiting', 0, 0, $5, 1)
    ON CONFLICT (queue, key) DO UPDATE SET
        payload = excluded.payload,
        version = queue_items.version + 1,
        lane = CASE WHEN queue_items.state = 'waiting' THEN queue_items.lane ELSE excluded.lane END,
        position = CASE WHEN queue_items.state = 'waiting' THEN queue_items.position ELSE excluded.position END,
        attempts = CASE WHEN queue_items.state = 'waiting' THEN queue_items.attempts ELSE 0 END,
        due_at = CASE WHEN queue_items.state = 'waiting' THEN queue_items.due_at ELSE 0 END,
        put_at = CASE WHEN queue_items.state = 'waiting' THEN queue_items.put_at ELSE excluded.put_at END,
        state = 'waiting', settled_at = NULL, error = NULL
"""  # noqa: S608 - constants only
_FINISH = """
    UPDATE queue_items SET state = 'finished', payload = 'null', settled_at = $3, error = NULL
    WHERE queue = $1 AND key = $2 AND state = 'waiting'
"""
_FINISH_VERSION = f"{_FINISH} AND version = $4"
_RETRY = """
    UPDATE queue_items SET attempts = attempts + 1, due_at = $3, error = $4
    WHERE queue = $1 AND key = $2 AND state = 'waiting'
"""
_BURY = """
    UPDATE queue_items SET state = 'buried', attempts = attempts + 1, settled_at = $3, error = $4
    WHERE queue = $1 AND key = $2 AND state = 'waiting'
"""
_TRIM = """
    DELETE FROM queue_items WHERE state = 'finished' AND (queue, key) IN
        (SELECT queue, key FROM queue_items WHERE settled_at < $1 AND state = 'finished' ORDER BY settled_at LIMIT $2)
"""
_CLEAR_LANE = """
    UPDATE queue_items SET state = 'finished', payload = 'null', settled_at = $3, error = NULL
    WHERE queue = $1 AND lane = $2 AND state <> 'finished'
"""
_SELECT = f"SELECT {_COLUMNS} FROM queue_items WHERE queue = $1 AND key = $2 AND state = 'waiting'"  # noqa: S608 - constants only
_SELECT_WAITING = f"""
    SELECT {_COLUMNS} FROM queue_items
    WHERE queue = $1 AND lane = $2 AND state = 'waiting' ORDER BY position LIMIT $3
"""  # noqa: S608 - constants only
_SELECT_LANES = """
    WITH RECURSIVE busy (lane) AS (
        SELECT min(lane) FROM queue_items WHERE queue = $1 AND state = 'waiting' AND lane > $2
        UNION ALL
        SELECT (SELECT min(lane) FROM queue_items WHERE queue = $1 AND state = 'waiting' AND lane > busy.lane)
        FROM busy WHERE busy.lane IS NOT NULL
    )
    SELECT lane FROM busy WHERE lane IS NOT NULL LIMIT $3
"""
"""Jumps from lane to lane along the index: its cost is the number of lanes asked for, whatever the backlog."""
_COUNTS = {
    state: f"SELECT count(*) FROM queue_items WHERE queue = $1 AND state = '{state}'"  # noqa: S608 - constants only
    for state in ("waiting", "finished", "buried")
}
"""One text per state, because SQLite uses a partial index only where the state stands in the text."""
_TRIM_AT_ONCE = 5_000
"""Rows: holds up other writers for some milliseconds at most."""


class QueueItem(NamedTuple):
    """One item. `version` goes up when `replace` changes the payload of a waiting one.

    A tuple because an update makes two: a frozen dataclass takes three times as long to make.
    """

    queue: str
    key: str
    lane: ChatId
    position: int
    payload: Json
    attempts: int
    due_at: int
    put_at: int
    version: int
    error: str | None


class Queues:
    """All queues. A change to `queue` wakes the topic `queue:NAME`, with the lane as its hint."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def put(self, queue: str, key: str, lane: ChatId | int, payload: Json, *, now: int, due_at: int = 0) -> Write:
        """At the end of its lane. Nothing happens when the key is known, settled ones included."""
        put = Statement(_PUT, (queue, key, lane, to_text(payload), due_at, now))
        return Write((put,), (f"queue:{queue}#{lane}",))

    def put_finished(self, queue: str, key: str, lane: ChatId | int, *, now: int) -> Write:
        """Done before it ever waited; its consequence is in the same write. Refused when the key is known."""
        return statement(_PUT_FINISHED, queue, key, lane, now, expects=1, unless=f"item of {queue} was here before")

    def replace(self, queue: str, key: str, lane: ChatId | int, payload: Json, *, now: int) -> Write:
        """The latest payload wins while the item waits, in its old place; a settled or unknown key is put anew."""
        return statement(_REPLACE, queue, key, lane, to_text(payload), now, expects=1) + wake(f"queue:{queue}#{lane}")

    def finish(self, queue: str, key: str, *, now: int, version: int | None = None) -> Write:
        """Done. With `version`: only if nobody replaced the payload meanwhile; then it waits on, which is no error."""
        if version is not None:
            return statement(_FINISH_VERSION, queue, key, now, version)
        return statement(_FINISH, queue, key, now, expects=1, unless=f"item of {queue} is not waiting")

    def retry_later(self, queue: str, key: str, *, due_at: int, error: str) -> Write:
        """Failed; its lane waits until `due_at`."""
        return statement(_RETRY, queue, key, due_at, error, expects=1, unless=f"item of {queue} is not waiting")

    def bury(self, queue: str, key: str, *, now: int, error: str) -> Write:
        """Given up; kept with its payload for whoever looks into it. Its lane goes on."""
        return statement(_BURY, queue, key, now, error, expects=1, unless=f"item of {queue} is not waiting")

    def clear_lane(self, queue: str, lane: ChatId | int, *, now: int) -> Write:
        """Drops what waits or is buried in one lane, payloads included; the keys stay known."""
        return statement(_CLEAR_LANE, queue, lane, now)

    def trim(self, before: int, *, limit: int = _TRIM_AT_ONCE) -> Write:
        """Forgets tombstones settled before this time, at most `limit` of them."""
        return statement(_TRIM, before, limit)

    async def get(self, queue: str, key: str) -> QueueItem | None:
        """One waiting item."""
        row = await self._reader.fetch_one(_SELECT, queue, key)
        return None if row is None else _to_item(row)

    async def lanes(self, queue: str, *, after: int, limit: int) -> list[ChatId]:
        """Lanes in which something waits, by number, following `after`."""
        return [row[0] for row in await self._reader.fetch_all(_SELECT_LANES, queue, after, limit)]

    async def waiting(self, queue: str, lane: ChatId | int, *, limit: int) -> list[QueueItem]:
        """One lane in order."""
        return [_to_item(row) for row in await self._reader.fetch_all(_SELECT_WAITING, queue, lane, limit)]

    async def count(self, queue: str, state: str) -> int:
        """Items in a state: waiting | finished | buried."""
        row = await self._reader.fetch_one(_COUNTS[state], queue)
        return 0 if row is None else row[0]


def topic_of(queue: str) -> str:
    """The topic woken when something is put into this queue."""
    return f"queue:{queue}"


def _to_item(row: Row) -> QueueItem:
    item = QueueItem._make(row)
    return item._replace(payload=from_text(item.payload))
