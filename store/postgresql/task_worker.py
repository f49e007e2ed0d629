"""Where the writer's batches run: one task that takes jobs in order.

What `store/embedded/worker.py`'s thread is to SQLite, but its jobs are awaited. A job is never cancelled by whoever
handed it in; the end of the store cancels it, and then nobody can say what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import outcome
import trio

from store.errors import OutcomeUnknown

if TYPE_CHECKING:
    from store.embedded.worker import Settle, Work


class TaskWorker:
    """The writer's jobs, one after another in a task: what `ThreadWorker` is to SQLite. See `Worker`."""

    settles_at_once = False

    def __init__(self) -> None:
        self._jobs, self._taken = trio.open_memory_channel[tuple["Work", "Settle"]](float("inf"))

    def submit(self, work: Work, settle: Settle) -> None:
        """Queues the job; the work is awaited."""
        self._jobs.send_nowait((work, settle))

    async def run(self) -> None:
        """Works until cancelled."""
        async for work, settle in self._taken:
            try:
                result: outcome.Outcome[Any] = outcome.Value(await work())
            except trio.Cancelled:
                settle(outcome.Error(OutcomeUnknown("the store was closed meanwhile")))
                raise
            except Exception as error:  # noqa: BLE001 - it belongs to whoever handed the job in
                result = outcome.Error(error)
            settle(result)
