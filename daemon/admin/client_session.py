"""ClientSession: one client of the admin socket, from handshake to goodbye.

Every wait has an end: the handshake, the next request, each answer. What a client may send is small, how much it may
ask for at once too; a client that breaks off in the middle, floods or never reads loses only its own place.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from daemon.admin.verbs.catalogue import find_verb
from daemon.admin.wire import AdminError, read_request, write_error, write_reply

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.admin.verb import Caller, Verb, VerbArgs
    from daemon.admin.wire import Request

log = structlog.get_logger(__name__)

GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013
GOODBYE_SECONDS = 0.2
"""The end of the daemon waits for this, if a client does not answer the goodbye."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one client may cost."""

    handshake_seconds: float = 3.0
    idle_seconds: float = 120.0
    """Without a request and without an answer under way."""
    write_seconds: float = 5.0
    answer_seconds: float = 30.0
    """One answer of a verb that is no stream."""
    request_bytes: int = 64 * 1024
    requests_at_once: int = 4


class ClientSession:
    """One client."""

    def __init__(
        self, stream: trio.SocketStream, operations: Operations, caller: Caller, limits: SessionLimits
    ) -> None:
        self._stream = stream
        self._operations = operations
        self._caller = caller
        self._limits = limits
        self._scope = trio.CancelScope()
        self._running = 0
        self._farewell: tuple[int, str] = (GOING_AWAY, "the daemon ends")
        self.active_at = trio.current_time()

    @property
    def is_busy(self) -> bool:
        """An answer is under way."""
        return self._running > 0

    def send_away(self) -> None:
        """Somebody else needs the place."""
        self._farewell = (TRY_AGAIN_LATER, "idle, and the place is needed: connect again")
        self._scope.cancel("the place is needed")

    async def run(self) -> None:
        """Serves this client until it goes, or is sent away."""
        try:
            async with trio.open_nursery() as nursery:
                with self._scope:
                    await self._serve(nursery)
                nursery.cancel_scope.cancel("the client is gone")
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _serve(self, nursery: trio.Nursery) -> None:
        with trio.move_on_after(self._limits.handshake_seconds) as handshake:
            socket = await _shake_hands(self._stream, nursery, self._limits)
        if handshake.cancelled_caught or socket is None:
            return
        try:
            await self._read_requests(socket, nursery)
        finally:
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await socket.aclose(*self._farewell)

    async def _read_requests(self, socket: WebSocketConnection, nursery: trio.Nursery) -> None:
        while True:
            with trio.move_on_after(self._limits.idle_seconds) as patience:
                try:
                    message = await socket.get_message()
                except ConnectionClosed:
                    return
            self.active_at = trio.current_time()
            if not patience.cancelled_caught:
                await self._take(message, socket, nursery)
            elif not self.is_busy:
                self._farewell = (GOING_AWAY, f"idle for {self._limits.idle_seconds:.0f} s")
                return

    async def _take(self, message: str | bytes, socket: WebSocketConnection, nursery: trio.Nursery) -> None:
        request_id: int | str | None = None
        try:
            request = read_request(message)
            request_id = request.id
            verb = find_verb(request.verb)
            args = verb.read_args(request.args)
            self._check_room()
        except AdminError as error:
            await self._send(socket, write_error(request_id, error))
            return
        self._running += 1
        nursery.start_soon(self._answer, request, verb, args, socket, name=f"admin {verb.name}")

    def _check_room(self) -> None:
        if self._running >= self._limits.requests_at_once:
            raise AdminError("busy", f"at most {self._limits.requests_at_once} requests at once: wait for an answer")

    async def _answer(self, request: Request, verb: Verb, args: VerbArgs, socket: WebSocketConnection) -> None:
        try:
            await self._perform(request, verb, args, socket)
        except ConnectionClosed:
            return
        except AdminError as error:
            await self._send(socket, write_error(request.id, error))
        except Exception as error:  # noqa: BLE001 - the edge of the request: the client is told, the next one is served
            log.warning("admin_verb_failed", verb=verb.name, error=type(error).__name__)
            failure = AdminError("failed", f"{verb.name} failed: {type(error).__name__}; the log may say more")
            await self._send(socket, write_error(request.id, failure))
        finally:
            self._running -= 1
            self.active_at = trio.current_time()

    async def _perform(self, request: Request, verb: Verb, args: VerbArgs, socket: WebSocketConnection) -> None:
        if verb.answer is not None:
            with trio.move_on_after(self._limits.answer_seconds) as patience:
                reply = await verb.answer(self._operations, self._caller, args)
            if patience.cancelled_caught:
                raise AdminError("too_slow", f"no answer within {self._limits.answer_seconds:.0f} s")
            await self._send(socket, write_reply(request.id, reply))
        elif verb.stream is not None:
            async with aclosing(verb.stream(self._operations, self._caller, args)) as replies:
                async for reply in replies:
                    await self._send(socket, write_reply(request.id, reply, more=True))

    async def _send(self, socket: WebSocketConnection, message: str) -> None:
        """A client that does not read is cut off: it would hold its buffers, and the end of the daemon, for ever."""
        with trio.move_on_after(self._limits.write_seconds) as patience:
            try:
                await socket.send_message(message)
            except ConnectionClosed:
                return
        if patience.cancelled_caught:
            log.warning("admin_client_does_not_read")
            self._scope.cancel("the client does not read")
            await trio.aclose_forcefully(self._stream)


async def turn_away(stream: trio.SocketStream, reason: str, limits: SessionLimits | None = None) -> None:
    """Hangs up and says why, for a client that is not served."""
    limits = limits or SessionLimits()
    with trio.move_on_after(limits.handshake_seconds):
        async with trio.open_nursery() as nursery:
            socket = await _shake_hands(stream, nursery, limits)
            if socket is not None:
                await socket.aclose(TRY_AGAIN_LATER, reason)
            nursery.cancel_scope.cancel("refused")
    await trio.aclose_forcefully(stream)


async def _shake_hands(
    stream: trio.SocketStream, nursery: trio.Nursery, limits: SessionLimits
) -> WebSocketConnection | None:
    try:
        request = await wrap_server_stream(nursery, stream, message_queue_size=1, max_message_size=limits.request_bytes)
        return await request.accept()
    except ConnectionClosed:
        return None
