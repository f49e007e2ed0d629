"""`python -m tests.crash.thousand --users 1000`: a deploy in the middle of a thousand hunts, measured.

The real daemon as a process of its own against the simulated world on loopback. Two lives with a SIGTERM at the end of
each, while hunts are searching and applying: how long until all that wish to hunt are owned and their next search has
its time, how long until the process is gone, what it weighs, how hard it knocks at the board. Exit 1 when anything was
applied twice, a paused hunt went on by itself, an exit code was not 0, or a limit of `Limits` was passed.
"""

from __future__ import annotations

import argparse
import base64
import logging
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import orjson
import structlog
import trio

from daemon.clock import SystemClock
from daemon.sandbox.daemon_process import DaemonProcess, free_port
from daemon.sandbox.judge import Witness, judge
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import World, open_world
from tests.crash.crowd import Gatekeeper, invite, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.sandbox.people import Person

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
LOOK_SECONDS = 0.05
START_SECONDS = 120.0
BOARD_SECONDS = 0.3
"""The board takes this long for an answer, so that at any moment many hunts wait for one."""
OWNED = """
    SELECT count(*) FROM hunts JOIN leases ON leases.name = printf('shard:%03d', hunts.user_id % 256)
    WHERE wish = 'running' AND leases.epoch > ? AND next_search_at IS NOT NULL AND next_search_at >= ?
"""
EPOCH = "SELECT coalesce(max(epoch), 0) FROM leases"
LEDGER = "SELECT key, state FROM effects WHERE kind = 'application' AND state NOT IN ('planned', 'refused')"
PAUSED = "SELECT count(*) FROM hunts WHERE wish = 'paused' AND searched_at IS NULL"


@dataclass(frozen=True)
class Limits:
    """What the issue asks for."""

    owned_seconds: float = 5.0
    exit_seconds: float = 2.0


@dataclass(frozen=True)
class Order:
    """What is tried."""

    users: int = 1000
    paused: int = 100
    """Beside `users`, who hunt."""
    applications: int = 200
    """Of each life, before its SIGTERM."""
    pause_seconds: float = 20.0
    """Between two applications of one hunt."""
    seed: int = 1


@dataclass
class Life:
    """What one life of the daemon was like. Times are seconds from the start of its process, or from its SIGTERM."""

    door_open: float = 0.0
    owned: float = 0.0
    settled: float = 0.0
    ready: float = 0.0
    slowest_answer: float = 0.0
    """Of `/healthz`, in milliseconds: how long the loop was busy with something else at most."""
    cpu_until_owned: float = 0.0
    rss_megabytes: float = 0.0
    in_flight: int = 0
    """Requests the board was working on when SIGTERM came."""
    exit_seconds: float = 0.0
    exit_code: int | None = None
    applied: int = 0
    requests: int = 0
    most_a_second: int = 0
    most_a_second_and_token: int = 0
    too_fast: int = 0


@dataclass
class Report:
    """All lives and what the board says."""

    order: Order
    prepared_seconds: float = 0.0
    idle: Life = field(default_factory=Life)
    lives: list[Life] = field(default_factory=list)
    duplicates: int = 0
    unknown_to_ledger: int = 0
    """Applications the board has and the ledger neither knows as made nor asks about."""
    unknown_to_board: int = 0
    """Applications the ledger takes for made and the board does not have."""
    in_doubt: int = 0
    """Cut off by a SIGTERM; the board is asked about them after the grace."""
    paused_after: int = 0

    def faults(self, limits: Limits | None) -> list[str]:
        """What is not as it must be; without limits times don't count."""
        found = []
        if self.duplicates:
            found.append(f"{self.duplicates} applications made twice")
        if self.unknown_to_ledger or self.unknown_to_board:
            found.append(f"{self.unknown_to_ledger} unknown to the ledger, {self.unknown_to_board} to the board")
        if self.paused_after != self.order.paused:
            found.append(f"{self.paused_after} of {self.order.paused} paused hunts stayed paused")
        for number, life in enumerate((self.idle, *self.lives)):
            if life.exit_code != 0:
                found.append(f"life {number} ended with {life.exit_code}")
            if life.most_a_second_and_token > 3:
                found.append(f"life {number}: {life.most_a_second_and_token} requests a second with one token")
            if limits and life.exit_seconds > limits.exit_seconds:
                found.append(f"life {number}: {life.exit_seconds:.2f} s from SIGTERM to the end")
            if limits and life.owned > limits.owned_seconds:
                found.append(f"life {number}: {life.owned:.2f} s until all hunts were owned and scheduled")
        return found


class Deploy:
    """One world, one store, one daemon over its lives."""

    def __init__(self, order: Order, world: World, board: Gatekeeper, folder: Path) -> None:
        self._order = order
        self._world = world
        self._board = board
        self._folder = folder
        self._port = free_port()
        self._clock = SystemClock()
        self._settings: Mapping[str, str] = {}
        self._crowd: dict[int, Person] = {}
        self._daemon = DaemonProcess({}, folder)

    async def play(self, base_url: str) -> Report:
        """Prepares, lives twice, asks the board."""
        order, report = self._order, Report(self._order)
        self._settings = {
            **self._world.settings(base_url),
            "AURORA_STORE__URL": f"sqlite:///{self._folder}/aurora.db",
            "AURORA_SECRET_KEY": KEY,
            "AURORA_WEB__LISTEN": f"127.0.0.1:{self._port}",
            "AURORA_AUTOPILOT__PAUSE_SECONDS": str(order.pause_seconds),
        }
        self._daemon = DaemonProcess(self._settings, self._folder)
        try:
            report.idle = await self._live(0, 0)
            began = trio.current_time()
            self._crowd = invite(self._world, order.users + order.paused)
            await settle(self._world, base_url, self._settings, self._crowd, order.paused)
            report.prepared_seconds = trio.current_time() - began
            self._world.faults.add("latency", service="hh", seconds=BOARD_SECONDS)
            for _ in range(2):
                report.lives.append(await self._live(order.users, order.applications))
        finally:
            await self._daemon.end()
        report.duplicates = judge(tuple(self._world.log.acts()), Witness({}, ("",)), crashes=0).duplicates
        report.paused_after = self._read(PAUSED)
        self._compare_ledger(report)
        return report

    def _compare_ledger(self, report: Report) -> None:
        """The daemon is gone: what it believes against what the board has."""
        chats = {person.person_id: user_id for user_id, person in self._crowd.items()}
        made = {
            f"{chats[str(act.get('user'))]}:hh:{act.get('vacancy')}" for act in self._world.log.acts("application_made")
        }
        with closing(sqlite3.connect(self._folder / "aurora.db")) as connection:
            ledger = dict(connection.execute(LEDGER).fetchall())
        confirmed = {key for key, state in ledger.items() if state == "confirmed"}
        report.in_doubt = len(ledger) - len(confirmed)
        report.unknown_to_ledger, report.unknown_to_board = len(made - set(ledger)), len(confirmed - made)

    async def _live(self, users: int, applications: int) -> Life:
        """From the start of the process to its end."""
        life, waits_for = Life(), {"daemon_ready", *(["hunts_settled"] if users else [])}
        epoch = self._read(EPOCH)
        self._board.begin()
        made = self._world.log.count("application_made")
        began, began_at = trio.current_time(), self._clock.now()
        await self._daemon.start()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._daemon.watch)
            nursery.start_soon(self._feel_pulse, life, began)
            with trio.fail_after(START_SECONDS):
                await self._until(lambda: self._read(OWNED, epoch, began_at) >= users and life.door_open > 0)
                life.owned = trio.current_time() - began
                life.cpu_until_owned = self._cpu_seconds()
                await self._until(lambda: waits_for <= set(self._said(began_at)))
            life.ready = self._at("daemon_ready", began_at)
            life.settled = self._at("hunts_settled", began_at) if users else 0.0
            with trio.fail_after(START_SECONDS + users):
                await self._until(lambda: self._world.log.count("application_made") >= made + applications)
            await trio.sleep(0.5)
            life.rss_megabytes = self._megabytes()
            nursery.cancel_scope.cancel()
        life.in_flight = self._board.in_flight
        asked = trio.current_time()
        life.exit_code = await self._daemon.stop()
        life.exit_seconds = trio.current_time() - asked
        life.applied = self._world.log.count("application_made") - made
        board = self._board
        life.requests, life.most_a_second, life.too_fast = board.requests, board.most_a_second, board.too_fast
        life.most_a_second_and_token = board.most_a_second_and_token
        return life

    async def _feel_pulse(self, life: Life, began: float) -> None:
        """Asks `/healthz` all the time."""
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
            while True:
                asked = trio.current_time()
                try:
                    await http.get(f"http://127.0.0.1:{self._port}/healthz")
                except httpx2.HTTPError:
                    await trio.sleep(0.01)
                    continue
                life.door_open = life.door_open or trio.current_time() - began
                life.slowest_answer = max(life.slowest_answer, 1000 * (trio.current_time() - asked))
                await trio.sleep(LOOK_SECONDS)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():  # noqa: ASYNC110 - another process gets there
            await trio.sleep(LOOK_SECONDS)

    def _read(self, question: str, *parameters: int) -> int:
        """One figure from the store's file, opened for reading only; 0 while there is none."""
        path = self._folder / "aurora.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)) as connection:
            try:
                return int(connection.execute(question, parameters).fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # no tables yet

    def _said(self, since: int) -> dict[str, int]:
        """When the daemon said what, first time since then."""
        said: dict[str, int] = {}
        for line in (self._folder / "daemon.log").read_bytes().splitlines():
            if line.startswith(b"{"):
                event = orjson.loads(line)
                at = milliseconds_of(event["at"])
                if at >= since:
                    said.setdefault(event["event"], at)
        return said

    def _at(self, event: str, since: int) -> float:
        return (self._said(since)[event] - since) / 1000

    def _cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._daemon.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _megabytes(self) -> float:
        pages = int(Path(f"/proc/{self._daemon.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def milliseconds_of(moment: str) -> int:
    """Unix milliseconds of a log line's time."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


async def run_deploy(order: Order, folder: Path) -> Report:
    """The whole trial in a world of its own."""
    async with open_world(SystemClock(), order.seed) as world:
        board = Gatekeeper(world.service)
        async with serve_on_loopback(board) as port:
            base_url = f"http://127.0.0.1:{port}"
            world.settle_at(base_url)
            return await Deploy(order, world, board, folder).play(base_url)


ROWS: tuple[tuple[str, str, str], ...] = (
    ("HTTP door open", "door_open", "{:.2f} s"),
    ("all who wish to hunt owned, next search scheduled", "owned", "{:.2f} s"),
    ("CPU until then", "cpu_until_owned", "{:.2f} s"),
    ("all hunts started", "settled", "{:.2f} s"),
    ("ready (polling)", "ready", "{:.2f} s"),
    ("slowest /healthz", "slowest_answer", "{:.0f} ms"),
    ("resident", "rss_megabytes", "{:.0f} MB"),
    ("applications made", "applied", "{}"),
    ("requests to the board", "requests", "{}"),
    ("  most in a second", "most_a_second", "{}"),
    ("  most in a second with one token", "most_a_second_and_token", "{}"),
    ("  refused as too fast", "too_fast", "{}"),
    ("in flight at SIGTERM", "in_flight", "{}"),
    ("SIGTERM to exit", "exit_seconds", "{:.2f} s"),
    ("exit code", "exit_code", "{}"),
)


def table(report: Report) -> list[str]:
    """Lines for a terminal."""
    order = report.order
    lines = [
        f"{order.users} hunts, {order.paused} more paused by their people; prepared in {report.prepared_seconds:.1f} s",
        f"{'':52}{'idle':>10}{'first':>10}{'second':>10}",
    ]
    for title, name, shape in ROWS:
        values = "".join(f"{shape.format(getattr(life, name)):>10}" for life in (report.idle, *report.lives))
        lines.append(f"{title:52}{values}")
    lines.append(f"applied twice: {report.duplicates}; paused before and after: {report.paused_after}")
    lines.append(
        f"unknown to the ledger: {report.unknown_to_ledger}; taken for made and not there: {report.unknown_to_board}; "
        f"in doubt, to be asked about: {report.in_doubt}"
    )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.thousand", description=__doc__)
    parser.add_argument("--users", type=int, default=1000, help="who hunt")
    parser.add_argument("--paused", type=int, default=100, help="beside them, paused by themselves")
    parser.add_argument("--applications", type=int, default=200, help="of each life, before its SIGTERM")
    parser.add_argument("--pause", type=float, default=20.0, help="seconds between two applications of one hunt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the daemon's log and store")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    order = Order(chosen.users, chosen.paused, chosen.applications, chosen.pause, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="aurora-thousand-") as folder:
        report = trio.run(partial(run_deploy, order, chosen.keep or Path(folder)))
    print("\n".join(table(report)))
    faults = report.faults(Limits())
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
