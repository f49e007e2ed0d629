"""Webhook deliveries: in order within a chat, side by side otherwise, again until they are taken."""

from __future__ import annotations

import httpx2
import orjson
import pytest
import trio

from daemon.http_client import make_http_client
from daemon.sandbox.telegram_updates import UpdateQueue, Webhook
from daemon.sandbox.telegram_webhook import Delivered, WebhookCourier, post_with

URL = "https://bot.example/hook"


class Server:
    """The bot's: notes what is brought, answers as told."""

    def __init__(self):
        self.brought = []
        self.answers = {}
        self.seconds = 0.0
        self.most_at_once = 0
        self._now = 0

    async def post(self, webhook, body):
        update = orjson.loads(body)
        self.brought.append(update["update_id"])
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await trio.sleep(self.seconds)
        self._now -= 1
        answers = self.answers.get(update["update_id"], [])
        return answers.pop(0) if answers else Delivered(200)


@pytest.fixture
def server():
    return Server()


@pytest.fixture
async def queue(autojump_clock, world_clock, world_log, nursery, server):
    queue = UpdateQueue(world_clock, world_log, first_id=1)
    nursery.start_soon(WebhookCourier(queue, server.post).run)
    return queue


def put(queue, *chats):
    for chat in chats:
        queue.put("message", {"text": "x"}, chat=chat)


async def test_what_waited_and_what_comes_is_brought_once(queue, server, world_log, autojump_clock):
    put(queue, 7)
    queue.set_webhook(URL)
    await trio.sleep(1)
    put(queue, 7, 8)
    await trio.sleep(1)
    assert server.brought[0] == 1
    assert sorted(server.brought) == [1, 2, 3]
    assert queue.pending == 0
    assert sorted(act.get("update") for act in world_log.acts("update_confirmed")) == [1, 2, 3]


async def test_without_a_webhook_nothing_is_brought(queue, server, autojump_clock):
    put(queue, 7)
    await trio.sleep(60)
    assert server.brought == []
    assert queue.pending == 1


async def test_chat_waits_for_its_update_and_others_go_on(queue, server, autojump_clock):
    server.answers[1] = [Delivered(503), Delivered(0, "Connection failed"), Delivered(200)]
    put(queue, 7, 7, 8)
    queue.set_webhook(URL)
    await trio.sleep(10)
    assert [number for number in server.brought if number != 3] == [1, 1, 1, 2]
    assert 3 in server.brought[:2]


async def test_waits_double_and_a_wish_is_honoured(queue, server, autojump_clock):
    server.answers[1] = [Delivered(500)] * 3 + [Delivered(503, "", 9)]
    put(queue, 7)
    queue.set_webhook(URL)
    await trio.sleep(0.5 + 1 + 2 + 9 - 0.1)
    assert queue.pending == 1
    await trio.sleep(0.2)
    assert queue.pending == 0


async def test_last_failure_is_kept_until_a_webhook_is_set_anew(queue, server, autojump_clock):
    server.answers[1] = [Delivered(403)]
    put(queue, 7)
    queue.set_webhook(URL)
    await trio.sleep(5)
    assert queue.last_failure[1] == "Wrong response from the webhook: 403"
    queue.set_webhook(URL)
    assert queue.last_failure is None


async def test_no_more_are_brought_at_once_than_asked_for(queue, server, autojump_clock):
    server.seconds = 1
    put(queue, *range(10))
    queue.set_webhook(URL, "", 3)
    await trio.sleep(10)
    assert (server.most_at_once, sorted(server.brought)) == (3, list(range(1, 11)))


async def test_taken_away_webhook_leaves_what_was_not_taken_for_polls(queue, server, autojump_clock):
    server.answers[1] = [Delivered(500)] * 9
    put(queue, 7, 7)
    queue.set_webhook(URL)
    await trio.sleep(1)
    queue.set_webhook("")
    await trio.sleep(60)
    assert len(server.brought) <= 3
    assert [update["update_id"] for update in await queue.fetch(0, 100, 0, None)] == [1, 2]


@pytest.mark.parametrize(
    ("answer", "delivered"),
    [
        (httpx2.Response(200), Delivered(200)),
        (httpx2.Response(503, headers={"retry-after": "2"}), Delivered(503, "", 2.0)),
        (httpx2.ConnectError("refused"), Delivered(0, "Connection failed: not sent: ConnectError")),
    ],
)
async def test_delivery_over_the_network_carries_the_secret(answer, delivered):
    seen = []

    def handle(request):
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with make_http_client(transport=httpx2.MockTransport(handle)) as http:
        assert await post_with(http)(Webhook(URL, "secret"), b"{}") == delivered
    assert seen[0].headers["x-telegram-bot-api-secret-token"] == "secret"
