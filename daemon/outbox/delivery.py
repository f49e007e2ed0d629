"""Delivery: sends one row of the outbox and says what came of it.

Used by `sender.py`, which settles the row. Every refusal of Telegram ends in one of four outcomes, so that nothing
stays in a lane for ever: out, not yet, given up, or the chat does not want us. Answers and news are tried until they
are out, at the price of a possible double where an answer got lost on the way; a notice nobody asked for is not.

A success that can't be read (status 200 with a garbled or broken body) is sent once more, and only after `getMe` has
been answered: some box on the way that greets every request with a page of its own must cost neither a message nor a
double. Answered so twice, with the way known to be sound in between, it is taken for sent: else one message would come
again every minute for as long as whatever garbles its answers does so.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import SECOND
from daemon.outbox.attempt import Attempt
from daemon.outbox.outbox import QUEUE
from daemon.outbox.payload import ACKNOWLEDGE, EDIT, SAY, encode
from daemon.supervisor.dependency import Dependency, DependencyPolicy, Resting
from store.tables.cards import CardRow
from store.write import NOTHING, Write
from telegram_client.errors import (
    AnsweredError,
    BadRequest,
    Forbidden,
    NetworkTrouble,
    RetryAfter,
    TelegramError,
)
from telegram_client.methods import answer_callback_query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.clock import Clock
    from daemon.outbox.payload import Parcel
    from daemon.outbox.rendering import Renderer
    from daemon.supervisor.dependency import Pass
    from store.durable.queues import QueueItem
    from store.ids import ChatId
    from store.store import Store
    from telegram_client.client import TelegramClient
    from telegram_client.rate_limit import RateLimiter

log = structlog.get_logger(__name__)

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
TELEGRAM_CIRCUIT = DependencyPolicy(
    first_rest_seconds=2.0, longest_rest_seconds=30.0, first_per_second=5.0, return_seconds_each=1 / 30
)
"""People wait for these answers, and one knock is cheap: it is tried sooner than a board."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """It is out, or there is nothing left to do."""

    write: Write = NOTHING
    """Goes with the mark."""
    replaced: int = 0
    """How often the row was rewritten on the way (pieces of a long text)."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Telegram will never take it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """This chat takes nothing from us."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Try again at this wall time."""

    until: int
    is_rewritten: bool = False
    """The row in the store is not the one in memory any more."""


Outcome = Delivered | Dropped | Unreachable | NotYet


class Delivery:
    """Knows how to send each kind of row."""

    def __init__(
        self,
        store: Store,
        client: TelegramClient,
        renderer: Renderer,
        limiter: RateLimiter,
        clock: Clock,
        *,
        language_of: Callable[[ChatId], Awaitable[str]],
        random_source: random.Random | None = None,
        circuit: Dependency | None = None,
        guard: Callable[[int], Write] = lambda _lane: NOTHING,
        count_senders: Callable[[], int] = lambda: 1,
    ) -> None:
        """`count_senders`: how many processes send for this bot now; each takes an even part of its rate."""
        self._store = store
        self._guard = guard
        self._count_senders = count_senders
        self._client = client
        self._renderer = renderer
        self._limiter = limiter
        self._clock = clock
        self._language_of = language_of
        self._random = random_source or random.Random()
        self._circuit = circuit or Dependency("telegram", self._random, TELEGRAM_CIRCUIT)
        self._admitted: set[str] = set()
        self._failures: dict[int, int] = {}
        self._unreadable: set[str] = set()
        """Rows whose last answer began as a success and could not be read."""
        self.trouble = ""
        """Why nothing goes out, in words; empty while all is well."""
        self.trouble_at = 0
        """When it was met last: what waited for it may have been taken away since."""

    def admit(self, item: QueueItem, parcel: Parcel) -> int | None:
        """None: it may go now. Otherwise the wall time at which its turn comes."""
        now = trio.current_time()
        if self._limiter.share_among(self._count_senders(), now):
            self._admitted.clear()
        if self._admitted and item.key in self._admitted:
            self._admitted.discard(item.key)
            return None
        wait = self._limiter.reserve_bot(now) if parcel.act == ACKNOWLEDGE else self._limiter.reserve(item.lane, now)
        if wait <= 0:
            return None
        self._admitted.add(item.key)
        return self._in_seconds(wait)

    async def send(self, item: QueueItem, parcel: Parcel) -> Outcome:
        """Never raises `TelegramError`."""
        try:
            leave = self._circuit.enter(item.lane)
        except Resting as resting:
            return NotYet(self._in_seconds(resting.retry_after_seconds or _LONGEST_WAIT_SECONDS))
        try:
            return await self._try(Progress(item, parcel), leave)
        finally:
            leave.leave()

    async def _try(self, progress: Progress, leave: Pass) -> Outcome:
        try:
            outcome = await self._act(progress)
        except TelegramError as error:
            outcome = self._judge(error, progress, leave)
            if not isinstance(outcome, NotYet):
                self._unreadable.discard(progress.item.key)
            return outcome
        leave.succeed()
        if self._failures:
            self._failures.pop(progress.chat_id, None)
        self.trouble = ""
        return outcome

    async def _act(self, progress: Progress) -> Outcome:
        act = progress.parcel.act
        if act == SAY:
            return await self._say(progress)
        if act == EDIT:
            return await self._edit(progress)
        if act == ACKNOWLEDGE:
            return await self._acknowledge(progress)
        return Dropped("unknown act")

    async def _say(self, progress: Progress) -> Outcome:
        attempt = await self._begin(progress)
        if not attempt.pieces:
            return Dropped("nothing to say")
        message_id = None
        while attempt.is_left:
            message_id = await self._send_piece(attempt, progress)
            if attempt.is_left:
                await self._note_piece(progress)
                await self._wait_for_turn(progress.chat_id)
        card = progress.parcel.card
        if card is None or message_id is None:
            return Delivered(replaced=progress.rewrites)
        row = CardRow(progress.chat_id, card, message_id, self._clock.now())
        return Delivered(self._store.cards.put(row), progress.rewrites)

    async def _send_piece(self, attempt: Attempt, progress: Progress) -> int | None:
        """The piece's message id, if it could be read."""
        key = progress.item.key
        is_second = bool(self._unreadable) and key in self._unreadable
        if is_second:
            await self._check_way()
        try:
            message_id = await attempt.send_next(self._client)
        except TelegramError as error:
            if not error.began_well:
                raise
            if not is_second:
                self._unreadable.add(key)
                raise
            log.warning("message_taken_for_sent", key=key, chat_id=progress.chat_id, trouble=str(error))
            attempt.skip_piece()
            message_id = None
        if is_second:
            self._unreadable.discard(key)
        return message_id

    async def _check_way(self) -> None:
        """Raises where Telegram's answers can't be read at all. A no is an answer too."""
        with suppress(AnsweredError):
            await self._client.call("getMe")

    async def _edit(self, progress: Progress) -> Outcome:
        card = await self._store.cards.get(progress.chat_id, progress.parcel.card or "")
        if card is None:
            # Cards go with their person: what was dropped with them must not be said anew to somebody forgotten.
            if await self._store.queues.get(QUEUE, progress.item.key) is None:
                return Delivered()
            return await self._say(progress)
        attempt = await self._begin(progress)
        if not attempt.pieces:
            return Dropped("nothing to say")
        try:
            await attempt.edit(self._client, card.message_id)
        except BadRequest as error:
            if error.kind == "not_modified":
                return Delivered()
            if error.kind == "message_gone":
                return await self._say(progress)
            raise
        return Delivered()

    async def _acknowledge(self, progress: Progress) -> Outcome:
        parcel = progress.parcel
        words = None
        if parcel.text is not None:
            words = self._renderer.words(parcel, await self._language_of(progress.chat_id))
        try:
            await answer_callback_query(self._client, parcel.callback_query_id or "", words, is_alert=parcel.is_alert)
        except BadRequest as error:
            if error.kind != "query_too_old":
                raise
        return Delivered()

    async def _begin(self, progress: Progress) -> Attempt:
        language = await self._language_of(progress.chat_id)
        return Attempt.of(self._renderer, progress.parcel, progress.chat_id, language)

    async def _note_piece(self, progress: Progress) -> None:
        """After a crash a long text goes on with its next piece."""
        progress.parcel = replace(progress.parcel, parts_sent=progress.parcel.parts_sent + 1)
        progress.rewrites += 1
        payload = encode(progress.parcel)
        item = progress.item
        rewrite = self._store.queues.replace(QUEUE, item.key, item.lane, payload, now=self._clock.now())
        await self._store.write(self._guard(item.lane) + rewrite)

    async def _wait_for_turn(self, chat_id: ChatId) -> None:
        await trio.sleep(self._limiter.reserve(chat_id, trio.current_time()))

    # What a failure means

    def _judge(self, error: TelegramError, progress: Progress, leave: Pass) -> Outcome:
        chat_id = progress.chat_id
        if isinstance(error, Forbidden | BadRequest):
            leave.succeed()  # it answered
        elif not isinstance(error, RetryAfter):
            leave.fail(type(error).__name__)
        if isinstance(error, RetryAfter):
            wait = self._limiter.note_retry_after(chat_id, error.seconds, trio.current_time())
            return NotYet(self._in_seconds(wait), progress.is_rewritten)
        if isinstance(error, Forbidden) and error.kind != "other":
            return Unreachable(error.kind)
        if isinstance(error, BadRequest) and error.kind in ("chat_not_found", "migrated"):
            return Unreachable(error.kind)
        if isinstance(error, Forbidden | BadRequest):
            log.error("message_refused", key=progress.item.key, chat_id=chat_id, kind=error.kind, code=error.code)
            return Dropped(error.kind if error.kind != "other" else error.description[:100])
        if isinstance(error, NetworkTrouble) and error.sent and progress.parcel.is_notice and not _is_edit(progress):
            log.info("notice_dropped", key=progress.item.key, chat_id=chat_id)
            return Delivered(replaced=progress.rewrites)
        self._note_trouble(error)
        return NotYet(self._in_seconds(self._next_wait(chat_id)), progress.is_rewritten)

    def _note_trouble(self, error: TelegramError) -> None:
        """Said once, not for each chat: when Telegram is away, every chat finds out."""
        if not self.trouble:
            log.warning("sending_stopped", error=type(error).__name__, trouble=str(error))
        refused = "Telegram refuses this bot: " if isinstance(error, AnsweredError) else ""
        self.trouble = f"{refused}{error}"
        self.trouble_at = self._clock.now()

    def _next_wait(self, chat_id: ChatId) -> float:
        failures = self._failures.get(chat_id, 0)
        self._failures[chat_id] = failures + 1
        ceiling = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(failures, 10))
        return self._random.uniform(ceiling / 2, ceiling)

    def _in_seconds(self, seconds: float) -> int:
        return self._clock.now() + max(1, round(seconds * SECOND))


@dataclass(slots=True)
class Progress:
    """One row on its way."""

    item: QueueItem
    parcel: Parcel
    rewrites: int = 0

    @property
    def chat_id(self) -> ChatId:
        """The chat it goes to."""
        return self.item.lane

    @property
    def is_rewritten(self) -> bool:
        """Whether the row in the store has moved on."""
        return self.rewrites > 0


def _is_edit(progress: Progress) -> bool:
    """An edit made twice is made once."""
    return progress.parcel.act == EDIT
