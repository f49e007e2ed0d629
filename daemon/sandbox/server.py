"""A small HTTP/1.1 server on Trio streams: mounts the doubles by path prefix on one loopback port.

Made for misbehaving on purpose: a `ConnectionCut` ends the connection with a reset (SO_LINGER 0), as a dying server
does, and a request that was read whole is carried out even when its client is gone, as a real server would. That last
point is what makes a kill between request and answer an honest test.
"""

from __future__ import annotations

import socket
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

import httptools
import structlog
import trio

from daemon.sandbox.service import ConnectionCut, Request, Response, Service, answer_json
from daemon.sandbox.wire import serialise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

log = structlog.get_logger(__name__)

READ_BYTES = 65536
MAX_BODY_BYTES = 32 * 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Mounts:
    """Several services under one address; the longest matching prefix wins."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = sorted(
            ((prefix.rstrip("/"), service) for prefix, service in services.items()), key=lambda pair: -len(pair[0])
        )

    async def handle(self, request: Request) -> Response:
        """Answers from the service mounted above this path, which sees the path below its own mount point."""
        for prefix, service in self._services:
            if request.path == prefix or request.path.startswith(prefix + "/"):
                below = request.path[len(prefix) :] or "/"
                return await service.handle(
                    Request(request.method, below, request.query, request.headers, request.body)
                )
        return answer_json({"error": "nothing is mounted here"}, 404)


class _Incoming:
    """One request being read; the parser's callbacks."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_complete = False
        self.keeps_alive = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True
        # Asked now: once the message is over the parser has forgotten its headers.
        self.keeps_alive = self.parser.should_keep_alive()


def read_target(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from its request line's target; shared with the in-memory doors of the tests."""
    path, _, query = target.partition("?")
    fields = {name: tuple(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
    return Request(method, unquote(path), fields, headers, body)


class WorldServer:
    """Serves one service (usually `Mounts`) to every connection of a listener."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def talk(self, stream: trio.SocketStream) -> None:
        """One connection, to its end. A client that misbehaves or leaves concerns nobody else."""
        try:
            while await self._serve_one(stream):
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("client_gone")
        except ConnectionCut as cut:
            with suppress(trio.BrokenResourceError):
                await _reset(stream, cut.sent)
        finally:
            with trio.move_on_after(1, shield=True):
                await stream.aclose()

    async def _serve_one(self, stream: trio.SocketStream) -> bool:
        """One request and its answer; False when the connection is over."""
        incoming = _Incoming()
        while not incoming.is_complete:
            data = await stream.receive_some(READ_BYTES)
            if not data:
                return False
            try:
                incoming.parser.feed_data(data)
            except httptools.HttpParserError:
                await stream.send_all(serialise(Response(400, {"connection": "close"}, b"bad request")))
                return False
            if len(incoming.body) > MAX_BODY_BYTES:
                await stream.send_all(serialise(Response(413, {"connection": "close"})))
                return False
        method = incoming.parser.get_method().decode()
        request = read_target(method, incoming.url.decode("latin-1"), incoming.headers, bytes(incoming.body))
        answer = await self._answer(request)
        if method == "HEAD":
            answer = Response(answer.status, answer.headers)
        await stream.send_all(serialise(answer))
        return incoming.keeps_alive

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._service.handle(request)
        except ConnectionCut:
            raise
        except Exception:
            # The edge of a connection's task: a bug of one double must not end the world for all the others.
            log.exception("double_failed", method=request.method)
            return Response(500, {"content-type": "text/plain"}, b"the simulated server has a bug; see its log")


async def _reset(stream: trio.SocketStream, sent: bytes) -> None:
    """Ends the connection with a reset, after the broken beginning of an answer."""
    if sent:
        await stream.send_all(sent)
        # The client must get to read the beginning: a reset throws away what still lies in its receive buffer.
        await trio.sleep(0.05)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


@asynccontextmanager
async def serve_on_loopback(service: Service, port: int = 0) -> AsyncIterator[int]:
    """Serves as long as the context lasts; gives the port. Only 127.0.0.1 is ever bound."""
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1", backlog=512)
    bound = int(listeners[0].socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, WorldServer(service).talk, listeners, name=f"world server {bound}")
        try:
            yield bound
        finally:
            nursery.cancel_scope.cancel()
