"""Fixtures of the outbox: a bot whose server is a script, texts of its own."""

import random
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.i18n.translate import Texts, read_catalogue
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.delivery import Delivery
from daemon.outbox.message import OutgoingMessage, Text, Verbatim
from daemon.outbox.outbox import Outbox
from daemon.outbox.rendering import Renderer
from daemon.outbox.sender import OutboxSender
from telegram_client.rate_limit import RateLimiter
from tests.fakes.transport import Script, make_client, ok

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def catalogue(language, **texts):
    lines = [f'msgid "{key.replace("__", ".")}"\nmsgstr "{text}"\n' for key, text in texts.items()]
    return read_catalogue((HEAD + "\n".join(lines)).encode(), language)


TEXTS = Texts(
    {
        "ru": catalogue("ru", t__hello="<b>Привет</b>, {name}", t__plain="{text}", t__ok="Да", t__empty=" "),
        "en": catalogue("en", t__hello="<b>Hello</b>, {name}", t__plain="{text}", t__ok="Yes", t__empty=" "),
    }
)
SIGNER = ButtonSigner(b"k" * 32)
MENU = ((Text("t.ok"), Text("t.plain", {"text": "Меню"})),)


class Bot:
    """An outbox, its sender and the Telegram it speaks to."""

    def __init__(self, store, clock, **answers):
        self.store, self.clock = store, clock
        answers.setdefault("sendMessage", ok({"message_id": 100}))
        self.script = Script(**answers)
        self.outbox = Outbox(store.queues, clock)
        self.languages = {}
        self.renderer = Renderer(TEXTS, SIGNER, MENU)
        self.limiter = RateLimiter()
        self.delivery = Delivery(
            store,
            make_client(self.script),
            self.renderer,
            self.limiter,
            clock,
            language_of=self.language_of,
            random_source=random.Random(1),
        )

    async def language_of(self, chat_id):
        await trio.lowlevel.checkpoint()
        return self.languages.get(chat_id, "ru")

    @asynccontextmanager
    async def sending(self, **kwargs):
        client = make_client(self.script)
        sender = OutboxSender(
            self.store,
            client,
            TEXTS,
            SIGNER,
            self.clock,
            language_of=self.language_of,
            menu=MENU,
            take_fresh=self.outbox.take_fresh,
            **kwargs,
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(sender.run)
            yield sender
            nursery.cancel_scope.cancel()

    async def say(self, words, chat_id=42, **fields):
        is_notice, key = fields.pop("is_notice", False), fields.pop("key", None)
        message = OutgoingMessage(chat_id, Text("t.plain", {"text": words}), **fields)
        await self.store.write(self.outbox.say(message, key=key, is_notice=is_notice))

    async def edit(self, words, chat_id=42, card="status", **fields):
        await self.store.write(self.outbox.edit(chat_id, card, Text("t.plain", {"text": words}), **fields))

    def calls(self, method="sendMessage"):
        return [params for name, params in self.script.calls if name == method]

    def texts(self, method="sendMessage", chat_id=None):
        return [params["text"] for params in self.calls(method) if chat_id in (None, params["chat_id"])]

    async def waiting(self, chat_id=42):
        return [item.key for item in await self.store.queues.waiting("outbox", chat_id, limit=100)]


@pytest.fixture
def make_bot(store, clock):
    return lambda **answers: Bot(store, clock, **answers)


@pytest.fixture
def bot(make_bot):
    return make_bot()


@pytest.fixture
def settle():
    async def wait():
        await trio.testing.wait_all_tasks_blocked(0.01)

    return wait


@pytest.fixture
def verbatim():
    return Verbatim
