"""The world's HTTP server on a real loopback socket: keep-alive, mounts, cuts, clients that misbehave or leave."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2
import pytest
import trio

from daemon.sandbox.server import MAX_BODY_BYTES, Mounts, read_target, serve_on_loopback
from daemon.sandbox.service import ConnectionCut, Request, Response, answer_json


class Echo:
    """Tells what it was asked."""

    async def handle(self, request: Request) -> Response:
        seen = {"method": request.method, "path": request.path, "query": request.query, "size": len(request.body)}
        return answer_json({**seen, "agent": request.headers.get("user-agent")})


class Moody:
    """Does what the path says."""

    def __init__(self) -> None:
        self.executed = trio.Event()

    async def handle(self, request: Request) -> Response:
        if request.path == "/cut":
            raise ConnectionCut
        if request.path == "/half":
            raise ConnectionCut(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhal")
        if request.path == "/slow":
            await trio.sleep(0.05)
            self.executed.set()
        if request.path == "/bug":
            raise ZeroDivisionError
        return Response(204)


@pytest.fixture(autouse=True)
async def patience(nursery):
    """A server that hangs fails its test in seconds, not in minutes."""

    async def lose_patience() -> None:
        await trio.sleep(10)
        pytest.fail("the server hangs")

    nursery.start_soon(lose_patience)


@asynccontextmanager
async def client_of(service):
    async with serve_on_loopback(service) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


async def test_a_request_reaches_its_service_whole():
    async with client_of(Echo()) as client:
        answer = await client.post("/a%20b?x=1&x=2&y=", content=b"12345", headers={"user-agent": "me"})
    assert answer.json() == {
        "method": "POST",
        "path": "/a b",
        "query": {"x": ["1", "2"], "y": [""]},
        "size": 5,
        "agent": "me",
    }


async def test_one_connection_carries_many_requests():
    async with serve_on_loopback(Echo()) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        for _ in range(3):
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 200 OK")
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 200 OK")
        assert await stream.receive_some(1) == b""
        await stream.aclose()


async def test_chunked_bodies_are_put_together():
    async def body():
        yield b"ab"
        yield b"cde"

    async with client_of(Echo()) as client:
        assert (await client.post("/", content=body())).json()["size"] == 5


async def test_the_longest_mount_wins_and_sees_the_path_below():
    mounts = Mounts({"/hh": Echo(), "/hh/site": Moody(), "/": Moody()})
    async with client_of(mounts) as client:
        assert (await client.get("/hh/vacancies/1")).json()["path"] == "/vacancies/1"
        assert (await client.get("/hh/site/x")).status_code == 204
        assert (await client.get("/hhx")).status_code == 204


async def test_nothing_mounted_is_not_found():
    async with client_of(Mounts({"/hh": Echo()})) as client:
        assert (await client.get("/other")).status_code == 404


@pytest.mark.parametrize("path", ["/cut", "/half"])
async def test_a_cut_ends_the_connection_without_an_answer(path):
    async with client_of(Moody()) as client:
        with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
            await client.get(path)
        assert (await client.get("/")).status_code == 204


async def test_what_was_read_whole_is_carried_out_without_its_client():
    moody = Moody()
    async with serve_on_loopback(moody) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await stream.aclose()
        with trio.fail_after(2):
            await moody.executed.wait()


async def test_a_half_sent_request_is_never_carried_out():
    moody = Moody()
    async with serve_on_loopback(moody) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        await stream.aclose()
        with trio.move_on_after(0.2):
            await moody.executed.wait()
    assert not moody.executed.is_set()


async def test_nonsense_is_answered_with_bad_request():
    async with serve_on_loopback(Echo()) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 400 ")
        await stream.aclose()


async def test_a_body_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("daemon.sandbox.server.MAX_BODY_BYTES", 100)
    assert MAX_BODY_BYTES > 10_000_000
    async with client_of(Echo()) as client:
        assert (await client.post("/", content=b"x" * 200)).status_code == 413


async def test_a_bug_in_a_double_is_a_server_error_and_no_end_of_the_world(expected_errors):
    async with client_of(Moody()) as client:
        assert (await client.get("/bug")).status_code == 500
        assert (await client.get("/")).status_code == 204


async def test_head_has_no_body():
    async with client_of(Echo()) as client:
        answer = await client.head("/")
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await client.get("/")).status_code == 200


async def test_only_loopback_is_bound():
    async with serve_on_loopback(Echo()) as port:
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream("127.0.0.2", port)


async def test_targets_are_read_as_the_server_reads_them():
    request = read_target("GET", "/a%2Fb?c=%D0%B4", {}, b"")
    assert (request.path, request.query) == ("/a/b", {"c": ("д",)})
