"""Rows that the product writes and nobody in it reads back: the audit, what was buried, each call of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.durable.opaque import from_text
from store.durable.queues import QueueItem
from store.tables.audit import AuditRow
from store.tables.usage import UsageRow

if TYPE_CHECKING:
    from store.store import Store


async def read_audit(store: Store) -> list[AuditRow]:
    """All of it, the latest act first."""
    sql = "SELECT id, at, who, verb, subject, reason FROM audit ORDER BY at DESC, id"
    return [AuditRow(*row) for row in await store.fetch_all(sql)]


async def read_buried(store: Store, queue: str) -> list[QueueItem]:
    """What was given up, the longest ago first."""
    sql = """
        SELECT queue, key, lane, position, payload, attempts, due_at, put_at, version, error
        FROM queue_items WHERE queue = $1 AND state = 'buried' ORDER BY settled_at, key
    """
    items = [QueueItem._make(row) for row in await store.fetch_all(sql, queue)]
    return [item._replace(payload=from_text(item.payload)) for item in items]


async def read_usage(store: Store) -> list[UsageRow]:
    """Every call, in order."""
    sql = """
        SELECT id, user_id, at, provider, model, purpose, outcome, prompt_tokens, completion_tokens, duration_ms
        FROM usage ORDER BY at, id
    """
    return [UsageRow(*row) for row in await store.fetch_all(sql)]


async def keys_in_state(store: Store, kind: str, state: str) -> list[str]:
    """Keys of the effects of everybody that are in this state."""
    sql = "SELECT key FROM effects WHERE kind = $1 AND state = $2 ORDER BY planned_at, key"
    return [row[0] for row in await store.fetch_all(sql, kind, state)]
