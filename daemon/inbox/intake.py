"""Intake: fresh updates to disk. What can be answered at once is answered before that, and all of it is one commit.

The poller brings a batch and its cursor. An update that needs only the store for its answer (a command, most buttons)
goes through its handler first; cursor, consequence and answer are then on disk together, and of the update a finished
row stays, which keeps its key known. All others become rows that wait for `lanes.py`. Telegram is told nothing before
that commit, so a crash in the middle leaves nothing behind and the update comes again.

What shaped it: three commits an update (row, answer, finish) cost more than the answer itself. Two rules keep what the
lanes promise: a chat is answered here only while nothing of it waits, and its lane is held meanwhile; and whatever is
unusual (a handler that fails or takes its time, a second update of the chat, a write that lost a race) goes the long
way, where it has its three tries.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
import trio

from daemon.inbox.reading import QUEUE, key_of_update, lane_of_update, update_payload
from daemon.inbox.router import Incoming
from store.durable.ownership import Alone
from store.durable.queues import QueueItem
from store.errors import StoreError, StoreUnavailable
from store.ids import ChatId, UserId
from store.write import NOTHING, Write, join
from telegram_client.types import UnreadableUpdate, Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.clock import Clock
    from daemon.inbox.router import Handler, Router
    from daemon.lane_contract import LaneOwner
    from daemon.lane_runner import Lane, LaneRunner
    from store.store import Store

log = structlog.get_logger(__name__)

_AT_ONCE_SECONDS = 0.25
"""For all answers of a batch: what takes longer waits in the inbox, and the next poll does not wait for it."""


class Intake:
    """Puts batches of raw updates on disk and hands what waits to the lanes of `runner`."""

    def __init__(
        self, store: Store, router: Router, runner: LaneRunner, clock: Clock, owner: LaneOwner | None = None
    ) -> None:
        """`owner`: which chats are this process's, the runner's own; without it all are."""
        self._store = store
        self._owner = owner or Alone()
        self._router = router
        self._runner = runner
        self._clock = clock

    async def keep(self, batch: Sequence[dict[str, Any]], cursor: Write, *, is_new: bool) -> None:
        """Returns once batch and cursor are on disk. Raises `StoreError`; the same batch may then be brought again.

        `is_new`: none of these updates can have been here before; otherwise each is looked up by its key.
        """
        if not is_new:
            await self._store.write(self._put(batch) + cursor)
            return
        held: dict[int, Lane] = {}
        answers: list[Write] = []
        waiting: list[dict[str, Any]] = []
        try:
            await self._answer_at_once(batch, held, answers, waiting)
            await self._commit(batch, cursor, answers, waiting)
        except BaseException:
            # Cut off around the commit: the rows may be there, and nobody was told.
            self._runner.look_everywhere()
            raise
        finally:
            structlog.contextvars.unbind_contextvars("key", "user_id")
            for lane in held.values():
                self._runner.release(lane)

    async def _commit(
        self, batch: Sequence[dict[str, Any]], cursor: Write, answers: list[Write], waiting: list[dict[str, Any]]
    ) -> None:
        puts = self._put(waiting)
        try:
            # The rows are handed over in the very turn of the loop in which this returns: only others look for theirs.
            topics = tuple(topic for topic in puts.topics if not self._owner.owns(int(topic.partition("#")[2])))
            await self._store.write(join((*answers, Write(puts.statements, topics), cursor)))
        except StoreUnavailable:
            raise
        except StoreError as error:
            # One answer lost a race or can't be written, or an update was here before: the lanes find out which.
            log.info("answers_at_once_given_up", answers=len(answers), error=type(error).__name__)
            await self._store.write(self._put(batch) + cursor)
            return
        if waiting:
            now = self._clock.now()
            self._runner.offer([_to_item(raw, now) for raw in waiting])

    async def _answer_at_once(
        self,
        batch: Sequence[dict[str, Any]],
        held: dict[int, Lane],
        answers: list[Write],
        waiting: list[dict[str, Any]],
    ) -> None:
        done = 0
        with trio.move_on_after(_AT_ONCE_SECONDS):
            for raw in batch:
                answer = await self._answer(raw, held)
                if answer is None:
                    waiting.append(raw)
                else:
                    answers.append(answer)
                done += 1
        waiting.extend(islice(batch, done, None))

    async def _answer(self, raw: dict[str, Any], held: dict[int, Lane]) -> Write | None:
        """What this update causes, its finished row included; None: it has to wait."""
        try:
            update = Update.parse(raw)
        except UnreadableUpdate:
            return None
        chat_id, user_id = update.chat_id, update.user_id
        if chat_id is None or user_id is None or chat_id in held:
            return None
        key, now = key_of_update(raw), self._clock.now()
        incoming = Incoming(key, ChatId(chat_id), UserId(user_id), now, NOTHING, update=update)
        handler = self._router.find_quick_handler(incoming)
        if handler is None:
            return None
        lane = self._runner.hold(chat_id)
        if lane is None:
            return None
        held[chat_id] = lane
        # Bound until the next one: taking them away each time would cost as much as binding.
        structlog.contextvars.bind_contextvars(key=key, user_id=user_id)
        answer = await _try(handler, incoming)
        if answer is None:
            return None
        finished = self._store.queues.put_finished(QUEUE, key, chat_id, now=now)
        return self._owner.guard(chat_id) + finished + answer

    def _put(self, batch: Iterable[dict[str, Any]]) -> Write:
        now, put = self._clock.now(), self._store.queues.put
        return join(put(QUEUE, key_of_update(raw), lane_of_update(raw), update_payload(raw), now=now) for raw in batch)


async def _try(handler: Handler, incoming: Incoming) -> Write | None:
    """None: it failed, and does so again in its lane, where that is judged."""
    try:
        answer = await handler(incoming)
    except Exception as error:  # noqa: BLE001 - the edge of an item: one that fails holds up no other
        log.info("answer_at_once_failed", error=type(error).__name__)
        return None
    if answer is None:
        # It committed by itself, which is for those of the lanes.
        log.error("quick_handler_gave_no_write")
    return answer


def _to_item(raw: dict[str, Any], now: int) -> QueueItem:
    return QueueItem(
        queue=QUEUE,
        key=key_of_update(raw),
        lane=lane_of_update(raw),
        position=0,
        payload=update_payload(raw),
        attempts=0,
        due_at=0,
        put_at=now,
        version=1,
        error=None,
    )
