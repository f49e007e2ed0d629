"""Outgoing HTTP to boards and models: one way to make a client, one way to send, and the word on what was sent.

Adapters send through `send`. It caps time and size, and turns the library's twenty exceptions into the only question
the effect ledger asks: did the request surely not leave (`NotSent`), or may the server have carried it out
(`AnswerLost`)? A lost answer once taken for "not sent" is a second application to the same vacancy, so everything that
is not proven to have failed before the first byte counts as sent.

DaemonError
├── NotSent (Temporary)      no byte of the request reached the server
└── AnswerLost (Temporary)   it may have arrived; the answer did not, or was too long, or could not be read
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx2
import orjson
import trio

from daemon.errors import Temporary

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

MAX_ANSWER_BYTES = 8 * 1024 * 1024
TOTAL_SECONDS = 45.0
KEEPALIVE_SECONDS = 5.0
"""Short on purpose: a connection the server has just closed turns the next POST into an uncertain one."""

_NEVER_LEFT = (
    httpx2.ConnectError,  # refused, no route, unknown host, TLS not agreed
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,  # the proxy refused the tunnel
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


class NotSent(Temporary):
    """The request did not leave."""


class AnswerLost(Temporary):
    """The request may have arrived; its answer was lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> object:
        """The body as JSON; None when it is something else (an HTML page, nothing at all)."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def retry_after_seconds(self) -> float | None:
        """`Retry-After` in seconds; None when it is missing or a date."""
        try:
            seconds = float(self.headers.get("retry-after", ""))
        except ValueError:
            return None
        return seconds if 0 <= seconds < float("inf") else None


def make_http_client(
    *,
    proxy: str | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
    connect_seconds: float = 10.0,
    read_seconds: float = 30.0,
    max_connections: int = 100,
) -> httpx2.AsyncClient:
    """A client without surprises: no proxy from the environment, no redirects followed, every wait bounded.

    `proxy` is `http://`, `https://` or `socks5://`. `transport` replaces the network (tests, the simulated world).
    """
    return httpx2.AsyncClient(
        proxy=proxy if transport is None else None,
        transport=transport,
        verify=trusted_certificates(),
        timeout=httpx2.Timeout(connect=connect_seconds, read=read_seconds, write=read_seconds, pool=connect_seconds),
        limits=httpx2.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections // 2,
            keepalive_expiry=KEEPALIVE_SECONDS,
        ),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def trusted_certificates() -> ssl.SSLContext:
    """The certificates everybody trusts. Read once: it takes 50 ms, and every client's are the same."""
    return httpx2.create_ssl_context(trust_env=False)


async def send(
    http: httpx2.AsyncClient,
    request: httpx2.Request,
    *,
    total_seconds: float = TOTAL_SECONDS,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> Answer:
    """Sends once and reads the whole answer. Raises `NotSent` or `AnswerLost`, never an error of the library.

    Neither error carries the library's exception as its cause: that one holds the request, and with it the token.
    """
    failure: Temporary
    with trio.move_on_after(total_seconds):
        try:
            return await _exchange(http, request, max_bytes)
        except _NEVER_LEFT as error:
            failure = NotSent(f"not sent: {type(error).__name__}")
        except (httpx2.HTTPError, httpx2.StreamError, _TooLong) as error:
            failure = AnswerLost(f"answer lost: {type(error).__name__}")
        raise failure from None
    raise AnswerLost(f"no whole answer in {total_seconds:g} s")


class _TooLong(Exception):
    """The answer passes the cap."""


async def _exchange(http: httpx2.AsyncClient, request: httpx2.Request, max_bytes: int) -> Answer:
    response = await http.send(request, stream=True)
    try:
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > max_bytes:
                    raise _TooLong
    finally:
        # Closing may write to the network; without a shield a cancelled caller would leave the connection half-read.
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await response.aclose()
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(body))
