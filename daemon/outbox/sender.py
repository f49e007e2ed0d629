"""OutboxSender: sends the rows of the outbox, in order per chat, chats side by side, and marks what is out.

The next message of a chat leaves only after the last one's mark is on disk (`marks.py`), so a crash doubles at most one
message per chat and loses none. `delivery.py` does the sending of one row; here is what its outcome means for the row
and its lane. What shaped it: a bot stopped in the middle of its sends said them all again after the start; so a stop
lets the calls in flight end (one second), and their marks are written although the daemon is going down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import SECOND
from daemon.lane_runner import LaneRunner, Pause
from daemon.outbox.delivery import Delivered, Delivery, Dropped, NotYet, Unreachable
from daemon.outbox.marks import Marks
from daemon.outbox.outbox import QUEUE
from daemon.outbox.payload import UnreadablePayload, decode
from daemon.outbox.rendering import Renderer
from store.durable.ownership import Alone
from store.ids import UserId
from store.write import NOTHING
from telegram_client.rate_limit import RateLimiter

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Sequence

    from daemon.clock import Clock
    from daemon.i18n.translate import Texts
    from daemon.lane_contract import LaneOwner
    from daemon.outbox.buttons import ButtonSigner
    from daemon.outbox.delivery import Outcome
    from daemon.outbox.message import Text
    from daemon.supervisor.dependency import Dependency
    from store.durable.queues import QueueItem
    from store.ids import ChatId
    from store.store import Store
    from store.write import Write
    from telegram_client.client import TelegramClient

log = structlog.get_logger(__name__)

_STOP_SECONDS = 1.0
"""How long calls in flight may take once the daemon stops."""
_TROUBLE_SECONDS = 120.0
"""Twice the longest time between two tries: after that there is nothing left to send."""


class OutboxSender:
    """Runs the outbox. `language_of` tells a chat's language when it is written to; `menu` is the reply keyboard.

    `take_fresh` is the outbox's own: rows it made lately need not be read.
    """

    def __init__(
        self,
        store: Store,
        client: TelegramClient,
        texts: Texts,
        signer: ButtonSigner,
        clock: Clock,
        *,
        language_of: Callable[[ChatId], Awaitable[str]],
        menu: Sequence[Sequence[Text]] = (),
        messages_per_second: float = 30.0,
        senders: int = 32,
        take_fresh: Callable[[str], QueueItem | None] = lambda _key: None,
        random_source: random.Random | None = None,
        note_message: Callable[[str], None] = lambda _outcome: None,
        circuit: Dependency | None = None,
        owner: LaneOwner | None = None,
    ) -> None:
        self._store = store
        self._owner = owner or Alone()
        self._note_message = note_message
        self._clock = clock
        self._delivery = Delivery(
            store,
            client,
            Renderer(texts, signer, menu),
            RateLimiter(messages_per_second),
            clock,
            language_of=language_of,
            random_source=random_source,
            circuit=circuit,
            guard=self._owner.guard,
            count_senders=lambda: self._owner.members,
        )
        self._marks = Marks(store)
        self._runner = LaneRunner(
            store,
            QUEUE,
            self._send_item,
            clock,
            workers=senders,
            take_fresh=take_fresh,
            before_read=self._marks.settle,
            owner=self._owner,
        )
        self._in_flight = 0
        self._is_stopping = False
        self._shield = trio.CancelScope(shield=True)
        self._blocked: set[int] = set()

    @property
    def trouble(self) -> str:
        """Why nothing goes out, in words; empty while all is well, or when nothing was tried for a while."""
        is_fresh = self._clock.now() - self._delivery.trouble_at <= _TROUBLE_SECONDS * SECOND
        return self._delivery.trouble if is_fresh else ""

    @property
    def busy_lanes(self) -> int:
        """Chats with something to send."""
        return self._runner.busy_lanes

    async def let_go(self, shards: frozenset[int]) -> None:
        """Chats of these shards are another process's; returns when nothing of theirs is on its way or unmarked."""
        await self._runner.let_go(shards)
        for lane in self._marks.lanes():
            if self._owner.shard_of(lane) in shards:
                await self._marks.settle(lane)

    def take_up(self, shards: frozenset[int]) -> None:  # noqa: ARG002 - what waits is found by looking
        """Chats of these shards are ours now."""
        self._runner.look_everywhere()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Sends until cancelled; then messages on their way get a second, and nothing new leaves."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._limit_stop, name="outbox stop")
            self._in_flight = 0
            self._is_stopping = False
            self._shield = trio.CancelScope(shield=True)
            # One shield for all: a scope of its own for each send would be a tenth of the send's cost.
            with self._shield:
                async with self._marks.written():
                    await self._runner.run(task_status)

    async def _limit_stop(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._is_stopping = True
            self._shield.deadline = trio.current_time() + _STOP_SECONDS
            self._end_stop()

    def _end_stop(self) -> None:
        if self._is_stopping and not self._in_flight:
            self._marks.hurry(self._shield.cancel)

    async def _send_item(self, item: QueueItem) -> Pause | None:
        if item.lane in self._marks:
            await self._marks.settle(item.lane)
        if self._is_stopping:
            await trio.sleep_forever()
        try:
            parcel = decode(item.payload)
        except UnreadablePayload as error:
            log.exception("message_buried", key=item.key, chat_id=item.lane)
            bury = self._store.queues.bury(QUEUE, item.key, now=self._clock.now(), error=type(error).__name__)
            await self._store.write(self._owner.guard(item.lane) + bury)
            return None
        turn_at = self._delivery.admit(item, parcel)
        if turn_at is not None:
            return Pause(turn_at, keeps_item=True)
        if not self._owner.owns(item.lane):
            return Pause(self._clock.now())
        # A message that is on its way is seen to its end and marked, also when the daemon stops meanwhile.
        self._in_flight += 1
        try:
            return self._settle(item, await self._delivery.send(item, parcel))
        finally:
            self._in_flight -= 1
            self._end_stop()

    def _settle(self, item: QueueItem, outcome: Outcome) -> Pause | None:
        if isinstance(outcome, NotYet):
            return Pause(outcome.until, keeps_item=not outcome.is_rewritten)
        now = self._clock.now()
        queues = self._store.queues
        if isinstance(outcome, Delivered):
            self._note_message("sent")
            mark = queues.finish(QUEUE, item.key, now=now, version=item.version + outcome.replaced)
            self._mark(item, mark + outcome.write + self._unblock(item))
        elif isinstance(outcome, Dropped):
            self._note_message("dropped")
            self._mark(item, queues.bury(QUEUE, item.key, now=now, error=outcome.reason))
        elif isinstance(outcome, Unreachable):
            self._note_message("unreachable")
            log.info("chat_unreachable", chat_id=item.lane, reason=outcome.reason)
            self._blocked.add(item.lane)
            # Nothing that waits for them is wanted any more; what comes later is tried again.
            self._mark(
                item,
                queues.clear_lane(QUEUE, item.lane, now=now) + self._store.users.set_blocked(UserId(item.lane), now),
            )
            return Pause(now)
        return None

    def _mark(self, item: QueueItem, mark: Write) -> None:
        """Raises `LeaseLost`: then whoever has the chat now finds the row as it was, and may say it once more."""
        self._marks.add(item.lane, self._owner.guard(item.lane) + mark)

    def _unblock(self, item: QueueItem) -> Write:
        if item.lane not in self._blocked:
            return NOTHING
        self._blocked.discard(item.lane)
        return self._store.users.set_blocked(UserId(item.lane), None)
