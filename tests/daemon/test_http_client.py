"""What was surely not sent, what may have arrived, and the limits on what comes back."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING

import httpx2
import pytest
import trio

from daemon.http_client import Answer, AnswerLost, NotSent, make_http_client, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

TOKEN = "canary-token-0123456789"


class Endless(httpx2.AsyncByteStream):
    """A body that never ends, or never goes on."""

    def __init__(self, *, hangs_after: int | None = None) -> None:
        self.is_closed = False
        self._hangs_after = hangs_after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sent = 0
        while self._hangs_after is None or sent < self._hangs_after:
            yield b"x" * 1024
            sent += 1024
        await trio.sleep_forever()

    async def aclose(self) -> None:
        self.is_closed = True


def client(handler: Callable[[httpx2.Request], Awaitable[httpx2.Response]]) -> httpx2.AsyncClient:
    return make_http_client(transport=httpx2.MockTransport(handler))


def raising(error: Exception) -> httpx2.AsyncClient:
    async def handle(request: httpx2.Request) -> httpx2.Response:
        raise error

    return client(handle)


def answering(response: httpx2.Response) -> httpx2.AsyncClient:
    async def handle(request: httpx2.Request) -> httpx2.Response:
        return response

    return client(handle)


def a_request() -> httpx2.Request:
    return httpx2.Request("POST", "https://board.example/x", headers={"Authorization": f"Bearer {TOKEN}"})


async def test_whole_answer_comes_back() -> None:
    response = httpx2.Response(201, headers={"Location": "/n/1", "Retry-After": "7"}, content=b'{"a": 1}')
    answer = await send(answering(response), a_request())
    assert (answer.status, answer.headers["location"], answer.json()) == (201, "/n/1", {"a": 1})
    assert answer.retry_after_seconds == 7.0


@pytest.mark.parametrize("value", ["", "soon", "-1", "inf", "nan", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_strange_retry_after_is_no_number(value: str) -> None:
    assert Answer(429, {"retry-after": value}, b"").retry_after_seconds is None


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"\xff\xfe"])
def test_body_that_is_not_json_is_none(body: bytes) -> None:
    assert Answer(200, {}, body).json() is None


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.PoolTimeout("full"),
        httpx2.ProxyError("403 Forbidden"),
        httpx2.UnsupportedProtocol("ftp"),
        httpx2.InvalidURL("no"),
    ],
)
async def test_failure_before_first_byte_is_not_sent(error: Exception) -> None:
    with pytest.raises(NotSent):
        await send(raising(error), a_request())


@pytest.mark.parametrize(
    "error",
    [
        httpx2.WriteError("broken pipe"),
        httpx2.WriteTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("closed without an answer"),
        httpx2.LocalProtocolError("bad"),
        httpx2.CloseError("closing"),
        httpx2.DecodingError("gzip"),
    ],
)
async def test_failure_after_first_byte_is_lost_answer(error: Exception) -> None:
    with pytest.raises(AnswerLost):
        await send(raising(error), a_request())


def test_every_error_of_the_library_is_sorted() -> None:
    """A new release with a new exception must be sorted by a person, not by luck."""

    def children(error: type[Exception]) -> set[str]:
        return {error.__name__}.union(*(children(child) for child in error.__subclasses__()))

    known = {"HTTPError", "RequestError", "TransportError", "TimeoutException", "NetworkError", "ProtocolError"}
    known |= {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
    known |= {"WriteError", "WriteTimeout", "ReadError", "ReadTimeout", "RemoteProtocolError", "LocalProtocolError"}
    known |= {"CloseError", "DecodingError", "TooManyRedirects", "HTTPStatusError", "SSEError"}
    assert children(httpx2.HTTPError) - known == set()


async def test_errors_hold_no_token() -> None:
    for error in (httpx2.ReadError("reset", request=a_request()), httpx2.ConnectError("no", request=a_request())):
        with pytest.raises((NotSent, AnswerLost)) as caught:
            await send(raising(error), a_request())
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert TOKEN not in repr(caught.value)


async def test_hanging_server_costs_the_deadline(autojump_clock: trio.testing.MockClock) -> None:
    body = Endless(hangs_after=2048)
    started = trio.current_time()
    with pytest.raises(AnswerLost, match="no whole answer in 20 s"):
        await send(answering(httpx2.Response(200, stream=body)), a_request(), total_seconds=20)
    assert trio.current_time() - started == pytest.approx(20)
    assert body.is_closed


async def test_endless_body_is_cut_off() -> None:
    body = Endless()
    with pytest.raises(AnswerLost, match="TooLong"):
        await send(answering(httpx2.Response(200, stream=body)), a_request(), max_bytes=100_000)
    assert body.is_closed


async def test_packed_body_is_measured_unpacked() -> None:
    packed = gzip.compress(b"0" * 1_000_000)
    response = httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=packed)
    with pytest.raises(AnswerLost):
        await send(answering(response), a_request(), max_bytes=500_000)


async def test_broken_gzip_is_a_lost_answer() -> None:
    class Body(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"no gzip at all"

    response = httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=Body())
    with pytest.raises(AnswerLost):
        await send(answering(response), a_request())


async def test_cancelled_call_closes_its_answer(autojump_clock: trio.testing.MockClock) -> None:
    body = Endless(hangs_after=0)
    with trio.move_on_after(1) as scope:
        await send(answering(httpx2.Response(200, stream=body)), a_request())
    assert scope.cancelled_caught
    assert body.is_closed


async def test_redirects_are_not_followed() -> None:
    response = httpx2.Response(303, headers={"Location": "https://employer.example/form"})
    assert (await send(answering(response), a_request())).status == 303


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with make_http_client() as http:
        assert http._mounts == {}


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_kinds_of_proxy_are_understood(scheme: str) -> None:
    async with make_http_client(proxy=f"{scheme}://127.0.0.1:1") as http:
        assert type(http._transport).__name__ == "AsyncHTTPTransport" or http._mounts


async def test_refused_connection_is_not_sent() -> None:
    with socket.socket() as reserved:  # bound and not listening: nobody else answers there
        reserved.bind(("127.0.0.1", 0))
        async with make_http_client() as http:
            with pytest.raises(NotSent):
                await send(http, httpx2.Request("GET", f"http://127.0.0.1:{reserved.getsockname()[1]}/"))


async def test_dead_proxy_is_not_sent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with make_http_client(proxy=f"socks5://127.0.0.1:{reserved.getsockname()[1]}") as http:
            with pytest.raises(NotSent):
                await send(http, httpx2.Request("GET", "http://board.example/"))


async def test_connection_cut_after_request_is_lost_answer() -> None:
    async def cut(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, cut, 0)
        port = listeners[0].socket.getsockname()[1]
        async with make_http_client() as http:
            with pytest.raises(AnswerLost):
                await send(http, httpx2.Request("POST", f"http://127.0.0.1:{port}/negotiations", content=b"x"))
        nursery.cancel_scope.cancel()


async def speak_socks(stream: trio.SocketStream) -> None:
    """A SOCKS5 proxy that is its own destination."""
    assert (await stream.receive_some())[:1] == b"\x05"
    await stream.send_all(b"\x05\x00")
    wanted = await stream.receive_some()
    assert b"board.example" in wanted, "the name is resolved by the proxy"
    await stream.send_all(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
    await stream.receive_some()
    await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi")
    await stream.aclose()


async def test_socks_proxy_carries_a_request() -> None:
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, speak_socks, 0)
        port = listeners[0].socket.getsockname()[1]
        async with make_http_client(proxy=f"socks5://127.0.0.1:{port}") as http:
            answer = await send(http, httpx2.Request("GET", "http://board.example/"))
        assert (answer.status, answer.body) == (200, b"hi")
        nursery.cancel_scope.cancel()
