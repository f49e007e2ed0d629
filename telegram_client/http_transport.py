"""HttpTransport: HTTP/1.1 to one Bot API server on Trio streams, with kept connections.

Made by `main`. The hot path the product exists for: one cancel scope per call whose deadline moves from phase to
phase, one parser per connection. What shaped it: a client whose cancelled requests leaked their pool slots until
nothing went out any more. Here a connection is in the pool only while nobody uses it, and comes back only after its
answer was read whole; every other way out closes it.

A kept connection may have been closed by the server meanwhile. Where that shows before use, it is dropped. Where it
shows before the first byte of the answer, the request goes out once more on a fresh connection only if it can't have
been carried out (not all of it was taken by the kernel, so the server never saw its end) or may be carried out twice
(`is_repeatable`). Otherwise the caller gets `NetworkTrouble(sent=True)` and decides.
"""

from __future__ import annotations

import select
import ssl
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import trio

from telegram_client.dialing import Endpoint, dial
from telegram_client.errors import NetworkTrouble, TelegramError
from telegram_client.http_wire import AnswerReader, BodyDecoder, RequestWriter, decode_body
from telegram_client.transport import HttpResponse, HttpStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from telegram_client.dialing import Stream
    from telegram_client.transport import Deadlines, HttpRequest

ANSWER_LIMIT = 8 * 1024 * 1024
"""Bytes; a hundred updates at their longest have about a tenth of it."""
DOWNLOAD_LIMIT = 64 * 1024 * 1024
IDLE_SECONDS = 50.0
"""Telegram's front servers keep a quiet connection a little longer."""
IDLE_CONNECTIONS = 64
_RECEIVE_BYTES = 65536
_JOIN_BELOW_BYTES = 65536


class _Stale(Exception):
    """A kept connection was closed before any byte of an answer."""

    def __init__(self, was_sent: bool) -> None:
        self.was_sent = was_sent


class _Connection:
    """One connection and its parser. Closing is immediate: nobody waits for a TLS farewell."""

    __slots__ = ("_poll", "idle_since", "reader", "socket", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.socket = stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket
        self.reader = AnswerReader(ANSWER_LIMIT)
        self.idle_since = 0.0
        self._poll = select.poll()
        self._poll.register(self.socket.fileno(), select.POLLIN)

    def is_quiet(self) -> bool:
        """Nothing has come since the last answer. A closed line shows as something to read."""
        return not self._poll.poll(0)

    def close(self) -> None:
        self.socket.close()


class _Call:
    """How far one call has come; moves the deadline of its scope, seldom: a move costs half a scope."""

    __slots__ = ("_total_at", "deadlines", "is_sent", "phase", "reader", "scope")

    def __init__(self, deadlines: Deadlines) -> None:
        now = trio.current_time()
        self.deadlines = deadlines
        self._total_at = now + deadlines.total
        self.phase = "waiting for the answer"
        # Right for the usual call, a short request on a kept connection; the others move it.
        self.scope = trio.CancelScope(deadline=min(self._total_at, now + deadlines.first_byte))
        self.is_sent = False
        self.reader: AnswerReader | None = None
        """Once the answer has begun."""

    def enter(self, phase: str, seconds: float | None) -> None:
        self.phase = phase
        at = self._total_at if seconds is None else min(self._total_at, trio.current_time() + seconds)
        self.scope.deadline = at

    def timed_out(self) -> NetworkTrouble:
        trouble = NetworkTrouble(f"time ran out while {self.phase}", sent=self.is_sent)
        self.note_beginning(trouble)
        return trouble

    def note_beginning(self, trouble: TelegramError) -> None:
        trouble.began_well = self.reader is not None and self.reader.status == 200


class HttpTransport:
    """Requests to the server at `api_url`, through `proxy` (`http://`, `socks5://`) where given."""

    def __init__(self, api_url: str, *, proxy: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._server = Endpoint.parse(api_url, schemes=("http", "https"))
        self._proxy = Endpoint.parse(proxy, schemes=("http", "socks5", "socks5h")) if proxy else None
        self._tls = tls or (ssl.create_default_context() if self._server.scheme == "https" else None)
        self._idle: list[_Connection] = []
        self._is_closed = False
        is_absolute = self._proxy is not None and self._proxy.scheme == "http" and self._server.scheme == "http"
        self._writer = RequestWriter(
            self._server.host_header,
            target_prefix=f"http://{self._server.host_header}" if is_absolute else "",
            extra_headers=self._proxy.proxy_authorization if is_absolute and self._proxy else None,
        )

    def __repr__(self) -> str:
        return f"HttpTransport({self._server.scheme}://{self._server.authority})"

    async def send(self, request: HttpRequest, deadlines: Deadlines) -> HttpResponse:
        """Raises `NetworkTrouble` or `ServerTrouble`."""
        call = _Call(deadlines)
        with call.scope:
            connection = await self._reach_answer(request, call)
            call.reader = reader = connection.reader
            try:
                while not reader.is_complete:
                    await _read_more(connection)
                body = decode_body(reader.headers, reader.chunks, ANSWER_LIMIT)
            except TelegramError as trouble:
                connection.close()
                call.note_beginning(trouble)
                raise
            except BaseException:
                connection.close()
                raise
            response = HttpResponse(reader.status, reader.headers, body)
            self._give_back(connection)
            return response
        raise call.timed_out()

    @asynccontextmanager
    async def stream(self, request: HttpRequest, deadlines: Deadlines) -> AsyncIterator[HttpStream]:
        """The answer piece by piece; its whole block is under the total deadline."""
        call = _Call(deadlines)
        with call.scope:
            connection = await self._reach_answer(request, call, answer_limit=DOWNLOAD_LIMIT)
            try:
                while not connection.reader.has_headers:
                    await _read_more(connection)
                reader = connection.reader
                async with aclosing(_body_of(connection)) as chunks:
                    yield HttpStream(reader.status, reader.headers, chunks)
            finally:
                connection.close()
        if call.scope.cancelled_caught:
            raise call.timed_out()

    async def aclose(self) -> None:
        """Closes idle connections; those in use are closed by their calls."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()
        await trio.lowlevel.checkpoint()

    async def _reach_answer(
        self, request: HttpRequest, call: _Call, *, answer_limit: int = ANSWER_LIMIT
    ) -> _Connection:
        """A connection on which the first bytes of the answer have come."""
        kept = self._take_idle() if answer_limit == ANSWER_LIMIT else None
        if kept is not None:
            try:
                return await self._ask(kept, request, call, is_fresh=False)
            except _Stale as stale:
                if stale.was_sent and not request.is_repeatable:
                    raise NetworkTrouble("a kept connection was closed before the answer", sent=True) from None
        call.is_sent = False
        call.enter("connecting", call.deadlines.connect)
        connection = _Connection(await dial(self._server, self._proxy, self._tls))
        connection.reader = AnswerReader(answer_limit)
        try:
            return await self._ask(connection, request, call, is_fresh=True)
        except _Stale as stale:
            raise NetworkTrouble("the connection was closed before the answer", sent=stale.was_sent) from None

    async def _ask(self, connection: _Connection, request: HttpRequest, call: _Call, *, is_fresh: bool) -> _Connection:
        """Sends the request and reads until the answer begins. Raises `_Stale` when it never does."""
        reader = connection.reader
        reader.start()
        try:
            await self._send_request(connection, request, call, is_fresh=is_fresh)
            data = bytes(await connection.stream.receive_some(_RECEIVE_BYTES))
            if data:
                reader.feed(data)
                if not reader.is_complete:
                    call.enter("reading the answer", None)
        except trio.BrokenResourceError:
            connection.close()
            raise _Stale(was_sent=call.is_sent) from None
        except BaseException:
            connection.close()
            raise
        if not data:
            connection.close()
            raise _Stale(was_sent=True)
        return connection

    async def _send_request(
        self, connection: _Connection, request: HttpRequest, call: _Call, *, is_fresh: bool
    ) -> None:
        head = self._writer.write_head(request)
        if len(request.body) < _JOIN_BELOW_BYTES:
            # The kernel takes a short request at once: no deadline of its own.
            await connection.stream.send_all(head + request.body)
            is_late = is_fresh
        else:
            call.enter("sending the request", call.deadlines.write)
            await connection.stream.send_all(head)
            await connection.stream.send_all(request.body)
            is_late = True
        call.is_sent = True
        if is_late:
            call.enter("waiting for the answer", call.deadlines.first_byte)

    def _take_idle(self) -> _Connection | None:
        """The connection used last that is still quiet; the others age and are closed."""
        now = trio.current_time()
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since < IDLE_SECONDS and connection.is_quiet():
                return connection
            connection.close()
        return None

    def _give_back(self, connection: _Connection) -> None:
        if self._is_closed or not connection.reader.can_stay or len(self._idle) >= IDLE_CONNECTIONS:
            connection.close()
            return
        connection.idle_since = trio.current_time()
        self._idle.append(connection)


async def _read_more(connection: _Connection) -> None:
    try:
        data = bytes(await connection.stream.receive_some(_RECEIVE_BYTES))
    except trio.BrokenResourceError:
        raise NetworkTrouble("the connection broke in the middle of an answer", sent=True) from None
    if data:
        connection.reader.feed(data)
    else:
        connection.reader.feed_eof()


async def _body_of(connection: _Connection) -> AsyncGenerator[bytes, None]:
    reader = connection.reader
    decoder = BodyDecoder(reader.headers, DOWNLOAD_LIMIT)
    while True:
        for chunk in reader.take_chunks():
            yield decoder.decode(chunk)
        if reader.is_complete:
            decoder.finish()
            return
        await _read_more(connection)
