"""Lanes: one ordered lane per chat, from the row to its handler to one write.

An update leaves the inbox in the transaction that records what it caused. `intake.py` brings fresh rows; everything
else is found in the store, also after a crash. What shaped it: a message that made its handler fail for ever once
held up its person for good. So an item is tried three times, then buried with its error, the person is told in words,
and the lane goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import SECOND
from daemon.inbox.intake import Intake
from daemon.inbox.reading import QUEUE, read_item
from daemon.lane_runner import LaneRunner, Pause
from store.durable.ownership import Alone
from store.errors import Conflict, LeaseLost
from store.ids import ChatId
from store.write import NOTHING
from telegram_client.types import UnreadableUpdate, read_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.clock import Clock
    from daemon.inbox.router import Incoming, Router
    from daemon.lane_contract import LaneOwner
    from store.durable.queues import QueueItem
    from store.store import Store
    from store.write import Write
    from telegram_client.types import ChatMemberUpdated

log = structlog.get_logger(__name__)

ATTEMPTS = 3
_RETRY_SECONDS = (0.5, 3.0)
_HANDLER_SECONDS = 120.0
"""A handler that hangs is a handler that failed."""


class Lanes:
    """Runs the inbox. `apologise` says to a chat that one message of it could not be handled."""

    def __init__(
        self,
        store: Store,
        router: Router,
        clock: Clock,
        *,
        apologise: Callable[[ChatId, str], Write] = lambda _chat_id, _key: NOTHING,
        workers: int = 64,
        owner: LaneOwner | None = None,
    ) -> None:
        """`owner`: which chats are this process's; without it all are."""
        self._store = store
        self._owner = owner or Alone()
        self._router = router
        self._clock = clock
        self._apologise = apologise
        self._runner = LaneRunner(store, QUEUE, self._handle, clock, workers=workers, owner=self._owner)
        self.intake = Intake(store, router, self._runner, clock, self._owner)
        """Puts fresh updates on disk, some of them answered already."""

    @property
    def busy_lanes(self) -> int:
        """Chats with something to do."""
        return self._runner.busy_lanes

    def notice(self, chat_id: ChatId) -> None:
        """This chat has new rows."""
        self._runner.notice(chat_id)

    def look_everywhere(self) -> None:
        """There may be rows in any chat's lane, put by another process."""
        self._runner.look_everywhere()

    async def let_go(self, shards: frozenset[int]) -> None:
        """Chats of these shards are another process's; returns when nobody of them is being answered."""
        await self._runner.let_go(shards)

    def take_up(self, shards: frozenset[int]) -> None:  # noqa: ARG002 - what waits is found by looking
        """Chats of these shards are ours now."""
        self._runner.look_everywhere()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Works until cancelled; a handler that is cancelled leaves its row."""
        await self._runner.run(task_status)

    async def _handle(self, item: QueueItem) -> Pause | None:
        now = self._clock.now()
        finish = self._owner.guard(item.lane) + self._store.queues.finish(QUEUE, item.key, now=now)
        try:
            incoming = read_item(item, finish)
        except UnreadableUpdate as error:
            log.warning("update_unreadable", key=item.key, chat_id=item.lane, error=str(error))
            await self._bury(item, str(error))
            return None
        if incoming is None:
            log.debug("update_without_person", key=item.key, chat_id=item.lane)
            await self._store.write(finish)
            return None
        # Bound until the worker's next item: taking them away again would cost as much as binding.
        structlog.contextvars.bind_contextvars(key=item.key, user_id=incoming.user_id)
        return await self._try_handler(item, incoming)

    async def _try_handler(self, item: QueueItem, incoming: Incoming) -> Pause | None:
        try:
            with trio.fail_after(_HANDLER_SECONDS):
                await self._run_handler(incoming)
        except LeaseLost:
            raise
        except Conflict as error:
            # Somebody finished it (the dialog engine, /delete): nothing is left to do. Otherwise it lost a race.
            if await self._store.queues.get(QUEUE, item.key) is None:
                return None
            return await self._note_failure(item, error)
        except Exception as error:  # noqa: BLE001 - the edge of an item: whatever its handler raises is its end only
            return await self._note_failure(item, error)
        return None

    async def _run_handler(self, incoming: Incoming) -> None:
        membership = incoming.update.my_chat_member if incoming.update else None
        if membership is not None:
            await self._store.write(self._note_membership(incoming, membership) + incoming.finish)
            return
        write = await self._router.find_handler(incoming)(incoming)
        if write is not None:
            await self._store.write(write + incoming.finish)

    def _note_membership(self, incoming: Incoming, membership: ChatMemberUpdated) -> Write:
        """A person blocked the bot or let it in again; what happens in groups is nobody's business."""
        if not membership.chat.is_private:
            return NOTHING
        is_blocked = membership.new_chat_member.status in ("kicked", "left")
        return self._store.users.set_blocked(incoming.user_id, self._clock.now() if is_blocked else None)

    async def _note_failure(self, item: QueueItem, error: Exception) -> Pause | None:
        attempt = item.attempts + 1
        kind = type(error).__name__
        if attempt >= ATTEMPTS:
            log.error("update_buried", attempts=attempt, error=kind, exc_info=error)
            await self._bury(item, kind)
            return None
        log.warning("update_failed", attempt=attempt, error=kind, exc_info=error)
        due_at = self._clock.now() + round(_RETRY_SECONDS[attempt - 1] * SECOND)
        retry = self._store.queues.retry_later(QUEUE, item.key, due_at=due_at, error=kind)
        await self._store.write(self._owner.guard(item.lane) + retry)
        return Pause(due_at)

    async def _bury(self, item: QueueItem, error: str) -> None:
        """Its row stays for whoever looks into it; the person is told, where there is one to tell."""
        burial = self._store.queues.bury(QUEUE, item.key, now=self._clock.now(), error=error)
        await self._store.write(self._owner.guard(item.lane) + burial + self._sorry(item))

    def _sorry(self, item: QueueItem) -> Write:
        payload = item.payload if isinstance(item.payload, dict) else {}
        raw = payload.get("update")
        if not isinstance(raw, dict):
            return NOTHING
        kind, chat_id, user_id = read_origin(raw)
        # Only who spoke to the bot alone is answered: a channel's readers did not ask anything.
        if kind not in ("message", "callback_query") or user_id is None or chat_id != user_id:
            return NOTHING
        return self._apologise(ChatId(chat_id), f"sorry:{item.key}")
