"""Where Telegram brings updates: the secret first, then the body, then 200 once the update is on disk.

Any other status makes Telegram bring the update again, and hold back what came after it in the same chat.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog
from starlette.responses import PlainTextResponse, Response

from daemon.inbox.webhook import NotReceiving, NoUpdate
from store.errors import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request

    from daemon.inbox.webhook import WebhookReceiver

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook/"
LARGEST_UPDATE = 1024 * 1024
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
RETRY_SECONDS = "2"


class TelegramWebhook:
    """Answers `POST /telegram/webhook/{bot}`."""

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver
        self._strangers = 0

    async def answer(self, request: Request) -> Response:
        """One delivery."""
        if request.path_params["bot"] != str(self._receiver.bot_id):
            return PlainTextResponse("no such bot", 404)
        if not self._receiver.knows(request.headers.get(SECRET_HEADER, "")):
            return self._refuse_stranger()
        body = await _read_body(request)
        if body is None:
            log.error("update_too_large", most_bytes=LARGEST_UPDATE)
            return PlainTextResponse("too large", 413)
        try:
            await self._receiver.accept(body)
        except NoUpdate:
            log.warning("delivery_without_update", size=len(body))
            return PlainTextResponse("not an update", 400)
        except (NotReceiving, StoreError) as error:
            log.info("delivery_put_off", error=type(error).__name__)
            return PlainTextResponse("bring it again", 503, {"retry-after": RETRY_SECONDS})
        return Response(status_code=200)

    def _refuse_stranger(self) -> Response:
        # Said at powers of two: a scanner must not fill the log.
        self._strangers += 1
        if self._strangers & (self._strangers - 1) == 0:
            log.warning("webhook_called_without_secret", times=self._strangers)
        return PlainTextResponse("not allowed", 403)


async def _read_body(request: Request) -> bytes | None:
    """The body; None when it is too large, however it was sent."""
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > LARGEST_UPDATE:
                return None
    return bytes(body)
