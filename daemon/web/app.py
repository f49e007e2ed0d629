"""Every page of the HTTP door on one page, and what all of them have in common: limits and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from daemon.metrics import CONTENT_TYPE
from daemon.web.telegram_webhook import LARGEST_UPDATE, PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from daemon.web.oauth_return import OauthReturn
    from daemon.web.probes import Probes
    from daemon.web.telegram_webhook import TelegramWebhook

log = structlog.get_logger(__name__)

LARGEST_BODY = 64 * 1024
REQUEST_SECONDS = 20.0
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"referrer-policy", b"no-referrer"),  # the board's code stands in the address
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def make_app(
    *,
    oauth_return: OauthReturn,
    probes: Probes,
    metrics_page: Callable[[], Awaitable[bytes]],
    webhook: TelegramWebhook | None = None,
) -> ASGIApp:
    """The application for `server.serve`. `webhook` None: updates are polled, and nobody brings any."""

    async def show_metrics(_request: Request) -> Response:
        return Response(await metrics_page(), headers={"content-type": CONTENT_TYPE})

    pages = Starlette(
        routes=[
            Route("/oauth/hh/callback", oauth_return.answer, methods=["GET"]),
            Route("/healthz", probes.show_alive, methods=["GET"]),
            Route("/readyz", probes.show_ready, methods=["GET"]),
            Route("/metrics", show_metrics, methods=["GET"]),
            *([Route(f"{PATH}{{bot}}", webhook.answer, methods=["POST"])] if webhook is not None else []),
        ],
    )
    return _Guard(pages)


def make_early_app(probes: Probes) -> ASGIApp:
    """While there is no store yet: alive and not ready; whoever brings something is asked to come again."""

    async def put_off(_request: Request) -> Response:
        return PlainTextResponse("try again later", 503)

    return _Guard(
        Starlette(
            routes=[
                Route("/healthz", probes.show_alive, methods=["GET"]),
                Route("/readyz", probes.show_ready, methods=["GET"]),
                Route("/{path:path}", put_off, methods=["GET", "POST"]),
            ],
        )
    )


class _Guard:
    """Refuses large bodies and slow answers, adds the headers, and keeps an error from showing anything."""

    def __init__(self, pages: ASGIApp) -> None:
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        most = LARGEST_UPDATE if scope["path"].startswith(PATH) else LARGEST_BODY
        if _body_length(scope["headers"]) > most:
            await PlainTextResponse("too large", 413)(scope, receive, send_with_headers)
            return
        status = 503
        try:
            with trio.move_on_after(REQUEST_SECONDS):
                await self._pages(scope, receive, send_with_headers)
                return
        except Exception:
            # The edge of the request: the next one is served.
            log.exception("web_page_failed", path=scope["path"])
            status = 500
        if not has_begun:
            await PlainTextResponse("try again later", status)(scope, receive, send_with_headers)


def _body_length(headers: list[tuple[bytes, bytes]]) -> int:
    lengths: Mapping[bytes, bytes] = dict(headers)
    text = lengths.get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0
