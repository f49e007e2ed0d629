"""Where the writer's SQL runs: one thread that takes jobs in order, or the loop itself.

Trio's own thread pool is not used: a job there costs about 100 us and a task of its own, here one queue item and one
`run_sync_soon` for a whole batch. The thread is a daemon thread, so that a disk that never answers can't hold up the
exit; what was acknowledged is on disk, what was not is nobody's promise.

A busy loop starves such a thread: it gives the interpreter's lock up for a microsecond at each turn and has it back
before the thread is awake, and since the thread was woken in vain it never comes to demand the lock. Measured: single
writes of 5 s beside turns of 0.2 ms. With a switch interval of 10 us instead of 5 ms the thread demands it between two
turns: 9 ms at the 99th percentile. So the interval is shortened while a thread of ours lives.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol

import outcome
import trio

Work = Callable[[], Any]
Settle = Callable[["outcome.Outcome[Any]"], None]
"""Called in the loop with what the work returned or raised. Must not raise."""


class Jobs(Protocol):
    """Runs jobs one after another, in the order handed in."""

    settles_at_once: bool
    """Jobs are settled before `submit` returns."""

    def submit(self, work: Work, settle: Settle) -> None:
        """Called in the loop; returns at once."""


class Worker(Jobs, Protocol):
    """Jobs of an embedded database, which may block."""

    async def close(self) -> None:
        """Returns when all jobs are done."""

    def keep(self, resources: object) -> None:
        """Holds on to what a stuck job uses."""


class LoopWorker:
    """Runs each job at once in the loop: Trio's mock clock can't see a thread and would jump past it."""

    settles_at_once = True

    def submit(self, work: Work, settle: Settle) -> None:
        """Runs the job and settles it."""
        settle(outcome.capture(work))

    async def close(self) -> None:
        """Nothing is ever left to do."""
        await trio.lowlevel.checkpoint()

    def keep(self, resources: object) -> None:
        """No job is ever stuck here: the loop would be."""


_SWITCH_SECONDS = 0.000_01


class ThreadWorker:
    """One thread of our own."""

    settles_at_once = False

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Work, Settle] | None] = SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._kept: list[object] = []
        self._switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(min(_SWITCH_SECONDS, self._switch_seconds))
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Work, settle: Settle) -> None:
        """Queues the job."""
        self._jobs.put((work, settle))

    async def close(self) -> None:
        """Lets the thread finish its jobs and end. A disk that hangs is waited for as long as the caller's deadline."""
        self._jobs.put(None)
        await trio.to_thread.run_sync(self._thread.join, abandon_on_cancel=True)
        sys.setswitchinterval(self._switch_seconds)

    def keep(self, resources: object) -> None:
        """Holds on to what a stuck job uses, as long as the thread lives: until that job is done, if ever."""
        self._kept.append(resources)
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, settle = job
            result = outcome.capture(work)
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(settle, result)
