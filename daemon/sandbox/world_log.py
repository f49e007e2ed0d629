"""WorldLog: every outside act in the simulated world, with its time; the only witness the judge believes.

The doubles write it (an update handed out, a message sent, an application carried out), the story, the chat page and
the judge read it. The daemon's own store is never asked: a daemon that forgot would also forget that it forgot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.clock import Clock

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happened outside the daemon."""

    number: int
    """Counts from 1, without gaps."""
    at: int
    kind: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def get(self, name: str) -> Fact:
        """A fact by name; None when it was not noted."""
        return self.facts.get(name)


class WorldLog:
    """Acts in the order in which they happened, kept in memory, never trimmed: one world is one story."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._acts: list[Act] = []
        self._grown = trio.Event()

    def note(self, kind: str, **facts: Fact) -> Act:
        """Writes down that something happened now, and wakes whoever waits."""
        act = Act(len(self._acts) + 1, self._clock.now(), kind, facts)
        self._acts.append(act)
        grown, self._grown = self._grown, trio.Event()
        grown.set()
        return act

    def acts(self, *kinds: str) -> Iterator[Act]:
        """All acts so far, or those of the given kinds."""
        return (act for act in tuple(self._acts) if not kinds or act.kind in kinds)

    def since(self, number: int) -> tuple[Act, ...]:
        """The acts after act `number`."""
        return tuple(self._acts[max(number, 0) :])

    def count(self, *kinds: str) -> int:
        """How many acts of these kinds there were."""
        return sum(1 for _ in self.acts(*kinds))

    @property
    def last(self) -> int:
        """Number of the newest act; 0 when nothing happened yet."""
        return len(self._acts)

    async def wait_beyond(self, number: int) -> None:
        """Returns once there is an act after act `number`."""
        while self.last <= number:
            await self._grown.wait()
