"""StoreUsageBook: the models' calls as rows, for budgets, bills and `/status`, and their seconds for the metrics page.

Handed to `llm/registry.py`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from store.tables.usage import UsageRow

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.llm.budget import ModelCall
    from daemon.metrics import NoteCall
    from store.ids import UserId
    from store.store import Store


class StoreUsageBook:
    """Calls in the store."""

    def __init__(self, store: Store, clock: Clock, note_call: NoteCall = lambda *_: None) -> None:
        self._store = store
        self._clock = clock
        self._note_call = note_call

    async def tokens_since(self, since: int, user_id: UserId | None = None) -> int:
        """Tokens used since then, by one person or everybody."""
        return await self._store.usage.tokens_since(since, user_id)

    async def record(self, call: ModelCall) -> None:
        """One more call."""
        self._note_call(call.provider, call.purpose, call.outcome, call.duration_ms / 1000)
        row = UsageRow(
            id=uuid.uuid4().hex,
            user_id=call.user_id,
            at=self._clock.now(),
            provider=call.provider,
            model=call.model,
            purpose=call.purpose,
            outcome=call.outcome,
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            duration_ms=call.duration_ms,
        )
        await self._store.write(self._store.usage.add(row))
