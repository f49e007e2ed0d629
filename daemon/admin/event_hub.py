"""EventHub: counts every log line, and hands it to those who watch with the verb `events`.

It sits in the log's processors (`configure_logs(extra=[hub.tap])`), so a slow or greedy watcher must cost nothing: each
has a small buffer, what does not fit is counted and told, and without watchers nothing is kept.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio

from daemon.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict, WrappedLogger

BUFFER = 256


class Watch:
    """One watcher's buffer."""

    def __init__(self, buffer: int) -> None:
        self._send, self._receive = trio.open_memory_channel[dict[str, Any]](buffer)
        self._dropped = 0

    def offer(self, event: dict[str, Any]) -> None:
        """Keeps the event, or counts it as dropped."""
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self._dropped += 1

    async def next(self) -> dict[str, Any]:
        """The next event."""
        return await self._receive.receive()

    def take_dropped(self) -> int:
        """How many were dropped since the last time."""
        dropped, self._dropped = self._dropped, 0
        return dropped


class EventHub:
    """Those who watch."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        self.metrics = metrics or Metrics()
        self._watches: set[Watch] = set()

    @property
    def watchers(self) -> int:
        """How many."""
        return len(self._watches)

    def tap(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """As a processor of structlog, after the redactor. Lines of other threads are left out: they wake no task."""
        self.metrics.tap(_logger, _method, event)
        if self._watches and trio.lowlevel.in_trio_task():
            for watch in self._watches:
                watch.offer(dict(event))
        return event

    @contextmanager
    def watching(self, buffer: int = BUFFER) -> Iterator[Watch]:
        """A buffer for the length of the block."""
        watch = Watch(buffer)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)


class RateCap:
    """At most so many a second, with as many at once."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = per_second
        self._at = -math.inf

    async def wait(self) -> None:
        """Until one more may pass."""
        now = trio.current_time()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            await trio.lowlevel.checkpoint()
            return
        wait = (1 - self._left) / self._per_second
        self._left, self._at = 0.0, now + wait
        await trio.sleep(wait)
