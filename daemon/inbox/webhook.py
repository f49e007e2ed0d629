"""WebhookReceiver: updates that Telegram brings to our HTTP door, instead of polls.

Telegram delivers each chat's updates one at a time and again until it is answered 200, so that answer is given only
when the update is on disk (`Intake.keep`); everything else is `retry`. Who calls is known by the secret that was handed
over with the address: derived from the daemon's own key, it is the same in every life and process and stands nowhere.

Started last by `main` and stopped first, like the poller whose place it takes; its health is Telegram's own account of
how delivery fares (`getWebhookInfo`), read now and then, in the words of `PollHealth`.
"""

from __future__ import annotations

import hmac
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import structlog
import trio

from daemon.clock import SECOND
from daemon.errors import Temporary
from daemon.inbox.poller import PollHealth, words_for
from daemon.supervisor.progress import Mark
from store.write import NOTHING
from telegram_client.errors import RetryAfter, ServerTrouble, TelegramError
from telegram_client.long_poll import read_batch
from telegram_client.methods import get_webhook_info, set_webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.clock import Clock
    from daemon.inbox.poller import Take
    from store.write import Write
    from telegram_client.client import TelegramClient
    from telegram_client.types import WebhookInfo

log = structlog.get_logger(__name__)

CONNECTIONS = 32
"""Deliveries side by side; half of what the HTTP door has room for."""
LOOK_SECONDS = 20.0
"""Below what `/readyz` takes for fresh."""
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_SLACK_SECONDS = 90.0
"""For a call's own deadline and a wait; whoever is later than that hangs."""


class NotReceiving(Temporary):
    """This process takes no updates at the moment; Telegram tries again."""


class NoUpdate(Exception):
    """What was brought is no update."""


class WebhookReceiver:
    """Sets the webhook, watches over it, and takes what it brings to `take` (`Intake.keep`)."""

    def __init__(
        self,
        client: TelegramClient,
        clock: Clock,
        *,
        take: Take,
        url: str,
        secrets: Sequence[str],
        has_neighbours: Callable[[], bool] = lambda: False,
        guard: Callable[[], Write] = lambda: NOTHING,
        random_source: random.Random | None = None,
    ) -> None:
        """`secrets`: the one that is handed over, and earlier ones that may still come along.

        `has_neighbours`: other processes answer what this one only puts on disk. `guard`: refuses with `LeaseLost` what
        this one answers after another has taken its place.
        """
        self._client = client
        self._clock = clock
        self._take = take
        self._url = url
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._secret = secrets[0]
        self._has_neighbours = has_neighbours
        self._guard = guard
        self.mark = Mark()
        self._random = random_source or random.Random()
        self._failures = 0
        self._is_running = False
        self.health = PollHealth()

    @property
    def bot_id(self) -> int:
        """Whose updates these are; stands in the address."""
        return self._client.bot_id

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Receives until cancelled. Started at once: an unreachable Telegram is waited for."""
        self._is_running = True
        task_status.started()
        try:
            while True:
                self.mark.expect(LOOK_SECONDS + _SLACK_SECONDS)
                try:
                    await set_webhook(self._client, self._url, secret=self._secret, max_connections=CONNECTIONS)
                    await self._watch()
                except TelegramError as error:
                    await self._back_off(error)
        finally:
            self._is_running = False
            self.mark.rest()

    def knows(self, secret: str) -> bool:
        """Whether this came along with a delivery of Telegram's."""
        given = secret.encode("utf-8", "replace")
        # All are compared, so that the time tells nothing of which was nearly right.
        return sum(hmac.compare_digest(given, known) for known in self._secrets) > 0

    async def accept(self, body: bytes) -> None:
        """Returns once the update is on disk. Raises `NoUpdate`, `NotReceiving`, `StoreError`: bring it again."""
        batch = _read(body)
        if self._is_running:
            await self._take(batch, self._guard(), is_new=True)
        elif self._has_neighbours():
            await self._take(batch, NOTHING, is_new=False)
        else:
            raise NotReceiving

    async def _watch(self) -> None:
        """Until another address is set for this bot."""
        looked_at = self._clock.now()
        while True:
            info = await get_webhook_info(self._client)
            self.mark.expect(LOOK_SECONDS + _SLACK_SECONDS)
            if info.url != self._url:
                self._note_trouble("another address is set as this bot's webhook; setting ours again")
                await trio.sleep(self._wait_seconds())
                return
            self._note(info, looked_at)
            looked_at = self._clock.now()
            await trio.sleep(LOOK_SECONDS)

    def _note(self, info: WebhookInfo, looked_at: int) -> None:
        self._failures = 0
        now = self._clock.now()
        if info.pending_update_count and info.last_error_date * SECOND >= looked_at - LOOK_SECONDS * SECOND:
            waiting = info.pending_update_count
            self._note_trouble(f"Telegram can't deliver {waiting} updates: {info.last_error_message[:200]}")
            self.health = replace(self.health, last_success_at=now)
            return
        if self.health.trouble:
            log.info("receiving_again")
        self.health = PollHealth(now)

    def _note_trouble(self, words: str) -> None:
        if self.health.trouble != words:
            log.warning("receiving_hindered", trouble=words)
            self.health = replace(self.health, trouble=words, trouble_since=self._clock.now())

    async def _back_off(self, error: TelegramError) -> None:
        self._note_trouble(words_for(error))
        wait_seconds = error.seconds if isinstance(error, RetryAfter) else self._wait_seconds()
        self.mark.expect(wait_seconds + _SLACK_SECONDS)
        await trio.sleep(wait_seconds)

    def _wait_seconds(self) -> float:
        ceiling = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._random.uniform(ceiling / 2, ceiling)


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        return read_batch([orjson.loads(body)])
    except (orjson.JSONDecodeError, ServerTrouble):
        raise NoUpdate from None
