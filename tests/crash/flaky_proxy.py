"""A network that fails when told to: a TCP proxy between the daemon and one outside service.

It knows nothing of HTTP. An exchange begins with the first bytes from the client after bytes from the server (or after
none), so a struck exchange is a request and its answer. What a fault in the world's own server can't show, this can:
bytes that stop coming without an end, connections that die while they are kept, answers that trickle.
"""

from __future__ import annotations

import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NetworkFault = Literal["latency", "slow", "reset_before", "reset_after", "half_answer", "hang", "black_hole"]
"""latency: all of it late · slow: it trickles · reset_before: the request is lost · reset_after: carried out, the answer
is lost · half_answer: half of it, then the end · hang: the request is taken and never answered · black_hole: at once and
for ever no byte and no end in either direction, on every connection there is and on new ones."""
FAULTS: tuple[NetworkFault, ...] = get_args(NetworkFault)
LATENCY_SECONDS = 0.7
TRICKLE_BYTES = 200
TRICKLE_SECONDS = 0.05
RECEIVE_BYTES = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cut(Exception):
    """This connection is over."""


@dataclass(eq=False)
class Link:
    """One connection of the daemon's, and ours to the service behind it."""

    client: trio.SocketStream
    server: trio.SocketStream
    fault: NetworkFault | None = None
    """Of the present exchange."""
    is_asked: bool = False
    is_frozen: bool = False


class FlakyProxy:
    """Passes bytes on, except in exchanges that are struck."""

    def __init__(self, target: int | Path, note: Callable[[str], object]) -> None:
        self._target = target
        self._note = note
        self._fault: NetworkFault | None = None
        self._strikes = 0
        self._only = b""
        self._links: set[Link] = set()
        self.struck = 0

    def arm(self, fault: NetworkFault, strikes: int, only: bytes = b"") -> None:
        """The next exchanges, so many, are struck; of those whose first bytes hold `only`."""
        self._fault, self._strikes, self._only = fault, strikes, only
        if fault == "black_hole":
            for link in self._links:
                link.is_frozen = True

    async def pass_on(self, client: trio.SocketStream) -> None:
        """One connection, to its end."""
        server = await self._reach()
        link = Link(client, server)
        self._links.add(link)
        try:
            async with trio.open_nursery() as nursery:
                for pump in (self._pass_requests, self._pass_answers):
                    nursery.start_soon(self._until_over, pump, link, nursery.cancel_scope)
        finally:
            self._links.remove(link)
            with trio.move_on_after(1, shield=True):
                await trio.aclose_forcefully(client)
                await trio.aclose_forcefully(server)

    async def _reach(self) -> trio.SocketStream:
        if isinstance(self._target, int):
            return await trio.open_tcp_stream("127.0.0.1", self._target)
        return await trio.open_unix_socket(self._target)

    async def _until_over(self, pump: Callable[[Link], object], link: Link, scope: trio.CancelScope) -> None:
        with suppress(Cut, trio.BrokenResourceError):
            await pump(link)
        if link.is_frozen:
            await trio.sleep_forever()
        scope.cancel()

    def _strike(self, beginning: bytes) -> NetworkFault | None:
        """The fault of an exchange that begins now."""
        if self._strikes <= 0 or self._only not in beginning:
            return None
        self._strikes -= 1
        self.struck += 1
        self._note(str(self._fault))
        return self._fault

    async def _pass_requests(self, link: Link) -> None:
        while data := await link.client.receive_some(RECEIVE_BYTES):
            if not link.is_asked:
                link.is_asked, link.fault = True, self._strike(data)
            if link.fault == "black_hole":
                link.is_frozen = True
            await thaw(link)
            if link.fault == "reset_before":
                reset(link.client)
            if link.fault != "hang":
                await deliver(link.server, data, link.fault)

    async def _pass_answers(self, link: Link) -> None:
        while data := await link.server.receive_some(RECEIVE_BYTES):
            await thaw(link)
            fault, link.is_asked = link.fault, False
            if fault == "reset_after":
                reset(link.client)
            if fault == "half_answer":
                await link.client.send_all(data[: len(data) // 2])
                raise Cut
            await deliver(link.client, data, fault)


async def thaw(link: Link) -> None:
    """Never returns on a frozen connection."""
    if link.is_frozen:
        await trio.sleep_forever()


def reset(stream: trio.SocketStream) -> None:
    """Ends the connection with a reset."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    raise Cut


async def deliver(stream: trio.SocketStream, data: bytes, fault: NetworkFault | None) -> None:
    """At once, late, or bit by bit."""
    if fault == "latency":
        await trio.sleep(LATENCY_SECONDS)
    if fault != "slow":
        await stream.send_all(data)
        return
    for start in range(0, len(data), TRICKLE_BYTES):
        await stream.send_all(data[start : start + TRICKLE_BYTES])
        await trio.sleep(TRICKLE_SECONDS)


@asynccontextmanager
async def open_proxy(target: int | Path, note: Callable[[str], object]) -> AsyncIterator[tuple[FlakyProxy, int]]:
    """A proxy before a loopback port or a socket, and the port it listens on."""
    proxy = FlakyProxy(target, note)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=128)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, proxy.pass_on, listeners)
        yield proxy, int(listeners[0].socket.getsockname()[1])
        nursery.cancel_scope.cancel()
