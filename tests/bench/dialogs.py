"""Dialogs: what ten thousand people in the middle of onboarding cost, asleep and in memory, and how long a wake takes.

Asleep they are rows only: the bytes are those of the store's file. In memory they are suspended scripts: the bytes are
the growth of the resident size. The wake replays a journal of ten answers; the live answer beside it replays nothing.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio

from daemon.clock import SystemClock
from daemon.dialogs.dialog import Option
from daemon.dialogs.engine import DialogEngine
from daemon.inbox.router import Incoming
from daemon.outbox.message import Text
from daemon.outbox.outbox import Outbox
from store.durable.ownership import own_shards
from store.factory import open_store
from store.ids import ChatId, UserId
from store.write import NOTHING
from telegram_client.types import Update

PEOPLE = 10_000
ANSWERS = 10
OPTIONS = (Option("yes", Text("bench.yes")), Option("no", Text("bench.no")))


async def ten_questions(dialog):
    for number in range(ANSWERS + 1):
        dialog.say(Text("bench.said", {"n": number}))
        await dialog.choose(Text("bench.question", {"n": number}), OPTIONS)


def press(user_id):
    query = {"id": "q", "from": {"id": user_id}, "message": {"message_id": 1, "chat": {"id": user_id}}}
    update = Update.parse({"update_id": 1, "callback_query": query})
    return Incoming("k", ChatId(user_id), UserId(user_id), 0, NOTHING, update=update)


def resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


async def answer(engine, user_id):
    question = await engine.open_question(ChatId(user_id))
    await engine.deliver(press(user_id), f"{question.question_id}.0")


async def open_many(engine, first, count):
    limiter = trio.CapacityLimiter(500)

    async def one(user_id):
        async with limiter:
            await engine.start("ten", press(user_id))

    async with trio.open_nursery() as nursery:
        for user_id in range(first, first + count):
            nursery.start_soon(one, user_id)


async def time_answers(engine, people):
    began = time.process_time()
    for user_id in people:
        await answer(engine, user_id)
    return (time.process_time() - began) / len(people) * 1e6


async def measure(path):
    clock = SystemClock()
    async with open_store(f"sqlite:///{path}") as store, own_shards(store, boot_id="bench", now=0) as ownership:
        outbox = Outbox(store.queues, clock)

        def make(**options):
            return DialogEngine(store, outbox, ownership, clock, {"ten": ten_questions}, **options)

        engine = make(most_live=PEOPLE * 2)
        async with engine.running():
            await open_many(engine, 1, 500)
            gc.collect()
            before = resident_bytes()
            await open_many(engine, 1000, PEOPLE)
            gc.collect()
            live = (resident_bytes() - before) / PEOPLE
            for _ in range(ANSWERS - 1):
                for user_id in range(1, 101):
                    await answer(engine, user_id)
            going_on = await time_answers(engine, range(1, 51))
        engine = make()
        async with engine.running():
            waking = await time_answers(engine, range(51, 101))
        [[rows]] = await store.fetch_all("SELECT sum(length(question) + length(state) + 120) FROM journals")
        [[count]] = await store.fetch_all("SELECT count(*) FROM journals")
        return live, rows / count, going_on, waking


def main():
    with tempfile.TemporaryDirectory() as folder:
        live, rows, going_on, waking = trio.run(measure, f"{folder}/bench.db")
    print(
        f"{PEOPLE} open dialogs in memory: {live / 1024:.1f} kB each; asleep: 0 in memory, {rows:.0f} bytes of rows each"
    )
    print(
        f"CPU of one durable answer: {going_on:.0f} µs live, {waking:.0f} µs after a sleep ({ANSWERS} answers replayed)"
    )


def run():
    done = subprocess.run([sys.executable, "-m", "tests.bench.dialogs"], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
