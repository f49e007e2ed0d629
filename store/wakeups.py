"""Topics: who listens in this process, and waking them.

A wake-up is a hint, never a message: the listener looks into the store for what there is to do. So several may be
folded into one, and none is lost between two waits.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class TopicWakeups:
    """Wakes its holder; made by `Topics.listen`."""

    def __init__(self) -> None:
        self._woken = trio.Event()

    async def wait(self, timeout_seconds: float = math.inf) -> bool:
        """True when woken, False when the time ran out first. Announcements since the last `wait` count."""
        with trio.move_on_after(timeout_seconds):
            await self._woken.wait()
        is_woken = self._woken.is_set()
        if is_woken:
            self._woken = trio.Event()
        return is_woken

    def wake(self) -> None:
        """Ends the present or the next `wait`."""
        self._woken.set()


class Topics:
    """All listeners of this process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[TopicWakeups]] = {}

    @contextmanager
    def listen(self, topic: str) -> Iterator[TopicWakeups]:
        """Wakeups of this topic from now on."""
        wakeups = TopicWakeups()
        listeners = self._listeners.setdefault(topic, set())
        listeners.add(wakeups)
        try:
            yield wakeups
        finally:
            listeners.discard(wakeups)
            if not listeners:
                self._listeners.pop(topic, None)

    def announce(self, topics: Iterable[str]) -> None:
        """Wakes everybody who listens to one of these."""
        for topic in topics:
            for wakeups in self._listeners.get(topic, ()):
                wakeups.wake()
