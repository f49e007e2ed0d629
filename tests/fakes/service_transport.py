"""ServiceTransport: simulated servers behind an httpx2 client, in memory, so that virtual time works."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import httpx2
import trio

from daemon.sandbox.service import ConnectionCut, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.sandbox.service import Service


class ServiceTransport(httpx2.AsyncBaseTransport):
    """Finds the service by the longest base address that fits; nobody there: connection refused."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = sorted(services.items(), key=lambda item: len(item[0]), reverse=True)
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await trio.lowlevel.checkpoint()
        self.requests.append(request)
        url = str(request.url.copy_with(query=None))
        for base, service in self._services:
            if url == base or url.startswith(f"{base}/"):
                return await _answer(service, url.removeprefix(base) or "/", request)
        raise httpx2.ConnectError("nobody listens there")


async def _answer(service: Service, path: str, request: httpx2.Request) -> httpx2.Response:
    query: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(request.url.query.decode(), keep_blank_values=True):
        query[name] = (*query.get(name, ()), value)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        response = await service.handle(Request(request.method, unquote(path), query, headers, await request.aread()))
    except ConnectionCut:
        raise httpx2.RemoteProtocolError("server closed the connection") from None
    return httpx2.Response(response.status, headers=dict(response.headers), content=response.body)
