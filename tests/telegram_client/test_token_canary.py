"""The canary: whatever goes wrong, the token is in no exception, log line, traceback or repr."""

import io
import logging
import traceback

import pytest
import structlog
import trio

from telegram_client.client import TelegramClient
from telegram_client.errors import TelegramError
from telegram_client.files import download_file
from telegram_client.http_transport import HttpTransport
from telegram_client.methods import get_me, get_updates, send_message
from telegram_client.token import BotToken
from telegram_client.transport import Deadlines
from tests.fakes.loopback import serve_peer
from tests.fakes.transport import TOKEN_TEXT, Answer, Cut, Hang, failure, ok

TOKEN = BotToken.parse(TOKEN_TEXT)
TROUBLES = {
    "unauthorized": failure(401, "Unauthorized"),
    "not found": failure(404, "Not Found"),
    "html": Answer(200, b"<html>", {"Content-Type": "text/html"}),
    "cut": Cut(),
    "truncated": Answer(200, b'{"ok":true,"resu', cut_after=5),
    "other shape": ok("what"),
    "too large": Answer(200, b"x" * 9_000_000),
    "hang": Hang(),
}


def everything_shown(error):
    shown = ["".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())]
    while error is not None:
        shown += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_token_is_in_nothing_that_is_shown(trouble):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    shown = []

    async def peer(seen):
        await trio.lowlevel.checkpoint()
        return TROUBLES[trouble]

    try:
        with structlog.testing.capture_logs() as logs:
            async with serve_peer(peer) as server:
                transport = HttpTransport(server.url)
                client = TelegramClient(TOKEN, transport, server.url)
                calls = [
                    lambda: client.call("getMe", deadlines=Deadlines(first_byte=0.05)),
                    lambda: download_file(client, "F"),
                ]
                if trouble != "hang":
                    calls += [
                        lambda: get_me(client),
                        lambda: get_updates(client, 1, timeout_seconds=0),
                        lambda: send_message(client, 1, "x"),
                    ]
                else:
                    calls.pop()
                for call in calls:
                    try:
                        await call()
                    except TelegramError as error:
                        shown.append(everything_shown(error))
                shown += [repr(client), repr(transport), repr(client._make_request("getMe", {})), repr(logs)]
                await transport.aclose()
    finally:
        logging.getLogger().removeHandler(handler)
    shown.append(stream.getvalue())
    assert len(shown) >= 5
    assert not any(TOKEN.is_in(text) for text in shown)
