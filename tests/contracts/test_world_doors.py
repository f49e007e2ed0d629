"""The world answers alike through a socket and through the doors in memory: answers, cuts, halves, silence."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2
import pytest
import trio

from daemon.http_client import AnswerLost, NotSent, make_http_client, send
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.service import ConnectionCut, Request, Response, answer_json
from daemon.sandbox.wire import serialise
from telegram_client.errors import NetworkTrouble
from telegram_client.http_transport import HttpTransport
from telegram_client.transport import Deadlines, HttpRequest
from tests.fakes.world import WorldHttp, telegram_transport

HASTY = Deadlines(first_byte=0.2, total=0.5)


class Server:
    """Does what the path says; remembers what it carried out."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        if request.path == "/cut":
            raise ConnectionCut
        if request.path == "/half":
            answer = serialise(answer_json({"words": "x" * 100}))
            raise ConnectionCut(answer[:-50])
        if request.path == "/hang":
            await trio.sleep_forever()
        return Response(201, {"location": "/there", "x-more": "1"}, request.body)


@pytest.fixture(params=["socket", "memory"])
def open_http(request):
    @asynccontextmanager
    async def open_http(server):
        if request.param == "memory":
            async with make_http_client(transport=WorldHttp({"127.0.0.1:9": server}), read_seconds=0.3) as http:
                yield http, "http://127.0.0.1:9"
        else:
            async with serve_on_loopback(server) as port, make_http_client(read_seconds=0.3) as http:
                yield http, f"http://127.0.0.1:{port}"

    return open_http


@pytest.fixture(params=["socket", "memory"])
def open_transport(request):
    @asynccontextmanager
    async def open_transport(server):
        if request.param == "memory":
            yield telegram_transport(server)
            return
        async with serve_on_loopback(server) as port:
            transport = HttpTransport(f"http://127.0.0.1:{port}")
            yield transport
            await transport.aclose()

    return open_transport


async def test_http_answers_arrive_whole(open_http):
    server = Server()
    async with open_http(server) as (http, base):
        answer = await send(http, http.build_request("POST", f"{base}/a%20b?x=1&x=2", content=b"body"))
    assert (answer.status, answer.headers["location"], answer.body) == (201, "/there", b"body")
    assert (server.seen[0].path, server.seen[0].query) == ("/a b", {"x": ("1", "2")})


@pytest.mark.parametrize("path", ["/cut", "/half", "/hang"])
async def test_http_answers_that_do_not_come_are_lost(open_http, path):
    server = Server()
    async with open_http(server) as (http, base):
        with pytest.raises(AnswerLost):
            await send(http, http.build_request("POST", base + path))
    assert len(server.seen) == 1


async def test_nobody_there_means_not_sent(open_http):
    async with open_http(Server()) as (http, _):
        with pytest.raises(NotSent):
            await send(http, httpx2.Request("GET", "http://127.0.0.1:2/"))


async def test_telegram_answers_arrive_whole(open_transport):
    async with open_transport(Server()) as transport:
        response = await transport.send(HttpRequest("POST", "/bot1:x/getMe", {"X-A": "b"}, b"body"), HASTY)
    assert (response.status, response.body, response.headers["x-more"]) == (201, b"body", "1")


@pytest.mark.parametrize("path", ["/cut", "/half", "/hang"])
async def test_telegram_answers_that_do_not_come_are_trouble_after_sending(open_transport, path):
    async with open_transport(Server()) as transport:
        with pytest.raises(NetworkTrouble) as caught:
            await transport.send(HttpRequest("POST", path), HASTY)
    assert caught.value.sent is True
