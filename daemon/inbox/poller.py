"""UpdatePoller: the long-poll loop. Batch and cursor are on disk in one transaction before the next poll confirms them.

Started last by `main` and stopped first. It never dies of Telegram or of the store: it backs off, and `health` says in
words what is the matter; `/readyz`, `status` and the log read it. One's own restart makes a passing 409, so health is
the time of the last poll that succeeded, not the absence of trouble.
"""

from __future__ import annotations

import random
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog
import trio

from daemon.clock import SECOND
from daemon.supervisor.progress import Mark
from store.errors import LeaseLost, StoreError
from store.write import NOTHING
from telegram_client.errors import Conflict, NetworkTrouble, RetryAfter, ServerTrouble, TelegramError, Unauthorized
from telegram_client.long_poll import next_offset, poll_updates
from telegram_client.methods import delete_webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.clock import Clock
    from store.store import Store
    from store.write import Write
    from telegram_client.client import TelegramClient

log = structlog.get_logger(__name__)

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_SLACK_SECONDS = 60.0
"""Beyond the time a poll may wait: its call's own deadline, an answer that trickles in, the store."""


class Take(Protocol):
    """See `Intake.keep`."""

    async def __call__(self, batch: Sequence[dict[str, Any]], cursor: Write, *, is_new: bool) -> None:
        """Puts a batch and the cursor on disk together. Raises `StoreError`."""


@dataclass(frozen=True, slots=True)
class PollHealth:
    """How polling fares. `trouble` is empty while all is well."""

    last_success_at: int | None = None
    trouble: str = ""
    trouble_since: int | None = None

    def is_fresh(self, now: int, *, within_seconds: float) -> bool:
        """Whether a poll succeeded lately enough."""
        return self.last_success_at is not None and now - self.last_success_at <= within_seconds * SECOND


class UpdatePoller:
    """Takes updates from Telegram to `take`, which returns once batch and cursor are on disk (`Intake.keep`)."""

    def __init__(
        self,
        store: Store,
        client: TelegramClient,
        clock: Clock,
        *,
        take: Take,
        poll_seconds: int = 25,
        random_source: random.Random | None = None,
        guard: Callable[[], Write] = lambda: NOTHING,
    ) -> None:
        """`guard`: refuses with `LeaseLost` what this process writes after another has begun to poll."""
        self._guard = guard
        self.mark = Mark()
        """By when the next poll must have come back, for the watchdog."""
        self._store = store
        self._client = client
        self._clock = clock
        self._take = take
        self._poll_seconds = poll_seconds
        self._random = random_source or random.Random()
        self._stream = f"telegram:{client.bot_id}"
        self._failures = 0
        self._is_contested = False
        """Another program polls: what is won back by a poll that does not wait is lost with the next."""
        self._may_have_webhook = True
        self.health = PollHealth()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Polls until cancelled. Started at once: the daemon waits for an unreachable Telegram while it runs."""
        task_status.started()
        try:
            while True:
                try:
                    await self._poll()
                except LeaseLost:
                    raise
                except (TelegramError, StoreError) as error:
                    await self._back_off(error)
        finally:
            self.mark.rest()

    async def _poll(self) -> None:
        self.mark.expect(self._poll_seconds + _SLACK_SECONDS)
        if self._may_have_webhook:
            await delete_webhook(self._client)
            self._may_have_webhook = False
        offset = await self._store.cursors.get(self._stream)
        polls = poll_updates(self._client, offset, timeout_seconds=self._poll_seconds)
        is_first = True
        async with aclosing(polls) as batches:
            async for batch in batches:
                self.mark.expect(self._poll_seconds + _SLACK_SECONDS)
                if batch:
                    offset = await self._keep(batch, offset)
                if is_first and self._is_contested:
                    # It did not wait, so it only threw the other program out, which will do the same to the next one.
                    self.health = replace(self.health, last_success_at=self._clock.now())
                else:
                    self._note_success()
                is_first = False

    async def _keep(self, batch: list[dict[str, Any]], offset: int | None) -> int:
        """Batch and cursor are on disk when this returns. The new offset."""
        new_offset = next_offset(batch)
        cursor = self._store.cursors.move(self._stream, new_offset, now=self._clock.now())
        await self._take(batch, self._guard() + cursor, is_new=_is_news(batch, offset))
        return new_offset

    def _note_success(self) -> None:
        if self.health.trouble:
            log.info("polling_again", failures=self._failures)
        self._failures = 0
        self._is_contested = False
        self.health = PollHealth(self._clock.now())

    async def _back_off(self, error: TelegramError | StoreError) -> None:
        words, seconds = self._judge(error)
        self._failures += 1
        self._is_contested = isinstance(error, Conflict) and error.kind != "webhook_set"
        if self.health.trouble != words:
            log.warning("polling_stopped", trouble=words, error=type(error).__name__)
            self.health = replace(self.health, trouble=words, trouble_since=self._clock.now())
        self.mark.expect(seconds + _SLACK_SECONDS)
        await trio.sleep(seconds)

    def _judge(self, error: TelegramError | StoreError) -> tuple[str, float]:
        """What is the matter, in words, and how long to wait."""
        ceiling = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(self._failures, 10))
        wait = self._random.uniform(ceiling / 2, ceiling)
        if isinstance(error, RetryAfter):
            return f"Telegram asks to wait {error.seconds:.0f} s", error.seconds
        if isinstance(error, Conflict) and error.kind == "webhook_set":
            self._may_have_webhook = True
            return "a webhook is set for this bot; deleting it", wait
        return words_for(error), wait


def words_for(error: TelegramError | StoreError) -> str:
    """What keeps updates from coming, for operators."""
    if isinstance(error, Conflict):
        return "another program polls for this bot (409): stop it, or give each its own bot"
    if isinstance(error, Unauthorized):
        return "Telegram does not know this bot's token (401): look at AURORA_TELEGRAM__TOKEN"
    if isinstance(error, NetworkTrouble):
        return f"Telegram can't be reached: {error}"
    if isinstance(error, ServerTrouble):
        return f"Telegram is in trouble: {error}"
    if isinstance(error, StoreError):
        return f"the store takes no updates: {error}"
    return f"Telegram refused to give updates: {error}"


def _is_news(batch: list[dict[str, Any]], offset: int | None) -> bool:
    """Whether every update is surely new: ids rise and begin at the offset. Others may be rows already."""
    last = -1 if offset is None else offset - 1
    for raw in batch:
        if raw["update_id"] <= last:
            return False
        last = raw["update_id"]
    return True
