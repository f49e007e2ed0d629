"""A bot of nothing but inbox and outbox, to be killed: `python -m tests.crash.answering_bot URL STORE`.

Its only handler answers each text with the same text, chats with even numbers at once where that can be. SIGTERM
cancels it, as the daemon's tree would.
"""

from __future__ import annotations

import signal
import sys

import trio

from daemon.clock import SystemClock
from daemon.i18n.translate import Texts, read_catalogue
from daemon.inbox.lanes import Lanes
from daemon.inbox.poller import UpdatePoller
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.languages import open_languages
from daemon.outbox.message import OutgoingMessage, Text
from daemon.outbox.outbox import Outbox
from daemon.outbox.sender import OutboxSender
from store.factory import open_store
from telegram_client.client import TelegramClient
from telegram_client.http_transport import HttpTransport
from telegram_client.token import BotToken

PO = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "echo.text"\nmsgstr "{text}"\n'


class EchoRouter:
    def __init__(self, outbox):
        self.outbox = outbox

    def find_handler(self, incoming):
        return self.echo

    def find_quick_handler(self, incoming):
        return self.echo if incoming.chat_id % 2 == 0 else None

    async def echo(self, incoming):
        text = Text("echo.text", {"text": incoming.update.message.text})
        return self.outbox.say(OutgoingMessage(incoming.chat_id, text))


async def main(url, path):
    clock = SystemClock()
    client = TelegramClient(BotToken.parse("123456:" + "x" * 35), HttpTransport(url), url)
    texts = Texts({"ru": read_catalogue(PO, "ru"), "en": {}})
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with open_store(f"sqlite:///{path}") as store, open_languages(store) as languages:
            outbox = Outbox(store.queues, clock)
            sender = OutboxSender(
                store,
                client,
                texts,
                ButtonSigner(b"k" * 32),
                clock,
                language_of=languages.language_of,
                messages_per_second=1e6,
                take_fresh=outbox.take_fresh,
            )
            lanes = Lanes(store, EchoRouter(outbox), clock)
            poller = UpdatePoller(store, client, clock, take=lanes.intake.keep, poll_seconds=5)
            async with trio.open_nursery() as nursery:
                await nursery.start(sender.run)
                await nursery.start(lanes.run)
                await nursery.start(poller.run)
                async for _ in signals:
                    nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2])
