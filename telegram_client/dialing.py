"""Opens connections to the Bot API server: directly, through an HTTP proxy or through a SOCKS5 proxy; TLS on top.

Used by `http_transport.py`. Addresses are resolved by the proxy, where there is one: whoever needs a proxy for
Telegram often can't resolve its name either. Whatever fails here failed before a byte of the request was sent.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import trio

from telegram_client.errors import NetworkTrouble
from telegram_client.http_wire import HEAD_LIMIT

if TYPE_CHECKING:
    from typing import Never

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_SOCKS_REPLIES = {
    1: "general failure",
    2: "not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server or a proxy. Its credentials are not shown."""

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, *, schemes: tuple[str, ...]) -> Endpoint:
        """Raises ValueError without showing the address: it may hold credentials."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("this is no address of a server") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"the address must begin with {' or '.join(scheme + '://' for scheme in schemes)}")
        return cls(
            parts.scheme,
            parts.hostname,
            port or _DEFAULT_PORTS[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    @property
    def host_header(self) -> str:
        """As the `Host` header and CONNECT want it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Host and port, always both."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def proxy_authorization(self) -> dict[str, str]:
        """The header that shows the credentials to a proxy; none without credentials."""
        if not self.username:
            return {}
        credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {credentials}"}


async def dial(server: Endpoint, proxy: Endpoint | None, tls: ssl.SSLContext | None) -> Stream:
    """A connection ready for requests. Raises `NetworkTrouble(sent=False)`; a cancelled call leaves nothing open."""
    first = proxy or server
    try:
        stream = await trio.open_tcp_stream(first.host, first.port)
    except OSError as error:
        _fail(f"can't connect to {'the proxy' if proxy else server.host}: {_words_of(error)}")
    try:
        if proxy is not None:
            await _pass_proxy(stream, server, proxy)
        if server.scheme != "https":
            return stream
        return await _start_tls(stream, server, tls or ssl.create_default_context())
    except BaseException as error:
        # Closed at once, also when cancelled: closing a socket needs no waiting.
        stream.socket.close()
        if isinstance(error, trio.BrokenResourceError):
            _fail(f"the connection to {'the proxy' if proxy else server.host} broke: {_words_of(error)}")
        raise


def _fail(message: str) -> Never:
    raise NetworkTrouble(message, sent=False) from None


def _words_of(error: BaseException) -> str:
    """What went wrong, from the innermost cause that says it; never an address."""
    while isinstance(error, BaseExceptionGroup) or error.__cause__ is not None:
        # A name may have several addresses, each failing in its own way; the first is what the person would see too.
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


async def _start_tls(
    stream: trio.SocketStream, server: Endpoint, tls: ssl.SSLContext
) -> trio.SSLStream[trio.SocketStream]:
    secured = trio.SSLStream(stream, tls, server_hostname=server.host, https_compatible=True)
    await secured.do_handshake()
    return secured


async def _pass_proxy(stream: trio.SocketStream, server: Endpoint, proxy: Endpoint) -> None:
    if proxy.scheme == "http":
        # Plain requests go to the proxy with an absolute address; only TLS needs a tunnel.
        if server.scheme == "https":
            await _open_tunnel(stream, server, proxy)
    else:
        await _pass_socks(stream, server, proxy)


async def _open_tunnel(stream: trio.SocketStream, server: Endpoint, proxy: Endpoint) -> None:
    headers = {"Host": server.authority, **proxy.proxy_authorization}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    await stream.send_all(f"CONNECT {server.authority} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))
    head = bytearray()
    while b"\r\n\r\n" not in head:
        data = await stream.receive_some(4096)
        if not data or len(head) > HEAD_LIMIT:
            _fail("the proxy gave no answer to CONNECT")
        head += data
    status = bytes(head).split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or not status[1].isdigit():
        _fail("the proxy does not speak HTTP")
    if not 200 <= int(status[1]) < 300:
        _fail(f"the proxy refused the connection: status {int(status[1])}")


async def _receive_exactly(stream: trio.SocketStream, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = await stream.receive_some(count - len(data))
        if not more:
            _fail("the proxy closed the connection")
        data += more
    return bytes(data)


async def _pass_socks(stream: trio.SocketStream, server: Endpoint, proxy: Endpoint) -> None:
    """SOCKS5 by RFC 1928, user name and password by RFC 1929."""
    await stream.send_all(b"\x05\x02\x00\x02" if proxy.username else b"\x05\x01\x00")
    version, method = await _receive_exactly(stream, 2)
    if version != 5:
        _fail("the proxy does not speak SOCKS5")
    if method == 2 and proxy.username:
        name, password = proxy.username.encode(), proxy.password.encode()
        await stream.send_all(bytes([1, len(name)]) + name + bytes([len(password)]) + password)
        if (await _receive_exactly(stream, 2))[1] != 0:
            _fail("the proxy does not accept the user name and password")
    elif method != 0:
        _fail("the proxy wants a user name and password")
    host = server.host.encode("idna" if not server.host.isascii() else "ascii")
    await stream.send_all(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + server.port.to_bytes(2, "big"))
    _, reply, _, address_type = await _receive_exactly(stream, 4)
    if reply != 0:
        _fail(f"the proxy could not connect: {_SOCKS_REPLIES.get(reply, f'reply {reply}')}")
    lengths = {1: 4, 4: 16}
    length = lengths[address_type] if address_type in lengths else (await _receive_exactly(stream, 1))[0]
    await _receive_exactly(stream, length + 2)
