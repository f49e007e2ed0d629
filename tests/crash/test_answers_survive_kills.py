"""Killed in the middle of its updates: no answer lost, at most one doubled per chat and kill, always in order.

Stopped by SIGTERM: none doubled either. The judge is the log of the server, not the bot's store.
"""

import random
import signal
import sys
from collections import Counter
from functools import partial
from itertools import groupby
from subprocess import DEVNULL

import pytest
import trio

from tests.fakes.loopback import serve_peer
from tests.fakes.transport import ok

CHATS, EACH = 12, 15


class Server:
    """True getUpdates: what is below the asked offset is forgotten, the rest comes again."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        order = [chat for chat in range(1, CHATS + 1) for _ in range(EACH)]
        self.random.shuffle(order)
        numbers = Counter()
        self.updates = []
        for update_id, chat in enumerate(order, start=1):
            numbers[chat] += 1
            self.updates.append(self.make_update(update_id, chat, f"{numbers[chat]:02}"))
        self.answers = []
        self.progress = trio.Event()

    def make_update(self, update_id, chat, text):
        person = {"id": chat, "is_bot": False, "first_name": "x"}
        message = {"message_id": update_id, "date": 0, "chat": {"id": chat, "type": "private"}, "from": person}
        return {"update_id": update_id, "message": {**message, "text": text}}

    async def __call__(self, seen):
        method = seen.path.rpartition("/")[2]
        if method == "getUpdates":
            params = seen.json()
            self.updates = [update for update in self.updates if update["update_id"] >= params.get("offset", 0)]
            if not self.updates:
                await trio.sleep(params["timeout"])
            return ok(self.updates[: self.random.randint(5, 40)])
        if method == "sendMessage":
            params = seen.json()
            self.answers.append((params["chat_id"], params["text"]))
            self.progress.set()
            self.progress = trio.Event()
            # Executed; the answer takes its time, so that kills fall between.
            await trio.sleep(self.random.uniform(0, 0.02))
            return ok({"message_id": len(self.answers)})
        return ok(True)

    def texts(self, chat):
        return [text for number, text in self.answers if number == chat]

    def is_complete(self):
        return len({*self.answers}) == CHATS * EACH


async def run_until(server, url, path, count, how):
    """Runs the bot until the server has seen `count` answers, then ends it."""
    command = [sys.executable, "-m", "tests.crash.answering_bot", url, str(path)]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(partial(trio.run_process, command, check=False, stderr=DEVNULL))
        while len(server.answers) < count and not server.is_complete():
            await server.progress.wait()
        await trio.sleep(server.random.uniform(0, 0.02))
        process.send_signal(how)
    return process.returncode


async def play(tmp_path, seed, how):
    server = Server(seed)
    stops = 0
    async with serve_peer(server) as loopback:
        while not server.is_complete():
            goal = len(server.answers) + server.random.randint(20, 70)
            await run_until(server, loopback.url, tmp_path / "bot.db", goal, how)
            stops += 1
    return server, stops


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_kill_loses_nothing_and_doubles_at_most_one_per_chat(tmp_path, seed):
    server, kills = await play(tmp_path, seed, signal.SIGKILL)
    wanted = [f"{number:02}" for number in range(1, EACH + 1)]
    for chat in range(1, CHATS + 1):
        texts = server.texts(chat)
        assert [text for text, _ in groupby(texts)] == wanted, "in order, a double right after its first"
        assert len(texts) - EACH <= kills
    assert kills >= 2


@pytest.mark.slow
async def test_sigterm_doubles_nothing(tmp_path):
    server, stops = await play(tmp_path, 4, signal.SIGTERM)
    wanted = [f"{number:02}" for number in range(1, EACH + 1)]
    assert all(server.texts(chat) == wanted for chat in range(1, CHATS + 1))
    assert stops >= 2
