"""A loopback HTTP server on plain sockets (or TLS) that does what a `Peer` says; the real transport is tested on it."""

from __future__ import annotations

import gzip
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httptools
import trio

from tests.fakes.transport import Answer, Cut, Hang, Peer, Seen

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator


class _RequestReader:
    def __init__(self):
        self.parser = httptools.HttpRequestParser(self)
        self.reset()

    def reset(self):
        self.url = b""
        self.headers = {}
        self.body = b""
        self.is_complete = False

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        # As the sender wrote it, so that the fake and the real one show the same names.
        self.headers[name.decode()] = value.decode()

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.is_complete = True

    def take(self):
        seen = Seen(self.parser.get_method().decode(), self.url.decode(), self.headers, self.body)
        self.reset()
        return seen


@dataclass
class Loopback:
    """What the server has lived through."""

    url: str
    port: int
    connections: int = 0
    open_connections: int = 0
    requests: list[Seen] = field(default_factory=list)


def head_of(answer: Answer, body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} X"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.is_gzip:
        lines.append("Content-Encoding: gzip")
    if answer.is_chunked:
        lines.append("Transfer-Encoding: chunked")
    elif answer.has_length:
        lines.append(f"Content-Length: {len(body)}")
    if answer.closes or not (answer.has_length or answer.is_chunked):
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode()


async def send_answer(stream, answer: Answer) -> bool:
    """False when the connection must end now."""
    body = gzip.compress(answer.body) if answer.is_gzip else answer.body
    await stream.send_all(head_of(answer, body))
    if answer.cut_after is not None:
        await stream.send_all(body[: answer.cut_after])
        return False
    if answer.is_chunked:
        for start in range(0, len(body), 1000):
            piece = body[start : start + 1000]
            await stream.send_all(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await stream.send_all(b"0\r\n\r\n")
    else:
        await stream.send_all(body)
    return (answer.has_length and not answer.closes) or answer.is_chunked


@asynccontextmanager
async def serve_peer(peer: Peer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serves on a free loopback port until the block ends."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    server = Loopback(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port)

    async def handle(stream):
        server.connections += 1
        server.open_connections += 1
        try:
            if tls is not None:
                stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
            await _converse(stream, peer, server)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            server.open_connections -= 1
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        yield server
        nursery.cancel_scope.cancel()


async def _converse(stream, peer, server):
    reader = _RequestReader()
    while True:
        while not reader.is_complete:
            data = await stream.receive_some(65536)
            if not data:
                return
            reader.parser.feed_data(data)
        seen = reader.take()
        server.requests.append(seen)
        answer = await peer(seen)
        if isinstance(answer, Hang):
            await stream.receive_some(1)  # until the client gives up
            return
        if isinstance(answer, Cut) or not await send_answer(stream, answer):
            return
