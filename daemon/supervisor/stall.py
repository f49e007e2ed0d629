"""Stall watch: a plain thread that tells where everything stands when the loop stops turning.

Nothing inside the loop can report that the loop is blocked, and a stack taken afterwards shows nothing. The thread
looks at a heartbeat; when it is too old it logs what the main thread executes and where the Trio tasks wait, once for
each stall. It reads `time.monotonic` itself: Trio's clock may be virtual and belongs to the loop that is in doubt.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.supervisor.stacks import group_stacks, shorten_path, walk_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from daemon.supervisor.stacks import StackGroup

log = structlog.get_logger(__name__)

BEATS_PER_THRESHOLD = 8
TASKS_SHOWN = 5_000
GROUPS_SHOWN = 40
OWN_FRAMES_SHOWN = 25


class StallWatch:
    """Heartbeat and the thread that looks at it. Use `watch_stalls`."""

    def __init__(self, threshold_seconds: float, note_lag: Callable[[float], None] | None = None) -> None:
        self._threshold = threshold_seconds
        self._pause = threshold_seconds / BEATS_PER_THRESHOLD
        self._note_lag = note_lag
        self._beat_at = time.monotonic()
        self._ended = threading.Event()
        self._root: trio.lowlevel.Task | None = None
        self._loop_thread = 0
        self.stalls = 0

    async def beat(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs in the loop; also measures how late it is called, the loop's lag."""
        self._root = trio.lowlevel.current_root_task()
        self._loop_thread = threading.get_ident()
        self._beat_at = time.monotonic()
        task_status.started()
        while True:
            before = time.monotonic()
            await trio.sleep(self._pause)
            self._beat_at = time.monotonic()
            if self._note_lag is not None:
                self._note_lag(max(0.0, self._beat_at - before - self._pause))

    def watch(self) -> None:
        """Runs in the thread."""
        is_told = False
        while True:
            before = time.monotonic()
            if self._ended.wait(self._pause):
                return
            now = time.monotonic()
            if now - before > self._threshold:
                continue  # the whole process stood still (suspended, stopped): that is no stall of the loop
            silent_for = now - self._beat_at
            if silent_for < self._threshold:
                if is_told:
                    log.warning("loop_moves_again")
                is_told = False
            elif not is_told:
                is_told = True
                self.stalls += 1
                self._tell(silent_for)

    def end(self) -> None:
        """Lets the thread go."""
        self._ended.set()

    def _tell(self, silent_for: float) -> None:
        log.error("loop_stalled", seconds=round(silent_for, 2), running=self._running_frames())
        for group in self._waiting_tasks()[:GROUPS_SHOWN]:
            log.warning("task_waits", tasks=group.tasks, names=group.names, places=group.places)

    def _running_frames(self) -> list[str]:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the documented way to another thread's stack
        stack = traceback.extract_stack(frame)[-OWN_FRAMES_SHOWN:] if frame is not None else []
        return [f"{shorten_path(place.filename)}:{place.lineno} {place.name}" for place in stack]

    def _waiting_tasks(self) -> list[StackGroup]:
        if self._root is None:
            return []
        try:
            return group_stacks(walk_tasks(self._root, limit=TASKS_SHOWN))
        except RuntimeError:
            return []  # the loop moved on while we looked


@asynccontextmanager
async def watch_stalls(
    threshold_seconds: float = 2.0, note_lag: Callable[[float], None] | None = None
) -> AsyncIterator[StallWatch]:
    """Watches the loop for the length of the block. `note_lag` gets the loop's lag in seconds at each beat."""
    watch = StallWatch(threshold_seconds, note_lag)
    thread = threading.Thread(target=watch.watch, name="stall watch", daemon=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.beat, name="heartbeat")
        thread.start()
        try:
            yield watch
        finally:
            watch.end()
            nursery.cancel_scope.cancel("the watched block ended")
