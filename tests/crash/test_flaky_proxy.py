"""The proxy passes everything on, and fails in each way it is told to, and only as often."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from tests.crash.flaky_proxy import FAULTS, LATENCY_SECONDS, open_proxy

ANSWER = b"pong" * 100
SOON = 0.5


async def answer(asked, stream):
    async for data in stream:
        asked.append(data)
        await stream.send_all(ANSWER)


@asynccontextmanager
async def line():
    """A proxy before a server that answers each request; what it was asked, what was struck."""
    asked, struck = [], []
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, partial(answer, asked), listeners))
        async with open_proxy(port, struck.append) as (proxy, proxy_port):
            yield proxy, proxy_port, asked, struck
        nursery.cancel_scope.cancel()


async def ask(port, request=b"ping"):
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request)
        return await read_answer(stream)


async def read_answer(stream):
    """What came before the end, a reset or the patience did; and which of them."""
    got = b""
    with trio.move_on_after(SOON):
        while len(got) < len(ANSWER):
            try:
                data = await stream.receive_some()
            except trio.BrokenResourceError:
                return got, "reset"
            if not data:
                return got, "end"
            got += data
        return got, "whole"
    return got, "silence"


async def test_what_is_not_struck_is_passed_on():
    async with line() as (proxy, port, asked, struck):
        assert await ask(port) == (ANSWER, "whole")
        assert (asked, struck, proxy.struck) == ([b"ping"], [], 0)


OUTCOMES = {
    "latency": (b"", "silence"),
    "slow": (ANSWER, "whole"),
    "reset_before": (b"", "reset"),
    "reset_after": (b"", "reset"),
    "half_answer": (ANSWER[:200], "end"),
    "hang": (b"", "silence"),
    "black_hole": (b"", "silence"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
async def test_struck_exchange_fails_as_told_and_the_next_is_well(fault):
    async with line() as (proxy, port, asked, struck):
        proxy.arm(fault, 1)
        assert await ask(port) == OUTCOMES[fault]
        assert struck == [fault]
        was_carried_out = fault in {"slow", "reset_after", "half_answer"}
        assert bool(asked) == was_carried_out
        assert await ask(port) == (ANSWER, "whole")
        assert proxy.struck == 1


@pytest.mark.slow
async def test_late_bytes_come_after_all():
    async with line() as (proxy, port, _, _):
        proxy.arm("latency", 1)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            began = trio.current_time()
            await stream.send_all(b"ping")
            assert await stream.receive_some() == ANSWER
            assert trio.current_time() - began >= 2 * LATENCY_SECONDS


async def test_only_the_requests_meant_are_struck():
    async with line() as (proxy, port, _, _):
        proxy.arm("reset_before", 1, b"POST /negotiations")
        assert await ask(port, b"GET /negotiations") == (ANSWER, "whole")
        assert await ask(port, b"POST /negotiations") == (b"", "reset")


@pytest.mark.slow
async def test_black_hole_swallows_connections_that_were_open():
    async with line() as (proxy, port, asked, _), await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"ping")
        assert await read_answer(stream) == (ANSWER, "whole")
        proxy.arm("black_hole", 1)
        await stream.send_all(b"ping")
        assert await read_answer(stream) == (b"", "silence")
        assert asked == [b"ping"]
