"""The floor of the update path: the bare echo with the same rows on disk before each answer, and nothing else.

No inbox, no lanes, no handlers, no texts: one thread with SQLite, one commit for each batch of updates with the very
statements that the daemon writes, one more for the marks of 50 ms. What the daemon needs beyond this is its own.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
from contextlib import aclosing
from queue import SimpleQueue

import trio

from store.durable.cursors import Cursors
from store.durable.queues import Queues
from store.embedded.placeholders import make_translator
from store.migrate import load_migrations, split_statements
from store.write import join
from telegram_client.long_poll import poll_updates
from telegram_client.methods import send_message

SWITCH_SECONDS = 0.000_01
"""As the store's own writer thread has it."""
MARK_SECONDS = 0.05


class Writer:
    """One thread that commits what it is handed."""

    def __init__(self, folder):
        self.connection = sqlite3.connect(f"{folder}/floor.db", isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        for migration in load_migrations():
            for statement in split_statements(migration.sql):
                self.connection.execute(statement)
        self.translate = make_translator()
        self.jobs = SimpleQueue()
        self.token = trio.lowlevel.current_trio_token()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        execute = self.connection.execute
        while True:
            statements, task = self.jobs.get()
            execute("BEGIN IMMEDIATE")
            for sql, parameters in statements:
                execute(sql, parameters)
            execute("COMMIT")
            self.token.run_sync_soon(trio.lowlevel.reschedule, task)

    async def write(self, write):
        statements = []
        for statement in write.statements:
            translated = self.translate(statement.sql)
            statements.append((translated.sql, translated.bind(statement.parameters)))
        self.jobs.put((statements, trio.lowlevel.current_task()))
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)


async def run_floor(client, text, senders):
    """Polls, commits, answers, marks."""
    queues, cursors = Queues(None), Cursors(None)
    sent = []
    send, receive = trio.open_memory_channel(1000)
    sys.setswitchinterval(SWITCH_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(folder)

        async def answer():
            async for raw in receive:
                await send_message(client, raw["message"]["chat"]["id"], text)
                sent.append(f"say:{raw['update_id']}")

        async def mark():
            while True:
                await trio.sleep(MARK_SECONDS)
                if sent:
                    marks = join(queues.finish("outbox", key, now=9, version=1) for key in sent)
                    sent.clear()
                    await writer.write(marks)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(mark)
            for _ in range(senders):
                nursery.start_soon(answer)
            async with aclosing(poll_updates(client, None, timeout_seconds=25)) as batches:
                async for batch in batches:
                    if batch:
                        await writer.write(join(rows_of(batch, queues, cursors)))
                    for raw in batch:
                        await send.send(raw)


def rows_of(batch, queues, cursors):
    for raw in batch:
        number, chat_id = raw["update_id"], raw["message"]["chat"]["id"]
        yield queues.put_finished("inbox", f"update:{number}", chat_id, now=5)
        yield queues.put("outbox", f"say:{number}", chat_id, {"act": "say", "text": ["bench.help", {}]}, now=5)
    yield cursors.move("telegram:1", batch[-1]["update_id"] + 1, now=5)
