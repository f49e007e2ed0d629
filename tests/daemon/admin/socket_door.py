"""The admin door on a real Unix socket, and a client for its tests."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import trio
from trio_websocket import wrap_client_stream

from daemon.admin.unix_socket import AdminLimits, open_socket, serve_admin


@asynccontextmanager
async def open_door(path, operations, limits=None):
    with open_socket(path) as listener:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_admin, listener, operations, limits or AdminLimits())
            yield path
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def connect(path, **options):
    async with await trio.open_unix_socket(str(path)) as stream, trio.open_nursery() as nursery:
        with trio.fail_after(10):
            socket = await wrap_client_stream(nursery, stream, "localhost", "/", **options)
        yield socket
        nursery.cancel_scope.cancel()


async def ask(socket, verb, request_id=1, **args):
    await socket.send_message(json.dumps({"id": request_id, "verb": verb, "args": args}))
    return await hear(socket)


async def hear(socket):
    with trio.fail_after(10):
        return json.loads(await socket.get_message())


async def is_served(path):
    """A well-behaved client gets its answer."""
    async with connect(path) as socket:
        return (await ask(socket, "status"))["ok"]
