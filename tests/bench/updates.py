"""CPU per update: inbox on disk, handler, outbox on disk, send, against a bare Trio echo with the same client.

The echo polls and answers, thirty-two sends at a time, and remembers nothing; the floor (`floor.py`) is the echo with the
same rows on disk. The server is another process; each measurement is a fresh process, rounds alternate, medians count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing

import trio

from daemon.clock import SystemClock
from daemon.collector import calm_collector
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
from telegram_client.long_poll import poll_updates
from telegram_client.methods import send_message
from telegram_client.token import BotToken
from tests.bench.floor import run_floor

COUNT = 6_000
CHATS = 600
STEADY_COUNT = 2_000
STEADY_PER_SECOND = 400
SENDERS = 32
ROUNDS = 3
FOLDER = os.environ.get("AURORA_BENCH_FOLDER")
TOKEN = BotToken.parse("123456:" + "x" * 35)
HELP = (
    "<b>Аврора</b> ищет работу за вас. /connect — подключить hh.ru, /autopilot — начать, /pause — подождать, "
    "/status — как дела."
)
PO = f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "bench.help"\nmsgstr "{HELP}"\n'


class CountingClient(TelegramClient):
    """Says when so many messages are out."""

    def __init__(self, *args, count):
        super().__init__(*args)
        self.left = count
        self.finished = trio.Event()

    async def call(self, method, params=None, *, deadlines=None):
        result = await super().call(method, params, deadlines=deadlines)
        if method == "sendMessage":
            self.left -= 1
            if self.left == 0:
                self.finished.set()
        return result


async def run_echo(client):
    send, receive = trio.open_memory_channel(1000)

    async def answer():
        async for raw in receive:
            await send_message(client, raw["message"]["chat"]["id"], HELP)

    async with trio.open_nursery() as nursery:
        for _ in range(SENDERS):
            nursery.start_soon(answer)
        async with aclosing(poll_updates(client, None, timeout_seconds=25)) as batches:
            async for batch in batches:
                for raw in batch:
                    await send.send(raw)


class HelpRouter:
    """Every update gets the help text."""

    def __init__(self, outbox):
        self.outbox = outbox

    def find_handler(self, incoming):
        return self.help

    find_quick_handler = find_handler

    async def help(self, incoming):
        return self.outbox.say(OutgoingMessage(incoming.chat_id, Text("bench.help")))


async def run_durable(client):
    clock = SystemClock()
    texts = Texts({"ru": read_catalogue(PO.encode(), "ru"), "en": {}})
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        async with (
            open_store(f"sqlite:///{folder}/bench.db") as store,
            open_languages(store) as languages,
            trio.open_nursery() as nursery,
        ):
            outbox = Outbox(store.queues, clock)
            sender = OutboxSender(
                store,
                client,
                texts,
                ButtonSigner(b"k" * 32),
                clock,
                language_of=languages.language_of,
                messages_per_second=1e9,
                senders=SENDERS,
                take_fresh=outbox.take_fresh,
            )
            lanes = Lanes(store, HelpRouter(outbox), clock)
            poller = UpdatePoller(store, client, clock, take=lanes.intake.keep)
            await nursery.start(sender.run)
            await nursery.start(lanes.run)
            await nursery.start(poller.run)


async def run_floor_of_this(client):
    await run_floor(client, HELP, SENDERS)


async def measure(kind, port, count):
    url = f"http://127.0.0.1:{port}"
    client = CountingClient(TOKEN, HttpTransport(url), url, count=count)
    calm_collector()  # as `main` does, for both
    run = {"echo": run_echo, "floor": run_floor_of_this, "durable": run_durable}[kind]
    cpu, wall = time.process_time(), time.perf_counter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, client)
        await client.finished.wait()
        nursery.cancel_scope.cancel()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"cpu_us": cpu / count * 1e6, "per_second": count / wall}))


def run_once(kind, count, chats, per_second):
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.bench.stub_telegram", str(count), str(chats), str(per_second)],
        stdout=subprocess.PIPE,
        text=True,
    ) as stub:
        port = stub.stdout.readline().strip()
        try:
            command = [sys.executable, "-m", "tests.bench.updates", kind, port, str(count)]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - the same
        finally:
            stub.kill()


def compare(title, count, chats, per_second):
    results = {"echo": [], "floor": [], "durable": []}
    for _ in range(ROUNDS):
        for kind, measured in results.items():
            measured.append(run_once(kind, count, chats, per_second))
    cpu = {kind: statistics.median(one["cpu_us"] for one in measured) for kind, measured in results.items()}
    rate = {kind: statistics.median(one["per_second"] for one in measured) for kind, measured in results.items()}
    line = (
        f"{title}: {cpu['durable']:.0f} us an update on disk, {cpu['echo']:.0f} us for the bare echo, "
        f"ratio {cpu['durable'] / cpu['echo']:.2f} (aim <= 2.5); floor {cpu['floor']:.0f} us, ratio "
        f"{cpu['floor'] / cpu['echo']:.2f}; {rate['durable']:.0f} and {rate['echo']:.0f} a second"
    )
    return [line]


def run():
    """Lines of the table."""
    return [
        *compare("backlog", COUNT, CHATS, 0),
        *compare(f"steady {STEADY_PER_SECOND} a second", STEADY_COUNT, CHATS, STEADY_PER_SECOND),
    ]


if __name__ == "__main__":
    trio.run(measure, sys.argv[1], sys.argv[2], int(sys.argv[3]))
