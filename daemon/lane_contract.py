"""What `lane_runner.py` asks of others: of the store, and of whoever knows which lanes are this process's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from store.database import Wakeups
    from store.durable.queues import QueueItem
    from store.ids import ChatId
    from store.write import Write


class LaneQueues(Protocol):
    """The part of `store.durable.queues.Queues` the runner reads."""

    async def lanes(self, queue: str, *, after: int, limit: int) -> list[ChatId]:
        """Lanes in which something waits."""

    async def waiting(self, queue: str, lane: ChatId | int, *, limit: int) -> list[QueueItem]:
        """One lane in order."""


class LaneStore(Protocol):
    """The part of the store the runner needs."""

    @property
    def queues(self) -> LaneQueues:
        """The durable queues."""

    def listen(self, topic: str) -> AbstractAsyncContextManager[Wakeups]:
        """Wakeups for a topic."""


class LaneOwner(Protocol):
    """`Ownership`: which lanes are this process's. A lane of a private chat has its person's number."""

    @property
    def members(self) -> int:
        """How many processes share the lanes, this one included."""

    def owns(self, user_id: int) -> bool:
        """Whether anything of this lane is begun here now."""

    def shard_of(self, user_id: int) -> int:
        """What changes hands together with this lane."""

    def guard(self, user_id: int) -> Write:
        """Refuses a write with `LeaseLost` once another process has the lane."""

    def doubt(self) -> None:
        """A write was refused: who owns what is looked up at once."""
