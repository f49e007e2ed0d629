"""One client of the admin socket: whatever it does wrong, it loses only its own place."""

from __future__ import annotations

import json

import pytest
import trio
from trio_websocket import ConnectionClosed

from daemon.admin.client_session import SessionLimits
from daemon.admin.unix_socket import AdminLimits
from tests.daemon.admin.socket_door import ask, connect, hear, is_served, open_door

QUICK = AdminLimits(session=SessionLimits(handshake_seconds=0.5, idle_seconds=0.5, write_seconds=0.3))
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


async def drain(stream):
    """Reads until the other side hangs up."""
    received = b""
    with trio.fail_after(10):
        try:
            async for part in stream:
                received += part
        except trio.BrokenResourceError:
            pass
    return received


async def shout(client, message):
    await client.send_message(message)
    await hear(client)


async def test_request_is_answered_with_its_id(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        answer = await ask(client, "status", request_id="abc")
        assert (answer["id"], answer["ok"], answer["reply"]["version"], answer["more"]) == ("abc", True, "0.1.0", False)


async def test_several_requests_on_one_connection(path, daemon):
    await daemon.add_person(1)
    async with open_door(path, daemon.operations), connect(path) as client:
        answers = [await ask(client, verb, number) for number, verb in enumerate(("status", "tree", "users"))]
        assert [(answer["id"], answer["ok"]) for answer in answers] == [(0, True), (1, True), (2, True)]


async def test_unknown_verb_is_answered_and_connection_lives(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        answer = await ask(client, "staus")
        assert (answer["ok"], answer["error"]["kind"]) == (False, "unknown_verb")
        assert "status" in answer["error"]["text"]
        assert (await ask(client, "status"))["ok"]


@pytest.mark.parametrize("message", ["", "{", "[]", '{"id": 1}', "\x00", "привет", b"\xff\x00"])
async def test_nonsense_is_answered_and_connection_lives(path, daemon, message):
    async with open_door(path, daemon.operations), connect(path) as client:
        await client.send_message(message)
        answer = await hear(client)
        assert (answer["id"], answer["ok"], answer["error"]["kind"]) == (None, False, "bad_request")
        assert (await ask(client, "status"))["ok"]


async def test_wrong_arguments_are_answered_with_the_usage(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        answer = await ask(client, "why", user="me")
        assert (answer["error"]["kind"], "usage: why USER" in answer["error"]["text"]) == ("bad_args", True)


async def test_ten_megabytes_are_refused_and_others_served(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await shout(client, "x" * 10_000_000)
        assert closed.value.reason is None or closed.value.reason.code in {1006, 1009}
        assert await is_served(path)


async def test_no_handshake_is_not_waited_for(path, daemon):
    async with open_door(path, daemon.operations, QUICK), await trio.open_unix_socket(str(path)) as silent:
        assert await is_served(path)
        assert await drain(silent) == b""


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"SSH-2.0-x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_wrong_handshake_harms_nobody(path, daemon, start):
    async with open_door(path, daemon.operations, QUICK), await trio.open_unix_socket(str(path)) as stranger:
        await stranger.send_all(start)
        assert b"101" not in await drain(stranger)
        assert await is_served(path)


async def test_half_a_message_is_not_waited_for(path, daemon):
    async with open_door(path, daemon.operations, QUICK), await trio.open_unix_socket(str(path)) as client:
        await client.send_all(UPGRADE)
        assert b"101" in await client.receive_some()
        await client.send_all(b"\x01\x85")  # a first fragment of five masked bytes that never come
        assert await is_served(path)
        await drain(client)


async def test_client_that_hangs_up_in_the_middle_harms_nobody(path, daemon):
    async with open_door(path, daemon.operations):
        for cut in (5, len(UPGRADE), len(UPGRADE) + 1):
            async with await trio.open_unix_socket(str(path)) as client:
                await client.send_all((UPGRADE + b"\x81\xfe")[:cut])
        assert await is_served(path)


async def test_idle_client_is_told_goodbye(path, daemon):
    async with open_door(path, daemon.operations, QUICK), connect(path) as idle:
        with pytest.raises(ConnectionClosed) as closed:
            await hear(idle)
        assert (closed.value.reason.code, "idle" in closed.value.reason.reason) == (1001, True)


async def test_watching_is_not_idling(path, daemon):
    async with open_door(path, daemon.operations, QUICK), connect(path) as watcher:
        await watcher.send_message('{"id": 1, "verb": "events"}')
        await trio.sleep(QUICK.session.idle_seconds * 2)
        daemon.operations.events.tap(None, "info", {"event": "late", "level": "info"})
        answer = await hear(watcher)
        assert (answer["reply"]["event"]["event"], answer["more"]) == ("late", True)


async def test_reader_that_never_reads_is_cut_off(path, daemon, logged):
    async with open_door(path, daemon.operations, QUICK), await trio.open_unix_socket(str(path)) as client:
        await client.send_all(UPGRADE)
        assert b"101" in await client.receive_some()
        request = json.dumps({"id": 1, "verb": "events", "args": {"per_second": 1000}}).encode()
        await client.send_all(bytes([0x81, 0x80 | len(request), 0, 0, 0, 0]) + request)
        with trio.fail_after(10):
            while not daemon.operations.events.watchers:
                await trio.lowlevel.checkpoint()
            while daemon.operations.events.watchers:
                daemon.operations.events.tap(None, "info", {"event": "x" * 50_000, "level": "info"})
                await trio.sleep(0.001)
        assert await is_served(path)
    assert "admin_client_does_not_read" in [line["event"] for line in logged]


async def test_too_many_requests_at_once_are_refused(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        for number in range(SessionLimits().requests_at_once):
            await client.send_message(json.dumps({"id": number, "verb": "events"}))
        answer = await ask(client, "status", request_id=99)
        assert (answer["id"], answer["error"]["kind"]) == (99, "busy")


async def test_failing_verb_is_told_without_its_text(path, daemon, logged):
    async def fail(_user_id):
        raise ValueError("private")

    await daemon.add_person(1)
    operations = daemon.operations
    object.__setattr__(operations, "explain", fail)
    async with open_door(path, operations), connect(path) as client:
        answer = await ask(client, "why", user=1)
        assert (answer["error"]["kind"], "ValueError" in answer["error"]["text"]) == ("failed", True)
        assert "private" not in json.dumps(answer) + repr(logged)
        assert (await ask(client, "status"))["ok"]


async def test_clients_are_told_when_the_daemon_ends(path, daemon):
    reasons = []

    async def watch():
        async with connect(path) as client:
            await ask(client, "status")
            try:
                await hear(client)
            except ConnectionClosed as closed:
                reasons.append(closed.reason.code)

    async with trio.open_nursery() as nursery, open_door(path, daemon.operations):
        nursery.start_soon(watch)
        await trio.testing.wait_all_tasks_blocked(0.05)
    assert reasons == [1001]
