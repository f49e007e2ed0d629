"""Clients that send anything at all: the door stands, and a well-behaved one is served at once."""

from __future__ import annotations

import json
import os
import random
from contextlib import AsyncExitStack, suppress

import pytest
import trio
from trio_websocket import ConnectionClosed

from daemon.admin.client_session import SessionLimits
from daemon.admin.unix_socket import AdminLimits
from tests.daemon.admin.socket_door import ask, connect, hear, is_served, open_door
from tests.fakes.rows import read_audit

QUICK = AdminLimits(session=SessionLimits(handshake_seconds=0.5, idle_seconds=0.5, write_seconds=0.3))
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


def frame(payload, *, opcode=0x1, is_final=True, is_masked=True):
    """One WebSocket frame, right or deliberately wrong."""
    head = bytes([(0x80 if is_final else 0) | opcode])
    length = len(payload)
    size = bytes([length]) if length < 126 else bytes([126]) + length.to_bytes(2, "big")
    size = bytes([size[0] | (0x80 if is_masked else 0)]) + size[1:]
    return head + size + (bytes(4) if is_masked else b"") + payload


async def send_raw(path, *parts, after_handshake=True):
    """Sends and hangs up, whatever the door thinks of it."""
    with suppress(trio.BrokenResourceError):
        async with await trio.open_unix_socket(str(path)) as stream:
            if after_handshake:
                await stream.send_all(UPGRADE)
                await stream.receive_some()
            for part in parts:
                await stream.send_all(part)
            with trio.move_on_after(0.05):
                await stream.receive_some()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_random_bytes_break_nothing(path, daemon, seed):
    chance = random.Random(seed)
    async with open_door(path, daemon.operations, QUICK):
        for _ in range(10):
            await send_raw(path, chance.randbytes(chance.randrange(1, 3000)), after_handshake=chance.random() < 0.7)
        assert await is_served(path)


@pytest.mark.parametrize(
    "frames",
    [
        [frame(b"{}", is_masked=False)],
        [frame(b"x", opcode=0x0)],
        [frame(b"x", opcode=0x3)],
        [frame(b"x", opcode=0xB)],
        [frame(b"\xff\xfe\xfd")],
        [frame(b"x" * 200, opcode=0x9)],
        [frame(b"\x03", opcode=0x8)],
        [frame(b"\x00\x01bye", opcode=0x8)],
        [frame(b"{", is_final=False), frame(b"{")],
        [frame(b"", is_final=False)] * 50,
        [b"\x81\xff" + (2**62).to_bytes(8, "big") + bytes(4)],
        [b"\xf1\x80\x00\x00\x00\x00"],
    ],
    ids=[
        "unmasked",
        "continuation first",
        "unknown data",
        "unknown control",
        "no utf-8",
        "long ping",
        "short close",
        "illegal close code",
        "text within text",
        "endless fragments",
        "endless length",
        "reserved bits",
    ],
)
async def test_broken_frames_break_nothing(path, daemon, frames):
    async with open_door(path, daemon.operations, QUICK):
        await send_raw(path, *frames)
        assert await is_served(path)


async def test_fragmented_message_is_put_together(path, daemon):
    async with open_door(path, daemon.operations), await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(UPGRADE)
        await stream.receive_some()
        await stream.send_all(frame(b'{"id": 1, ', is_final=False) + frame(b'"verb": "status"}', opcode=0x0))
        with trio.fail_after(5):
            assert b'"ok":true' in await stream.receive_some()


async def test_message_just_below_the_limit_is_answered(path, daemon):
    limit = SessionLimits().request_bytes
    async with open_door(path, daemon.operations), connect(path) as client:
        padding = "x" * (limit - 200)
        answer = await ask(client, "why", user=padding)
        assert answer["error"]["kind"] == "bad_args"
        assert padding not in json.dumps(answer)


async def test_message_just_above_the_limit_is_refused(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        await client.send_message("x" * (SessionLimits().request_bytes + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
        assert closed.value.reason.code == 1009


async def test_ping_is_answered_while_idle(path, daemon):
    async with open_door(path, daemon.operations), connect(path) as client:
        with trio.fail_after(5):
            await client.ping(os.urandom(8))


async def test_flood_of_requests_is_answered_one_by_one(path, daemon):
    async with open_door(path, daemon.operations), connect(path, message_queue_size=300) as client:
        for number in range(200):
            await client.send_message(json.dumps({"id": number, "verb": "status"}))
        answers = [await hear(client) for _ in range(200)]
    assert sorted(answer["id"] for answer in answers) == list(range(200))
    assert {answer["error"]["kind"] for answer in answers if not answer["ok"]} <= {"busy"}
    assert sum(answer["ok"] for answer in answers) >= SessionLimits().requests_at_once


@pytest.mark.slow
async def test_all_kinds_of_bad_clients_at_once_keep_nobody_out(path, daemon):
    async with open_door(path, daemon.operations, QUICK), AsyncExitStack() as stack:
        for number in range(60):
            stream = await stack.enter_async_context(await trio.open_unix_socket(str(path)))
            with suppress(trio.BrokenResourceError):
                await stream.send_all((b"", UPGRADE, b"\x16\x03\x01", UPGRADE[:40])[number % 4])
        assert await is_served(path)


@pytest.mark.parametrize("verb", ["", " ", "STATUS", "status ", "__class__", "../status", "st\u0430tus", "x" * 64])
async def test_verbs_that_look_like_one_are_unknown(path, daemon, verb):
    async with open_door(path, daemon.operations), connect(path) as client:
        assert (await ask(client, verb))["error"]["kind"] == "unknown_verb"


@pytest.mark.parametrize(
    "args",
    [
        {"user": "1; DROP TABLE users"},
        {"user": 10**30},
        {"user": {"$ne": 1}},
        {"user": [1]},
        {"user": None},
        {"user": True},
        {"user": 1, "reason": "x" * 1000},
        {"user": 1, "by": "person"},
    ],
)
async def test_hostile_arguments_change_nothing(path, daemon, args):
    await daemon.add_person(1)
    async with open_door(path, daemon.operations), connect(path) as client:
        await client.send_message(json.dumps({"id": 1, "verb": "pause", "args": args}))
        answer = await hear(client)
    assert answer["ok"] is False
    assert await daemon.wish_of(1) == ("running", "person")
    assert await read_audit(daemon.store) == []
