"""Topics: who listens in this process, and waking them.

A wake-up is a hint, never a message: the listener looks into the store for what there is to do. So several may be
folded into one, and none is lost between two waits. `topic#hint` wakes the listeners of `topic` and tells them where to
look first; a listener that wants no hints never asks for them.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_HINTS = 4096
"""Kept per listener; beyond it the listener is told to look everywhere."""


class TopicWakeups:
    """Wakes its holder; made by `Topics.listen`."""

    def __init__(self) -> None:
        self._woken = trio.Event()
        self._hints: dict[str, None] = {}

    async def wait(self, timeout_seconds: float = math.inf) -> bool:
        """True when woken, False when the time ran out first. Announcements since the last `wait` count."""
        with trio.move_on_after(timeout_seconds):
            await self._woken.wait()
        is_woken = self._woken.is_set()
        if is_woken:
            self._woken = trio.Event()
        return is_woken

    def wake(self, hint: str = "") -> None:
        """Ends the present or the next `wait`."""
        self._hints[hint if len(self._hints) < _MOST_HINTS else ""] = None
        self._woken.set()

    def take_hints(self) -> list[str]:
        """What followed the `#` of the topics announced since the last call, in their order; "": look everywhere."""
        hints, self._hints = self._hints, {}
        return list(hints)


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

    def announce_everywhere(self, beginnings: tuple[str, ...] = ("",)) -> None:
        """Tells listeners to look everywhere: all of them, or those of topics that begin with one of these."""
        for topic, listeners in self._listeners.items():
            if topic.startswith(beginnings):
                for wakeups in listeners:
                    wakeups.wake()

    def announce(self, topics: Iterable[str]) -> None:
        """Wakes everybody who listens to one of these."""
        for topic in topics:
            name, _, hint = topic.partition("#")
            for wakeups in self._listeners.get(name, ()):
                wakeups.wake(hint)
