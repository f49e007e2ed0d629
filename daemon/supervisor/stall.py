"""Stall watch: a plain thread that tells where everything stands when the loop stops turning.

Nothing inside the loop can report that the loop is blocked, and a stack taken afterwards shows nothing. The thread
looks at a heartbeat; when it is too old it logs what the main thread executes and where the Trio tasks wait, once for
each stall. A loop that stands still for `hang_seconds` ends the process: whoever started it starts it again. It reads
`time.monotonic` itself: Trio's clock may be virtual and belongs to the loop that is in doubt.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.supervisor.stacks import shorten_path, tell_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

log = structlog.get_logger(__name__)

BEATS_PER_THRESHOLD = 8
HUNG = 1
OWN_FRAMES_SHOWN = 25


class StallWatch:
    """Heartbeat and the thread that looks at it. Use `watch_stalls`."""

    def __init__(
        self,
        threshold_seconds: float,
        note_lag: Callable[[float], None] | None = None,
        *,
        hang_seconds: float = 0.0,
        exit_process: Callable[[int], object] = os._exit,
    ) -> None:
        self._threshold = threshold_seconds
        self._pause = threshold_seconds / BEATS_PER_THRESHOLD
        self._note_lag = note_lag
        self._hang_seconds = hang_seconds or math.inf
        self._exit = exit_process
        self._ahead = 0.0
        """Trio's time less the machine's monotonic one."""
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
        self._ahead = trio.current_time() - self._beat_at
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
            elif silent_for >= self._hang_seconds:
                log.error("loop_hangs", seconds=round(silent_for, 2), running=self._running_frames())
                self._exit(HUNG)
                return

    def end(self) -> None:
        """Lets the thread go."""
        self._ended.set()

    def _tell(self, silent_for: float) -> None:
        log.error("loop_stalled", seconds=round(silent_for, 2), running=self._running_frames())
        if self._root is not None:
            tell_tasks(self._root, time.monotonic() + self._ahead)

    def _running_frames(self) -> list[str]:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the documented way to another thread's stack
        stack = traceback.extract_stack(frame)[-OWN_FRAMES_SHOWN:] if frame is not None else []
        return [f"{shorten_path(place.filename)}:{place.lineno} {place.name}" for place in stack]


@asynccontextmanager
async def watch_stalls(
    threshold_seconds: float = 2.0,
    note_lag: Callable[[float], None] | None = None,
    *,
    hang_seconds: float = 0.0,
) -> AsyncIterator[StallWatch]:
    """Watches the loop for the length of the block. `note_lag` gets the loop's lag in seconds at each beat; a loop
    that stands still for `hang_seconds` ends the process (0: never).
    """
    watch = StallWatch(threshold_seconds, note_lag, hang_seconds=hang_seconds)
    thread = threading.Thread(target=watch.watch, name="stall watch", daemon=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.beat, name="heartbeat")
        thread.start()
        try:
            yield watch
        finally:
            watch.end()
            nursery.cancel_scope.cancel("the watched block ended")
