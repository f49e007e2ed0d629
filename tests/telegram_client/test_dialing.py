"""Connections: direct, through proxies, with TLS."""

import ssl
from contextlib import asynccontextmanager

import pytest
import trio
import trustme

from telegram_client.dialing import Endpoint, dial
from telegram_client.errors import NetworkTrouble
from telegram_client.http_transport import HttpTransport
from telegram_client.transport import Deadlines, HttpRequest
from tests.fakes.loopback import serve_peer
from tests.fakes.transport import Answer

GET = HttpRequest("GET", "/bot1:x/getMe", is_repeatable=True)
PATIENT = Deadlines()


async def hello(seen):
    await trio.lowlevel.checkpoint()
    return Answer(200, b"hello")


@asynccontextmanager
async def serve_raw(handler):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handler, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def pump(source, target):
    try:
        async for data in source:
            await target.send_all(data)
        await target.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass


async def join(left, right):
    async with left, right, trio.open_nursery() as nursery:
        nursery.start_soon(pump, left, right)
        nursery.start_soon(pump, right, left)


class Tunnel:
    """An HTTP proxy that only knows CONNECT."""

    def __init__(self, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
        self.answer = answer
        self.heads = []

    async def __call__(self, stream):
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some(4096)
        self.heads.append(head)
        await stream.send_all(self.answer)
        if b" 200 " in self.answer:
            host, _, port = head.split(b" ")[1].partition(b":")
            await join(stream, await trio.open_tcp_stream(host.decode(), int(port)))
        else:
            await stream.aclose()


class Socks:
    """A SOCKS5 proxy."""

    def __init__(self, *, wants_password=False, reply=0, version=5):
        self.wants_password, self.reply, self.version = wants_password, reply, version
        self.targets = []
        self.credentials = []

    async def __call__(self, stream):
        greeting = await stream.receive_some(64)
        if self.wants_password and 2 not in greeting[2:]:
            await stream.send_all(b"\x05\xff")
            return
        await stream.send_all(bytes([self.version, 2 if self.wants_password else 0]))
        if self.wants_password:
            login = await stream.receive_some(600)
            name = login[2 : 2 + login[1]]
            password = login[3 + login[1] :]
            self.credentials.append((name, password))
            await stream.send_all(b"\x01\x00" if password == b"pa:ss" else b"\x01\x01")
        request = await stream.receive_some(600)
        if not request:
            return
        host = request[5 : 5 + request[4]].decode()
        port = int.from_bytes(request[-2:], "big")
        self.targets.append((host, port))
        await stream.send_all(b"\x05" + bytes([self.reply]) + b"\x00\x03\x04name\x00\x01")
        if self.reply == 0:
            await join(stream, await trio.open_tcp_stream("127.0.0.1", port))


@pytest.fixture
def authority():
    return trustme.CA()


def server_context(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def ask(url, **kwargs):
    transport = HttpTransport(url, **kwargs)
    try:
        return (await transport.send(GET, PATIENT)).body
    finally:
        await transport.aclose()


def test_endpoint_is_read_with_its_default_port():
    assert Endpoint.parse("https://api.telegram.org", schemes=("http", "https")).port == 443
    assert Endpoint.parse("http://[::1]:8081/x", schemes=("http",)).authority == "[::1]:8081"
    assert Endpoint.parse("http://[::1]", schemes=("http",)).host_header == "[::1]"
    assert Endpoint.parse("http://h:81", schemes=("http",)).host_header == "h:81"


@pytest.mark.parametrize("url", ["", "host:80", "ftp://me:secret@host", "http://", "http://me:secret@host:port"])
def test_address_of_another_kind_is_refused_without_showing_it(url):
    with pytest.raises(ValueError, match="address") as caught:
        Endpoint.parse(url, schemes=("http",))
    assert "secret" not in str(caught.value)


def test_endpoint_does_not_show_its_credentials():
    proxy = Endpoint.parse("socks5://me:secret@host", schemes=("socks5",))
    assert proxy.password == "secret"
    assert "secret" not in repr(proxy)


async def test_refused_connection_was_not_sent():
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    with pytest.raises(NetworkTrouble, match=r"127\.0\.0\.1: .*[Rr]efused") as caught:
        await dial(Endpoint("http", "127.0.0.1", port), None, None)
    assert not caught.value.sent


async def test_plain_requests_go_to_an_http_proxy_with_absolute_addresses():
    async with serve_peer(hello) as proxy:
        assert await ask("http://bot.api:8081", proxy=f"http://me:pass@127.0.0.1:{proxy.port}") == b"hello"
    [seen] = proxy.requests
    assert seen.path == "http://bot.api:8081/bot1:x/getMe"
    assert seen.headers["Host"] == "bot.api:8081"
    assert seen.headers["Proxy-Authorization"] == "Basic bWU6cGFzcw=="


async def test_tls_goes_through_a_tunnel_of_an_http_proxy(authority):
    tunnel = Tunnel()
    async with serve_peer(hello, tls=server_context(authority)) as server, serve_raw(tunnel) as port:
        proxy = f"http://me:pass@127.0.0.1:{port}"
        assert await ask(server.url, proxy=proxy, tls=client_context(authority)) == b"hello"
    assert tunnel.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic bWU6cGFzcw==" in tunnel.heads[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "status 407"),
        (b"SSH-2.0-x\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1", "no answer"),
    ],
)
async def test_tunnel_that_is_refused_was_not_sent(authority, answer, words):
    async with serve_raw(Tunnel(answer)) as port:
        with pytest.raises(NetworkTrouble, match=words) as caught:
            await ask("https://127.0.0.1:1", proxy=f"http://127.0.0.1:{port}", tls=client_context(authority))
    assert not caught.value.sent


async def test_socks_proxy_resolves_the_name():
    socks = Socks()
    async with serve_peer(hello) as server, serve_raw(socks) as port:
        url = f"http://name.nobody.knows:{server.port}"
        assert await ask(url, proxy=f"socks5://127.0.0.1:{port}") == b"hello"
    assert socks.targets == [("name.nobody.knows", server.port)]


async def test_socks_proxy_with_password_and_tls(authority):
    socks = Socks(wants_password=True)
    async with serve_peer(hello, tls=server_context(authority)) as server, serve_raw(socks) as port:
        proxy = f"socks5://me:pa%3Ass@127.0.0.1:{port}"
        url = f"https://localhost:{server.port}"
        assert await ask(url, proxy=proxy, tls=client_context(authority)) == b"hello"
    assert socks.credentials == [(b"me", b"pa:ss")]


@pytest.mark.parametrize(
    ("socks", "login", "words"),
    [
        (Socks(wants_password=True), "", "wants a user name"),
        (Socks(wants_password=True), "me:wrong@", "does not accept"),
        (Socks(reply=5), "", "connection refused"),
        (Socks(reply=77), "", "reply 77"),
        (Socks(version=4), "", "does not speak SOCKS5"),
    ],
)
async def test_socks_proxy_that_refuses_was_not_sent(socks, login, words):
    async with serve_raw(socks) as port:
        with pytest.raises(NetworkTrouble, match=words) as caught:
            await ask("http://host:1", proxy=f"socks5://{login}127.0.0.1:{port}")
    assert not caught.value.sent
    assert "wrong" not in str(caught.value)


async def test_certificate_nobody_trusts_is_refused_in_words(authority):
    async with serve_peer(hello, tls=server_context(authority)) as server:
        with pytest.raises(NetworkTrouble, match="certificate is not trusted") as caught:
            await ask(server.url)
    assert not caught.value.sent


async def test_silent_proxy_runs_into_the_connect_deadline():
    async def silent(stream):
        await trio.sleep_forever()

    async with serve_raw(silent) as port:
        transport = HttpTransport("http://host", proxy=f"socks5://127.0.0.1:{port}")
        with pytest.raises(NetworkTrouble, match="while connecting") as caught:
            await transport.send(GET, Deadlines(connect=0.05))
    assert not caught.value.sent
