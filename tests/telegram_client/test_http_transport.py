"""Kept connections, and what a cancelled call leaves behind."""

import ssl

import pytest
import trio
import trustme

from telegram_client.errors import NetworkTrouble
from telegram_client.http_transport import IDLE_CONNECTIONS, HttpTransport
from telegram_client.transport import Deadlines, HttpRequest
from tests.fakes.loopback import serve_peer
from tests.fakes.transport import Answer, Cut, Hang

POST = HttpRequest("POST", "/bot1:x/sendMessage", {}, b"{}")
POLL = HttpRequest("POST", "/bot1:x/getUpdates", {}, b"{}", is_repeatable=True)
PATIENT = Deadlines()


def in_turn(*answers):
    left = list(answers)

    async def peer(seen):
        await trio.lowlevel.checkpoint()
        return left.pop(0) if len(left) > 1 else left[0]

    return peer


async def until(condition):
    """Real sockets need a moment; the test's own time limit ends this."""
    while not condition():  # noqa: ASYNC110 - the server side offers no signal
        await trio.sleep(0.001)


async def test_calls_one_after_the_other_share_a_connection():
    async with serve_peer(in_turn(Answer(200, b"x"))) as server:
        transport = HttpTransport(server.url)
        for _ in range(5):
            await transport.send(POST, PATIENT)
        assert server.connections == 1
        await transport.aclose()
        await until(lambda: server.open_connections == 0)


async def test_connection_of_a_closing_server_is_not_kept():
    async with serve_peer(in_turn(Answer(200, b"x", closes=True))) as server:
        transport = HttpTransport(server.url)
        for _ in range(3):
            await transport.send(POST, PATIENT)
        assert server.connections == 3
        assert transport._idle == []


async def test_cancelled_call_closes_its_connection():
    asked = trio.Event()

    async def never_answer(seen):
        asked.set()
        await trio.lowlevel.checkpoint()
        return Hang()

    async with serve_peer(never_answer) as server:
        transport = HttpTransport(server.url)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.send, POST, PATIENT)
            await asked.wait()
            nursery.cancel_scope.cancel()
        assert transport._idle == []
        await until(lambda: server.open_connections == 0)


async def test_call_cancelled_in_the_middle_of_an_answer_closes_its_connection():
    half_sent = trio.Event()

    async def serve_half(stream):
        await stream.receive_some(65536)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        half_sent.set()
        assert await stream.receive_some(1) == b""

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve_half, listeners)
        transport = HttpTransport(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        async with trio.open_nursery() as callers:
            callers.start_soon(transport.send, POST, PATIENT)
            await half_sent.wait()
            callers.cancel_scope.cancel()
        assert transport._idle == []
        nursery.cancel_scope.cancel()


async def test_random_cancels_neither_leak_nor_mix_up_answers():
    async def slow_echo(seen):
        await trio.sleep(0.002 * (len(seen.body) % 3))
        return Answer(200, seen.body)

    async with serve_peer(slow_echo) as server:
        transport = HttpTransport(server.url)

        async def churn(seed):
            for step in range(15):
                body = b"x" * (seed * 100 + step)
                with trio.move_on_after(0.001 * ((seed + step) % 5)):
                    answer = await transport.send(HttpRequest("POST", "/x", {}, body), PATIENT)
                    assert answer.body == body

        async with trio.open_nursery() as nursery:
            for seed in range(20):
                nursery.start_soon(churn, seed)
        assert (await transport.send(HttpRequest("POST", "/x", {}, b"after"), PATIENT)).body == b"after"
        await transport.aclose()
        await until(lambda: server.open_connections == 0)


async def test_kept_connection_that_was_closed_meanwhile_is_not_used():
    async with serve_peer(in_turn(Answer(200, b"x"))) as server:
        first = server.port
        transport = HttpTransport(server.url)
        await transport.send(POST, PATIENT)
        kept = transport._idle[0]
    assert first
    await until(lambda: not kept.is_quiet())
    with pytest.raises(NetworkTrouble) as caught:
        await transport.send(POST, PATIENT)
    assert not caught.value.sent, "the server is gone: nothing was sent on the dead connection"


async def test_old_connection_is_not_used(monkeypatch):
    monkeypatch.setattr("telegram_client.http_transport.IDLE_SECONDS", 0.0)
    async with serve_peer(in_turn(Answer(200, b"x"))) as server:
        transport = HttpTransport(server.url)
        await transport.send(POST, PATIENT)
        await transport.send(POST, PATIENT)
        assert server.connections == 2
        await transport.aclose()


async def test_send_on_a_connection_that_died_under_it_is_not_repeated():
    async with serve_peer(in_turn(Answer(200, b"x"), Cut(), Answer(200, b"y"))) as server:
        transport = HttpTransport(server.url)
        await transport.send(POST, PATIENT)
        with pytest.raises(NetworkTrouble) as caught:
            await transport.send(POST, PATIENT)
        assert caught.value.sent
        assert len(server.requests) == 2


async def test_poll_on_a_connection_that_died_under_it_is_repeated_once():
    async with serve_peer(in_turn(Answer(200, b"x"), Cut(), Answer(200, b"y"))) as server:
        transport = HttpTransport(server.url)
        await transport.send(POLL, PATIENT)
        assert (await transport.send(POLL, PATIENT)).body == b"y"
        assert server.connections == 2
        await transport.aclose()


async def test_fresh_connection_that_dies_is_not_tried_again():
    async with serve_peer(in_turn(Cut())) as server:
        transport = HttpTransport(server.url)
        with pytest.raises(NetworkTrouble):
            await transport.send(POLL, PATIENT)
        assert len(server.requests) == 1


async def test_request_the_server_never_read_whole_was_not_sent():
    """A server that resets in the middle of a large body has not seen the request's end."""

    async def reset(stream):
        await stream.receive_some(10)
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        stream.socket.close()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, reset, listeners)
        transport = HttpTransport(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        with pytest.raises(NetworkTrouble) as caught:
            await transport.send(HttpRequest("POST", "/x", {}, b"x" * 20_000_000), PATIENT)
        nursery.cancel_scope.cancel()
    assert not caught.value.sent


async def test_write_that_hangs_runs_into_its_deadline_and_was_not_sent():
    async def deaf(stream):
        await trio.sleep_forever()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, deaf, listeners)
        transport = HttpTransport(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        with pytest.raises(NetworkTrouble, match="sending") as caught:
            await transport.send(HttpRequest("POST", "/x", {}, b"x" * 20_000_000), Deadlines(write=0.05))
        nursery.cancel_scope.cancel()
    assert not caught.value.sent


async def test_trickling_answer_runs_into_the_total_deadline():
    async def trickle(stream):
        await stream.receive_some(65536)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.02)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, trickle, listeners)
        transport = HttpTransport(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        with pytest.raises(NetworkTrouble, match="reading") as caught:
            await transport.send(POST, Deadlines(total=1.0))
        nursery.cancel_scope.cancel()
    assert caught.value.sent


async def test_download_that_hangs_runs_into_the_total_deadline():
    async with serve_peer(in_turn(Hang())) as server:
        transport = HttpTransport(server.url)
        with pytest.raises(NetworkTrouble, match="time ran out"):
            async with transport.stream(POLL, Deadlines(first_byte=0.05)):
                pass


async def test_pool_keeps_a_bounded_number():
    together = trio.Event()
    waiting = 0

    async def gather(seen):
        nonlocal waiting
        waiting += 1
        if waiting == IDLE_CONNECTIONS + 5:
            together.set()
        await together.wait()
        return Answer(200, b"x")

    async with serve_peer(gather) as server:
        transport = HttpTransport(server.url)
        async with trio.open_nursery() as nursery:
            for _ in range(IDLE_CONNECTIONS + 5):
                nursery.start_soon(transport.send, POST, PATIENT)
        assert len(transport._idle) == IDLE_CONNECTIONS
        await transport.aclose()


async def test_call_that_ends_after_closing_closes_its_connection():
    asked, go = trio.Event(), trio.Event()

    async def wait(seen):
        asked.set()
        await go.wait()
        return Answer(200, b"x")

    async with serve_peer(wait) as server:
        transport = HttpTransport(server.url)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.send, POST, PATIENT)
            await asked.wait()
            await transport.aclose()
            go.set()
        assert transport._idle == []


async def test_large_upload_arrives_whole_over_tls():
    authority = trustme.CA()
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    async with serve_peer(in_turn(Answer(200, b"thanks")), tls=server_tls) as server:
        transport = HttpTransport(server.url, tls=client_tls)
        await transport.send(HttpRequest("POST", "/x", {}, b"y" * 3_000_000), PATIENT)
        assert server.requests[0].body == b"y" * 3_000_000
        await transport.aclose()


def test_transport_shows_only_the_server():
    transport = HttpTransport("http://127.0.0.1:8081", proxy="http://me:secret@127.0.0.1:3128")
    assert repr(transport) == "HttpTransport(http://127.0.0.1:8081)"
