"""Webhook deliveries of the simulated Telegram: each chat's updates one by one and in order, chats side by side.

As the Bot API server does it (facts/telegram.md): at most `max_connections` at once, again after a growing wait until
the answer is 2xx, `Retry-After` honoured, and what went wrong last is told by getWebhookInfo.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import trio

from daemon.http_client import AnswerLost, NotSent, send

if TYPE_CHECKING:
    import httpx2

    from daemon.sandbox.telegram_updates import UpdateQueue, Waiting, Webhook

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the bot's server answered; `status` 0: nothing."""

    status: int
    trouble: str = ""
    retry_after_seconds: float | None = None


Post = Callable[["Webhook", bytes], Awaitable[Delivered]]


class WebhookCourier:
    """Brings what waits to whoever has set a webhook."""

    def __init__(self, updates: UpdateQueue, post: Post) -> None:
        self._updates = updates
        self._post = post
        self._busy: set[Any] = set()

    async def run(self) -> None:
        """For ever; without a webhook it waits for one."""
        async with trio.open_nursery() as nursery:
            while True:
                stirred = self._updates.stirred
                webhook = self._updates.webhook
                for waiting in self._updates.waiting() if webhook is not None else ():
                    if webhook is not None and len(self._busy) >= webhook.max_connections:
                        break
                    if waiting.chat not in self._busy:
                        self._busy.add(waiting.chat)
                        nursery.start_soon(self._bring, waiting)
                await stirred.wait()

    async def _bring(self, waiting: Waiting) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        try:
            while (webhook := self._updates.webhook) is not None:
                answer = await self._post(webhook, orjson.dumps(waiting.body))
                if 200 <= answer.status < 300:
                    self._updates.confirm(waiting)
                    return
                status = f"Wrong response from the webhook: {answer.status}"
                self._updates.note_failure(answer.trouble or status)
                await trio.sleep(answer.retry_after_seconds or wait_seconds)
                wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)
        finally:
            self._busy.discard(waiting.chat)
            self._updates.stir()


def post_with(http: httpx2.AsyncClient) -> Post:
    """Deliveries over the network."""

    async def post(webhook: Webhook, body: bytes) -> Delivered:
        headers = {"content-type": "application/json"}
        if webhook.secret:
            headers["x-telegram-bot-api-secret-token"] = webhook.secret
        request = http.build_request("POST", webhook.url, content=body, headers=headers)
        try:
            answer = await send(http, request, total_seconds=ANSWER_SECONDS)
        except (NotSent, AnswerLost) as error:
            return Delivered(0, f"Connection failed: {error}")
        return Delivered(answer.status, retry_after_seconds=answer.retry_after_seconds)

    return post
