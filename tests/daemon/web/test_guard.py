"""The guard around all pages, in memory: slow and failing pages, bodies, and answers that have begun."""

from __future__ import annotations

import pytest
import trio

from daemon.web.app import LARGEST_BODY, REQUEST_SECONDS, _Guard


class Client:
    """Speaks ASGI to an application; keeps what it answers."""

    def __init__(self, app):
        self.guard = _Guard(app)
        self.status = None
        self.headers = {}
        self.body = b""

    async def get(self, path="/", headers=()):
        scope = {"type": "http", "method": "GET", "path": path, "headers": list(headers)}
        await self.guard(scope, self.receive, self.send)
        return self

    async def receive(self):
        await trio.lowlevel.checkpoint()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        await trio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            assert self.status is None, "an answer begins once"
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")


async def say_hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def hang(scope, receive, send):
    await trio.sleep_forever()


async def hang_in_the_middle(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await trio.sleep_forever()


async def fail(scope, receive, send):
    raise ValueError("private")


async def fail_in_the_middle(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("private")


async def test_answer_passes_with_headers_added(autojump_clock):
    client = await Client(say_hello).get()
    assert (client.status, client.body) == (200, b"hello")
    assert client.headers[b"content-type"] == b"text/plain"
    assert client.headers[b"x-frame-options"] == b"DENY"


async def test_hanging_page_is_given_up(autojump_clock):
    client = await Client(hang).get()
    assert (client.status, trio.current_time()) == (503, REQUEST_SECONDS)


async def test_page_that_hangs_in_the_middle_is_cut(autojump_clock):
    client = await Client(hang_in_the_middle).get()
    assert (client.status, client.body, trio.current_time()) == (200, b"", REQUEST_SECONDS)


async def test_failing_page_is_500_and_told_to_the_log(autojump_clock, expected_errors):
    client = await Client(fail).get("/metrics")
    assert (client.status, client.body) == (500, b"try again later")
    (line,) = expected_errors
    assert (line["event"], line["path"]) == ("web_page_failed", "/metrics")


async def test_page_that_fails_in_the_middle_is_not_begun_again(autojump_clock, expected_errors):
    client = await Client(fail_in_the_middle).get()
    assert (client.status, client.body) == (200, b"")


@pytest.mark.parametrize(
    ("length", "status"),
    [(b"0", 200), (b"%d" % LARGEST_BODY, 200), (b"%d" % (LARGEST_BODY + 1), 413), (b"9" * 30, 413), (b"nonsense", 200)],
)
async def test_body_is_judged_by_its_announced_length(autojump_clock, length, status):
    assert (await Client(say_hello).get(headers=[(b"content-length", length)])).status == status


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_anything_but_http_is_left_alone(autojump_clock, kind):
    client = Client(fail)
    await client.guard({"type": kind}, client.receive, client.send)
    assert client.status is None


async def test_cancelled_request_is_not_answered(autojump_clock):
    client = Client(hang)
    with trio.move_on_after(1) as scope:
        await client.get()
    assert scope.cancelled_caught
    assert client.status is None
