"""HTTP/1.1 as bytes: a request written, an answer read. No sockets here.

Used by `http_transport.py` and `dialing.py`. httptools parses; what it leaves to its user is here: sizes are capped
before they are believed, a body that ends too early is told apart from one that ends with its connection, and what a
gzip body unfolds to is capped as well.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httptools

from telegram_client.errors import AnswerTooLarge, NetworkTrouble, ServerTrouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram_client.transport import HttpRequest

HEAD_LIMIT = 64 * 1024
"""Bytes the status line and headers of an answer may have together."""
_GZIP = 16 + zlib.MAX_WBITS


class RequestWriter:
    """Writes requests to one server; `target_prefix` is its origin when a proxy wants absolute addresses."""

    def __init__(self, host: str, *, target_prefix: str = "", extra_headers: Mapping[str, str] | None = None) -> None:
        self._prefix = target_prefix
        fixed = {"Host": host, "Accept-Encoding": "gzip", **(extra_headers or {})}
        self._after_path = " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fixed.items())

    def write_head(self, request: HttpRequest) -> bytes:
        """Request line and headers."""
        lines = [request.method, " ", self._prefix, request.path, self._after_path]
        for name, value in request.headers.items():
            lines += (name, ": ", value, "\r\n")
        if request.body or request.method != "GET":
            lines += ("Content-Length: ", str(len(request.body)), "\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1")


class AnswerReader:
    """Reads the answers of one connection, one after the other."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)
        self.start()

    def start(self) -> None:
        """Before each request."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.has_begun = False
        self.has_headers = False
        self.is_complete = False
        self.can_stay = False
        self._has_surplus = False
        self._fed = 0

    def feed(self, data: bytes) -> None:
        """Bytes as they come. Raises `ServerTrouble` for what is no HTTP, `AnswerTooLarge`."""
        self.has_begun = True
        self._fed += len(data)
        if self._fed > self._limit + HEAD_LIMIT:
            raise _too_large(self._limit)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if isinstance(cause, ServerTrouble):
                raise cause from None
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise ServerTrouble("the server's answer is no HTTP") from None
        if not self.has_headers and self._fed > HEAD_LIMIT:
            raise ServerTrouble(f"the headers of the server's answer have more than {HEAD_LIMIT} bytes")

    def feed_eof(self) -> None:
        """The connection ended. Raises `NetworkTrouble` when that was too early."""
        ends_with_connection = (
            self.has_headers and "content-length" not in self.headers and "transfer-encoding" not in self.headers
        )
        if not ends_with_connection:
            raise NetworkTrouble("the connection was closed in the middle of an answer", sent=True)
        self.is_complete = True

    def take_chunks(self) -> list[bytes]:
        """Body bytes since the last call."""
        chunks, self.chunks = self.chunks, []
        return chunks

    # What httptools calls.

    def on_message_begin(self) -> None:
        """A second answer, which nobody asked for, is not read and makes the connection useless."""
        if self.is_complete:
            self._has_surplus = True
            self.can_stay = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Repeated headers: the last one counts; none that we read may repeat."""
        if self._has_surplus:
            return
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Refuses a body that says itself that it is too large before a byte of it is read."""
        if self._has_surplus:
            return
        self.status = self._parser.get_status_code()
        self.has_headers = True
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limit:
            raise _too_large(self._limit)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if not self._has_surplus:
            self.chunks.append(body)

    def on_message_complete(self) -> None:
        """Interim answers (1xx) are not the answer."""
        if self._has_surplus:
            return
        if 100 <= self.status < 200:
            self.headers = {}
            self.has_headers = False
            return
        self.is_complete = True
        self.can_stay = self._parser.should_keep_alive()


class BodyDecoder:
    """Unfolds a body piece by piece, up to a limit."""

    def __init__(self, headers: Mapping[str, str], limit: int) -> None:
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            raise ServerTrouble(f"the server's answer is encoded in a way nobody asked for: {encoding[:20]}")
        self._unzip = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._limit = limit
        self._given = 0

    def decode(self, data: bytes) -> bytes:
        """Raises `AnswerTooLarge`, and `ServerTrouble` for what is no gzip."""
        if self._unzip is not None:
            try:
                data = self._unzip.decompress(data, self._limit - self._given + 1)
            except zlib.error:
                raise ServerTrouble("the server's answer says it is gzip and is not") from None
        self._given += len(data)
        if self._given > self._limit:
            raise _too_large(self._limit)
        return data

    def finish(self) -> None:
        """Raises `ServerTrouble` when the gzip body ended too early."""
        if self._unzip is not None and self._given and not self._unzip.eof:
            raise ServerTrouble("the server's gzip answer ends too early")


def decode_body(headers: Mapping[str, str], chunks: list[bytes], limit: int) -> bytes:
    """A whole body."""
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if "content-encoding" not in headers:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    decoder = BodyDecoder(headers, limit)
    decoded = decoder.decode(body)
    decoder.finish()
    return decoded


def _too_large(limit: int) -> AnswerTooLarge:
    return AnswerTooLarge(f"the server's answer has more than {limit} bytes")
