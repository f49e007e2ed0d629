"""`python -m tests.crash.backlog --updates 100000`: what waited at Telegram while the bot was away, handled by the daemon.

The real daemon as a process of its own against a Bot API server of raw sockets in this one. Every chat has sent the
same number of commands in an order of its own; each command has one answer. Judged from what the server was sent
alone: every update answered once, in order within its chat. Measured: seconds, updates a second, the daemon's memory
while it works. Exit 1 on anything lost, doubled, out of order, or when memory was not flat (`Limits`).

`--kill` ends the daemon with SIGKILL in the middle, once; then each chat may see one answer twice.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httptools
import orjson
import trio

from daemon.sandbox.daemon_process import DaemonProcess, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TOKEN = "123456:" + "x" * 35
COMMANDS = ("/help", "/privacy", "/terms", "/paysupport", "/cancel")
"""Four are answered before their update is kept, the last goes the long way through its chat's lane."""
BATCH = 100
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 60.0
"""Without one more answer in so long something hangs."""
ME = b'{"ok":true,"result":{"id":123456,"is_bot":true,"first_name":"Bot","username":"backlog_bot"}}'
TRUE = b'{"ok":true,"result":true}'
NOTHING_NEW = b'{"ok":true,"result":[]}'


@dataclass(frozen=True)
class Order:
    """What is tried."""

    updates: int = 100_000
    chats: int = 10_000
    """At most twenty updates each: from then on Telegram's pace for one chat would be measured."""
    seed: int = 1
    is_killed: bool = False


@dataclass(frozen=True)
class Limits:
    """What counts as flat: how much the daemon may weigh beyond what it weighed before the first update."""

    extra_megabytes: float = 150.0
    late_megabytes: float = 40.0
    """How much the last half may add to the first."""


@dataclass
class Report:
    """What was seen."""

    order: Order
    seconds: float = 0.0
    polled_seconds: float = 0.0
    """Until the last update was on the daemon's disk: then Telegram was told so."""
    idle_megabytes: float = 0.0
    megabytes: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    misplaced: int = 0
    """Chats whose answers are not in the order of their commands."""
    texts: int = 0

    @property
    def peak_megabytes(self) -> float:
        """Resident, at most."""
        return max(self.megabytes, default=0.0)

    def faults(self, limits: Limits | None = None) -> list[str]:
        """What is not as it must be."""
        found = []
        if self.lost:
            found.append(f"{self.lost} updates without an answer")
        if self.doubled > (self.order.chats if self.order.is_killed else 0):
            found.append(f"{self.doubled} answers too many")
        if self.misplaced:
            found.append(f"{self.misplaced} chats out of order")
        if self.texts != len(COMMANDS):
            found.append(f"{self.texts} different answers to {len(COMMANDS)} commands")
        if limits and self.peak_megabytes - self.idle_megabytes > limits.extra_megabytes:
            found.append(f"{self.peak_megabytes:.0f} MB at the peak, {self.idle_megabytes:.0f} before the first update")
        half = len(self.megabytes) // 2
        if limits and half and max(self.megabytes[half:]) - max(self.megabytes[:half]) > limits.late_megabytes:
            found.append(
                f"memory grows: {max(self.megabytes[:half]):.0f} MB, later {max(self.megabytes[half:]):.0f} MB"
            )
        return found

    def table(self) -> list[str]:
        """Lines for a terminal."""
        order = self.order
        return [
            f"{order.updates} updates of {order.chats} chats waited{', one SIGKILL' if order.is_killed else ''}",
            f"  on disk after            {self.polled_seconds:8.1f} s",
            f"  all answered after       {self.seconds:8.1f} s   ({order.updates / max(self.seconds, 0.001):.0f} a second)",
            f"  resident before          {self.idle_megabytes:8.0f} MB",
            f"  resident at most         {self.peak_megabytes:8.0f} MB",
            f"  lost {self.lost}, doubled {self.doubled}, chats out of order {self.misplaced}",
        ]


class BotApi:
    """Gives out the backlog from the moment it is opened; keeps which chat was sent which text."""

    def __init__(self, order: Order) -> None:
        self._order = order
        chance = random.Random(order.seed)
        self.commands = [chance.choice(COMMANDS) for _ in range(order.updates)]
        self.is_open = False
        self.confirmed = 0
        self.sent: dict[int, list[int]] = defaultdict(list)
        """By chat, the numbers of the texts in `texts`."""
        self.texts: dict[str, int] = {}
        self.answers = 0

    def chat_of(self, number: int) -> int:
        """The chat of update `number`, counted from 1."""
        return 1000 + number % self._order.chats

    async def answer(self, method: bytes, body: bytes) -> bytes:
        """One call."""
        if method == b"getUpdates":
            return await self._give(orjson.loads(body))
        if method == b"getMe":
            return ME
        if method != b"sendMessage":
            return TRUE
        message = orjson.loads(body)
        number = self.texts.setdefault(message["text"], len(self.texts))
        self.sent[message["chat_id"]].append(number)
        self.answers += 1
        return b'{"ok":true,"result":{"message_id":%d,"date":0,"chat":{"id":%d,"type":"private"},"text":"x"}}' % (
            self.answers,
            message["chat_id"],
        )

    async def _give(self, params: dict[str, int]) -> bytes:
        first = max(params.get("offset", 1), 1)
        self.confirmed = first - 1
        if not self.is_open or first > self._order.updates:
            await trio.sleep(0.2)
            return NOTHING_NEW
        last = min(first + BATCH - 1, self._order.updates)
        return b'{"ok":true,"result":[' + b",".join(self._update(n) for n in range(first, last + 1)) + b"]}"

    def _update(self, number: int) -> bytes:
        chat_id, text = self.chat_of(number), self.commands[number - 1]
        person = {"id": chat_id, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
        message = {
            "message_id": number,
            "from": person,
            "chat": {"id": chat_id, "first_name": "Анна", "type": "private"},
            "date": 1_790_000_000,
            "text": text,
            "entities": [{"offset": 0, "length": len(text), "type": "bot_command"}],
        }
        return orjson.dumps({"update_id": number, "message": message})

    def judge(self, report: Report) -> None:
        """Compares what each chat was sent with what it had asked."""
        asked: dict[int, list[str]] = defaultdict(list)
        for number in range(1, self._order.updates + 1):
            asked[self.chat_of(number)].append(self.commands[number - 1])
        meaning = self._meaning(asked)
        for chat_id, commands in asked.items():
            got = [meaning.get(number, "?") for number in self.sent.get(chat_id, [])]
            report.lost += max(0, len(commands) - len(got))
            report.doubled += max(0, len(got) - len(commands))
            report.misplaced += not _is_in_order(commands, got, may_repeat=self._order.is_killed)
        report.texts = len(self.texts)

    def _meaning(self, asked: dict[int, list[str]]) -> dict[int, str]:
        """Which text answers which command: what most chats say."""
        votes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for chat_id, commands in asked.items():
            for command, number in zip(commands, self.sent.get(chat_id, []), strict=False):
                votes[number][command] += 1
        return {number: max(counted, key=lambda command: counted[command]) for number, counted in votes.items()}


def _is_in_order(commands: list[str], got: list[str], *, may_repeat: bool) -> bool:
    """Whether `got` is `commands`; after a crash one answer may stand there twice, one after the other."""
    if got == commands or not may_repeat:
        return got == commands
    return any(got[:at] + got[at + 1 :] == commands and got[at - 1] == got[at] for at in range(1, len(got)))


class Reader:
    """One request."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url, self.body, self.is_complete = b"", b"", False

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


@asynccontextmanager
async def serve(api: BotApi) -> AsyncIterator[int]:
    """Its port."""

    async def handle(stream: trio.SocketStream) -> None:
        reader = Reader()
        try:
            while data := await stream.receive_some(65536):
                reader.parser.feed_data(data)
                if not reader.is_complete:
                    continue
                answer = await api.answer(reader.url.rpartition(b"/")[2], reader.body)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                await stream.send_all(head + answer)
                reader.url, reader.body, reader.is_complete = b"", b"", False
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def run_backlog(order: Order, folder: Path, watch: Callable[[str], None] = lambda _line: None) -> Report:
    """The whole trial."""
    api, report = BotApi(order), Report(order)
    async with serve(api) as port:
        daemon = DaemonProcess(
            {
                "AURORA_TELEGRAM__TOKEN": TOKEN,
                "AURORA_TELEGRAM__API_URL": f"http://127.0.0.1:{port}",
                "AURORA_TELEGRAM__MESSAGES_PER_SECOND": "1000000",
                "AURORA_WEB__LISTEN": f"127.0.0.1:{free_port()}",
            },
            folder,
        )
        await daemon.start()
        try:
            with trio.fail_after(PATIENCE_SECONDS):
                while b"daemon_ready" not in (folder / "daemon.log").read_bytes():  # noqa: ASYNC110 - another process
                    await trio.sleep(LOOK_SECONDS)
            await trio.sleep(1)
            report.idle_megabytes = megabytes_of(daemon.pid)
            await _work_off(api, daemon, report, watch)
        finally:
            await daemon.end()
    api.judge(report)
    return report


async def _work_off(api: BotApi, daemon: DaemonProcess, report: Report, watch: Callable[[str], None]) -> None:
    order, began = report.order, trio.current_time()
    api.is_open = True
    moved_at, seen, has_died = began, 0, False
    while api.answers < order.updates or api.confirmed < order.updates:
        await trio.sleep(LOOK_SECONDS)
        now = trio.current_time()
        if order.is_killed and not has_died and api.answers >= order.updates // 2:
            has_died = True
            await daemon.kill()
            await daemon.start()
            continue
        report.megabytes.append(megabytes_of(daemon.pid))
        if api.confirmed >= order.updates and not report.polled_seconds:
            report.polled_seconds = now - began
        if api.answers != seen:
            seen, moved_at = api.answers, now
            watch(f"{now - began:6.1f} s  polled {api.confirmed}  answered {seen}  {report.megabytes[-1]:.0f} MB")
        if now - moved_at > PATIENCE_SECONDS:
            break
    report.seconds = trio.current_time() - began
    await trio.sleep(2 if order.is_killed else 0.5)  # whoever is answered twice is answered now


def megabytes_of(pid: int) -> float:
    """Resident; 0 of a process that has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.backlog", description=__doc__)
    parser.add_argument("--updates", type=int, default=100_000)
    parser.add_argument("--chats", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill", action="store_true", help="SIGKILL in the middle")
    parser.add_argument("--watch", action="store_true", help="print progress")
    chosen = parser.parse_args(arguments)
    order = Order(chosen.updates, chosen.chats, chosen.seed, chosen.kill)
    watch = partial(print, flush=True) if chosen.watch else lambda _line: None
    with tempfile.TemporaryDirectory(prefix="aurora-backlog-") as folder:
        report = trio.run(run_backlog, order, Path(folder), watch)
    print("\n".join(report.table()))
    faults = report.faults(Limits())
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
