"""The HTTP door on real sockets: limits that keep one client from harming the others, and clear errors at the start."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from daemon.web.server import PortTaken, WebLimits, WrongAddress, open_listener
from tests.daemon.web.http import fetch, open_door, read_all


async def is_served(door):
    async with await trio.open_tcp_stream("127.0.0.1", door.port) as stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            return b"200" in await read_all(stream)
    return False


async def test_free_port_is_told():
    async with open_door() as door:
        assert door.port > 0
        assert door.address == f"127.0.0.1:{door.port}"
        assert (await fetch(door.port, "/healthz")).status == 200


async def test_public_url_falls_back_to_the_address():
    async with open_door() as door:
        assert door.public_url("") == f"http://127.0.0.1:{door.port}"
        assert door.public_url("https://jobs.example") == "https://jobs.example"


async def test_taken_port_is_one_clear_error():
    async with open_door() as door:
        with pytest.raises(PortTaken, match="in use") as caught:
            await open_listener(door.address)
        assert "AURORA_WEB__LISTEN" in str(caught.value)


@pytest.mark.parametrize("listen", ["203.0.113.7:8080", "no-such-host.invalid:8080"])
async def test_address_of_somebody_else_is_one_clear_error(listen):
    with pytest.raises(WrongAddress, match="AURORA_WEB__LISTEN"):
        await open_listener(listen)


async def test_connections_beyond_the_limit_are_closed(logged):
    async with open_door(limits=WebLimits(connections=3, keep_alive_seconds=1.5)) as door:
        idle = [await trio.open_tcp_stream("127.0.0.1", door.port) for _ in range(3)]
        await trio.testing.wait_all_tasks_blocked(0.05)
        async with await trio.open_tcp_stream("127.0.0.1", door.port) as extra:
            assert await read_all(extra) == b""
        for stream in idle:
            await stream.aclose()
        with trio.fail_after(10):
            while not await is_served(door):  # noqa: ASYNC110 - hypercorn tells nobody when a place is free
                await trio.sleep(0.05)
    assert "web_connection_refused" in [line["event"] for line in logged]


async def test_idle_client_is_sent_away_and_others_are_served():
    limits = WebLimits(connection_seconds=0.6)
    async with open_door(limits=limits) as door, await trio.open_tcp_stream("127.0.0.1", door.port) as idle:
        assert (await fetch(door.port, "/healthz")).status == 200
        assert await read_all(idle) == b""


@pytest.mark.slow
async def test_client_that_never_reads_does_not_hold_up_the_end():
    big = b"x" * 50_000_000
    with trio.fail_after(5):
        async with open_door(page=lambda: big, limits=WebLimits(send_seconds=0.3)) as door:
            stream = await trio.open_tcp_stream("127.0.0.1", door.port)
            await stream.send_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await fetch(door.port, "/healthz")).status == 200
    await stream.aclose()


async def test_endless_headers_are_refused():
    async with open_door() as door, await trio.open_tcp_stream("127.0.0.1", door.port) as stream:
        try:
            await stream.send_all(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 100_000)
            reply = await read_all(stream)
        except trio.BrokenResourceError:
            reply = b""
        assert b"200 OK" not in reply


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50]
)
async def test_nonsense_harms_nobody(nonsense):
    async with open_door() as door:
        async with await trio.open_tcp_stream("127.0.0.1", door.port) as stream:
            await stream.send_all(nonsense)
            await stream.send_eof()
            await read_all(stream)
        assert (await fetch(door.port, "/healthz")).status == 200
