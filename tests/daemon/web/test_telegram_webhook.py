"""The door for updates: the secret before the body, 200 only after the disk, and nothing too large."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2
import pytest
import trio

from daemon.inbox.webhook import NotReceiving, NoUpdate
from daemon.web.app import make_app
from daemon.web.probes import Probes
from daemon.web.telegram_webhook import LARGEST_UPDATE, SECRET_HEADER, TelegramWebhook
from store.errors import StoreUnavailable

ADDRESS = "/telegram/webhook/123456"
KNOWN = {SECRET_HEADER: "secret"}


class Receiver:
    """Keeps what it accepts."""

    bot_id = 123456

    def __init__(self):
        self.bodies = []
        self.trouble = None

    def knows(self, secret):
        return secret == "secret"

    async def accept(self, body):
        await trio.lowlevel.checkpoint()
        if self.trouble:
            raise self.trouble
        self.bodies.append(body)


@pytest.fixture
def receiver():
    return Receiver()


@asynccontextmanager
async def door(webhook):
    async def page():
        return b""

    app = make_app(oauth_return=OauthNobody(), probes=Probes({}), metrics_page=page, webhook=webhook)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://door") as client:
        yield client


class OauthNobody:
    async def answer(self, request):
        raise AssertionError


async def test_update_is_answered_once_it_is_kept(receiver):
    async with door(TelegramWebhook(receiver)) as client:
        answer = await client.post(ADDRESS, content=b'{"update_id": 1}', headers=KNOWN)
    assert (answer.status_code, answer.content) == (200, b"")
    assert receiver.bodies == [b'{"update_id": 1}']


async def post(webhook, headers, receive):
    """One delivery on the level of ASGI; its status."""
    wire = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": ADDRESS, "raw_path": b"", "query_string": b"", "headers": wire}
    statuses = []

    async def send(message):
        await trio.lowlevel.checkpoint()
        statuses.append(message.get("status"))

    async def page():
        return b""

    await make_app(oauth_return=OauthNobody(), probes=Probes({}), metrics_page=page, webhook=webhook)(
        scope, receive, send
    )
    return statuses[0]


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "wrong"}, {"authorization": "secret"}])
async def test_body_of_a_stranger_is_never_read(receiver, headers):
    async def receive():
        raise AssertionError("the body was asked for")

    assert await post(TelegramWebhook(receiver), headers, receive) == 403
    assert receiver.bodies == []


async def test_strangers_do_not_fill_the_log(receiver, logged):
    async with door(TelegramWebhook(receiver)) as client:
        for _ in range(100):
            await client.post(ADDRESS, content=b"x")
    assert [line["times"] for line in logged] == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize("bot", ["1", "123456x", "0123456", "%2e%2e"])
async def test_other_bots_are_not_here(receiver, bot):
    async with door(TelegramWebhook(receiver)) as client:
        assert (await client.post(f"/telegram/webhook/{bot}", headers=KNOWN)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_posts_are_taken(receiver, method):
    async with door(TelegramWebhook(receiver)) as client:
        assert (await client.request(method, ADDRESS, headers=KNOWN)).status_code == 405


@pytest.mark.parametrize(("size", "status"), [(LARGEST_UPDATE, 200), (LARGEST_UPDATE + 1, 413)])
async def test_updates_of_a_megabyte_pass_and_no_larger_ones(receiver, size, status, expected_errors):
    async with door(TelegramWebhook(receiver)) as client:
        assert (await client.post(ADDRESS, content=b"x" * size, headers=KNOWN)).status_code == status
    assert [len(body) for body in receiver.bodies] == ([size] if status == 200 else [])


@pytest.mark.parametrize(("pieces", "status"), [(16, 200), (17, 413), (10**9, 413)])
async def test_body_that_does_not_tell_its_size_is_counted(receiver, pieces, status, expected_errors):
    left = pieces

    async def receive():
        nonlocal left
        await trio.lowlevel.checkpoint()
        left -= 1
        return {"type": "http.request", "body": b"x" * 65536, "more_body": left > 0}

    assert await post(TelegramWebhook(receiver), KNOWN, receive) == status
    assert pieces - left <= 17


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(NotReceiving(), 503), (StoreUnavailable("disk full: /secret/path"), 503), (NoUpdate(), 400)],
)
async def test_what_is_not_kept_is_brought_again(receiver, trouble, status):
    receiver.trouble = trouble
    async with door(TelegramWebhook(receiver)) as client:
        answer = await client.post(ADDRESS, content=b"{}", headers=KNOWN)
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) is (status == 503)


async def test_unexpected_failure_is_no_confirmation(receiver, expected_errors):
    receiver.trouble = ValueError("private")
    async with door(TelegramWebhook(receiver)) as client:
        answer = await client.post(ADDRESS, content=b"{}", headers=KNOWN)
    assert (answer.status_code, "private" in answer.text) == (500, False)


async def test_where_updates_are_polled_the_page_is_not_there():
    async with door(None) as client:
        assert (await client.post(ADDRESS, headers=KNOWN)).status_code == 404
