"""The simulated world in memory: the same doubles that serve sockets, behind the daemon's own two doors.

`telegram_peer` is a peer for `FakeTransport` (so the Bot API in memory passes the transport's contract);
`WorldHttp` is an httpx2 transport for boards, models and a person's browser. Both keep to virtual time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import trio

from daemon.sandbox.server import Mounts, read_target
from daemon.sandbox.service import ConnectionCut, Request, Response, Service
from tests.fakes.transport import Answer, Cut, FakeTransport, Hang, Peer, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram_client.transport import Transport


def telegram_peer(service: Service) -> Peer:
    """A simulated Bot API server as the other side of a fake transport."""

    async def peer(seen: Seen) -> Answer | Cut | Hang:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        try:
            response = await service.handle(read_target(seen.method, seen.path, headers, seen.body))
        except ConnectionCut as cut:
            return _half(cut)
        return Answer(response.status, response.body, response.headers)

    return peer


def telegram_transport(service: Service) -> Transport:
    """A transport that reaches the simulated Bot API server without any network."""
    return FakeTransport(telegram_peer(service))


def _half(cut: ConnectionCut) -> Answer | Cut:
    head, _, body = cut.sent.partition(b"\r\n\r\n")
    if not head:
        return Cut()
    status = int(head.split(b" ", 2)[1])
    return Answer(status, body + b"?", cut_after=len(body))


class WorldHttp(httpx2.AsyncBaseTransport):
    """Reaches services by the host and port of an address, and web applications of our own beside them."""

    def __init__(self, hosts: Mapping[str, Service]) -> None:
        self._hosts = hosts

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        service = self._hosts.get(request.url.netloc.decode())
        if service is None:
            raise httpx2.ConnectError("nobody is there", request=request)
        body = await request.aread()
        headers = {name.lower(): value for name, value in request.headers.items()}
        # A real socket read gives other tasks a turn; so does this.
        await trio.lowlevel.checkpoint()
        seconds = request.extensions.get("timeout", {}).get("read") or float("inf")
        with trio.move_on_after(seconds):
            return await self._ask(service, request, headers, body)
        raise httpx2.ReadTimeout("no answer in time", request=request)

    async def _ask(
        self, service: Service, request: httpx2.Request, headers: Mapping[str, str], body: bytes
    ) -> httpx2.Response:
        target = request.url.raw_path.decode()
        try:
            response = await service.handle(read_target(request.method, target, headers, body))
        except ConnectionCut as cut:
            kind = httpx2.RemoteProtocolError if cut.sent else httpx2.ReadError
            raise kind("cut by the simulated world", request=request) from None
        return httpx2.Response(response.status, headers=dict(response.headers), content=response.body, request=request)


class AsgiService:
    """One of our own ASGI applications as a service: the daemon's web door in memory."""

    def __init__(self, app) -> None:
        self._transport = httpx2.ASGITransport(app)

    async def handle(self, request: Request) -> Response:
        query = httpx2.QueryParams([(name, value) for name, values in request.query.items() for value in values])
        url = httpx2.URL(f"http://127.0.0.1{request.path}", params=query)
        answer = await self._transport.handle_async_request(
            httpx2.Request(request.method, url, headers=dict(request.headers), content=request.body)
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, await answer.aread())


__all__ = ["AsgiService", "Mounts", "WorldHttp", "telegram_peer", "telegram_transport"]
