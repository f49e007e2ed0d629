"""A client of one request for the tests of the HTTP door, and the door itself on a free port."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import trio

from daemon.i18n.translate import Texts
from daemon.web.app import make_app
from daemon.web.oauth_return import OauthReturn, ReturnOutcome
from daemon.web.probes import Probes
from daemon.web.server import WebLimits, open_listener, serve


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode()


async def read_all(stream):
    received = b""
    with trio.fail_after(10):
        async for part in stream:
            received += part
    return received


def parse(received):
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(body.split(b"\r\n")[1::2])
    return Reply(int(first.split()[1]), headers, body)


async def fetch(port, path, *, method="GET", headers=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", "connection: close", *headers]
    if body:
        lines.append(f"content-length: {len(body)}")
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        with suppress(trio.BrokenResourceError):  # the door may answer before it has read everything
            await stream.send_all("\r\n".join([*lines, "", ""]).encode() + body)
        return parse(await read_all(stream))


class Claims:
    """Stands for the accounts: remembers what came back and answers as told."""

    def __init__(self, outcome=ReturnOutcome.ACCEPTED):
        self.outcome = outcome
        self.seen = []

    async def __call__(self, state, code, error):
        self.seen.append((state, code, error))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@asynccontextmanager
async def open_door(*, claims=None, checks=None, link="https://t.me/our_bot", page=lambda: b"x 1\n", limits=None):
    texts = Texts.load()

    async def make_page():
        return page()

    app = make_app(
        oauth_return=OauthReturn(claims or Claims(), texts, lambda: link),
        probes=Probes(checks or {}),
        metrics_page=make_page,
    )
    listening = await open_listener("127.0.0.1:0")
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, listening, app, limits=limits or WebLimits()))
        yield listening
        nursery.cancel_scope.cancel()
