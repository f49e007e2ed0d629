"""`python -m tests.crash.recovery --users 10000`: hunts in every stage, SIGKILL, and how they come back.

The real daemon as a process of its own against the simulated world on loopback. Ten thousand hunts stand in eight
stages; a first life takes them up and is killed with SIGKILL in the middle of it; a second life is measured: seconds
until all that wish to hunt are owned and their next search has its time, seconds until all are started, memory while
they run, and how hard the board is knocked at. Exit 1 when anything was applied twice, ledger and board differ, a
paused or quarantined hunt went on, or a limit was passed.
"""

from __future__ import annotations

import argparse
import logging
import math
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import SystemClock
from daemon.sandbox.daemon_process import DaemonProcess
from daemon.sandbox.judge import Witness, judge
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import open_world
from tests.crash.crowd import Gatekeeper, invite, settle
from tests.crash.stages import STAGES, set_the_stages
from tests.crash.thousand import BOARD_SECONDS, EPOCH, KEY, OWNED, START_SECONDS, Deploy, Life
from tests.crash.thousand import Order as DeployOrder
from tests.crash.thousand import Report as DeployReport

if TYPE_CHECKING:
    from daemon.sandbox.service import Request, Response
    from daemon.sandbox.world import World

PAUSED_SEARCHED = "SELECT count(*) FROM hunts WHERE wish = 'paused' AND searched_at IS NOT NULL"
GIVEN_UP_SEARCHED = """
    SELECT count(*) FROM hunts JOIN quarantine ON quarantine.child = 'autopilot:' || hunts.user_id
    WHERE searched_at IS NOT NULL
"""
PAUSED = "SELECT count(*) FROM hunts WHERE wish = 'paused'"
GIVEN_UP = "SELECT count(*) FROM quarantine"
GRACE_SECONDS = 10.0
PACE = 2.0
"""Requests a second with one token: the board's own."""


@dataclass(frozen=True)
class Order:
    """What is tried."""

    users: int = 10_000
    first_seconds: float = 15.0
    """How long the first life goes on once it owns all, before its SIGKILL."""
    watch_seconds: float = 120.0
    """How long the second one is watched once it owns all."""
    seed: int = 1


@dataclass(frozen=True)
class Limits:
    """What the issue asks for. Searches that fell due are spread so that ten begin a second; chance makes some more."""

    owned_seconds: float = 10.0
    searches_a_second: int = 40
    megabytes: float = 40.0
    """Resident beyond a daemon without hunts, whatever their number ..."""
    megabytes_each: float = 0.012
    """... and for each of them."""
    growth_megabytes: float = 15.0
    """From the moment all hunts have started."""


@dataclass
class Recovered:
    """What the second life was like. Seconds count from the start of its process."""

    order: Order
    stages: dict[str, int] = field(default_factory=dict)
    prepared_seconds: float = 0.0
    idle_megabytes: float = 0.0
    life: Life = field(default_factory=Life)
    megabytes: list[float] = field(default_factory=list)
    """Each second from the moment all were owned."""
    settled_at: int | None = None
    """The second in `megabytes` at which all hunts had started; None: not while they were watched."""
    requests: list[int] = field(default_factory=list)
    """Of the board, second by second."""
    searches: list[int] = field(default_factory=list)
    deploy: DeployReport = field(default_factory=lambda: DeployReport(DeployOrder()))
    paused: int = 0
    quarantined: int = 0
    woken: int = 0
    """Paused or quarantined hunts that searched."""

    def faults(self, limits: Limits | None) -> list[str]:
        """What is not as it must be; without limits times and weights don't count."""
        found, deploy = [], self.deploy
        if deploy.duplicates:
            found.append(f"{deploy.duplicates} applications made twice")
        if deploy.unknown_to_ledger or deploy.unknown_to_board:
            found.append(f"{deploy.unknown_to_ledger} unknown to the ledger, {deploy.unknown_to_board} to the board")
        if (self.paused, self.quarantined, self.woken) != (self.stages["paused"], self.stages["quarantined"], 0):
            found.append(f"{self.paused} paused, {self.quarantined} quarantined, {self.woken} of them woke up")
        if self.life.exit_code != 0:
            found.append(f"the second life ended with {self.life.exit_code}")
        if self.life.most_a_second_and_token > PACE + 1:
            found.append(f"{self.life.most_a_second_and_token} requests a second with one token")
        if self.life.too_fast:
            found.append(f"{self.life.too_fast} requests refused as too fast")
        return found + (self._passed(limits) if limits else [])

    def _passed(self, limits: Limits) -> list[str]:
        found = []
        if self.life.owned > limits.owned_seconds:
            found.append(f"{self.life.owned:.1f} s until all were owned and scheduled")
        if max(self.searches, default=0) > limits.searches_a_second:
            found.append(f"{max(self.searches)} searches in one second")
        weight = max(self.megabytes, default=0.0) - self.idle_megabytes
        if weight > limits.megabytes + limits.megabytes_each * self.order.users:
            found.append(f"{weight:.0f} MB for {self.order.users} hunts")
        growth = self._growth()
        if growth > limits.growth_megabytes:
            found.append(f"{growth:.0f} MB more at the end than when all had started")
        return found

    def _growth(self) -> float:
        """From the moment all had started."""
        later = [] if self.settled_at is None else self.megabytes[self.settled_at :]
        if len(later) < 2:
            return 0.0
        part = max(1, len(later) // 4)
        return statistics.median(later[-part:]) - statistics.median(later[:part])

    def table(self) -> list[str]:
        """Lines for a terminal."""
        life, order, deploy = self.life, self.order, self.deploy
        stages = ", ".join(f"{count} {stage}" for stage, count in self.stages.items())
        busy, searches = self.requests or [0], self.searches or [0]
        sizes = self.megabytes or [0.0]
        weights = f"{self.idle_megabytes:.0f}, {sizes[0]:.0f}, {max(sizes):.0f}, {sizes[-1]:.0f} MB"
        rows = (
            ("owned and scheduled again after", f"{life.owned:.2f} s, {life.cpu_until_owned:.2f} s of CPU"),
            ("HTTP door, polling", f"{life.door_open:.2f} s, {life.ready:.2f} s"),
            ("all hunts started", f"{life.settled or math.inf:.2f} s; slowest /healthz {life.slowest_answer:.0f} ms"),
            ("resident without hunts, owned, most, last", f"{weights} ({self._growth():+.1f} after all had started)"),
            ("requests to the board", f"{life.requests} in {len(busy)} s, refused as too fast {life.too_fast}"),
            ("  a second", f"median {statistics.median(busy):.0f}, most {max(busy)}"),
            ("  a second with one token", f"at most {life.most_a_second_and_token}"),
            ("searches a second", f"median {statistics.median(searches):.0f}, most {max(searches)}"),
            ("applied twice", f"{deploy.duplicates}; in doubt, to be asked about: {deploy.in_doubt}"),
            ("unknown to the ledger, to the board", f"{deploy.unknown_to_ledger}, {deploy.unknown_to_board}"),
            ("paused, quarantined, of them woken", f"{self.paused}, {self.quarantined}, {self.woken}"),
            ("SIGTERM to exit", f"{life.exit_seconds:.2f} s, code {life.exit_code}"),
        )
        head = f"{order.users} hunts: {stages}; prepared in {self.prepared_seconds:.0f} s"
        return [head, *(f"  {title:40}{value}" for title, value in rows)]


class CountingGate(Gatekeeper):
    """Counts what comes in each second, searches apart."""

    def begin(self) -> None:
        """Counts anew."""
        super().begin()
        self.by_second: Counter[int] = Counter()
        self.searches_by_second: Counter[int] = Counter()

    async def handle(self, request: Request) -> Response:
        """Passes everything on."""
        if request.path.startswith("/hh/"):
            second = self._clock.now() // 1000
            self.by_second[second] += 1
            self.searches_by_second[second] += request.path == "/hh/vacancies"
        return await super().handle(request)


class Recovery(Deploy):
    """One world, one store, three lives: without hunts, killed, watched."""

    def __init__(self, order: Order, world: World, board: CountingGate, folder: Path) -> None:
        super().__init__(DeployOrder(users=order.users, paused=0), world, board, folder)
        self._what = order
        self._gate = board

    async def recover(self, base_url: str) -> Recovered:
        """All of it."""
        order, result = self._what, Recovered(self._what)
        self._settings = {
            **self._world.settings(base_url),
            "AURORA_STORE__URL": f"sqlite:///{self._folder}/aurora.db",
            "AURORA_SECRET_KEY": KEY,
            "AURORA_WEB__LISTEN": f"127.0.0.1:{self._port}",
            "AURORA_AUTOPILOT__GRACE_SECONDS": str(GRACE_SECONDS),
        }
        self._daemon = DaemonProcess(self._settings, self._folder)
        try:
            result.idle_megabytes = (await self._live(0, 0)).rss_megabytes
            began = trio.current_time()
            self._crowd = invite(self._world, order.users)
            await settle(self._world, base_url, self._settings, self._crowd, 0)
            result.stages = await set_the_stages(self._world, base_url, self._settings, self._crowd)
            result.prepared_seconds = trio.current_time() - began
            self._world.faults.add("latency", service="hh", seconds=BOARD_SECONDS)
            await self._live_and_be_killed(result)
            await self._live_watched(result)
        finally:
            await self._daemon.end()
        result.deploy.duplicates = judge(tuple(self._world.log.acts()), Witness({}, ("",)), crashes=1).duplicates
        self._compare_ledger(result.deploy)
        result.paused, result.quarantined = self._read(PAUSED), self._read(GIVEN_UP)
        result.woken = self._read(PAUSED_SEARCHED) + self._read(GIVEN_UP_SEARCHED)
        return result

    async def _live_and_be_killed(self, result: Recovered) -> None:
        epoch, began_at = self._read(EPOCH), self._clock.now()
        await self._daemon.start()
        with trio.fail_after(START_SECONDS):
            await self._until(lambda: self._read(OWNED, epoch, began_at) >= self._wishing(result))
        await trio.sleep(self._what.first_seconds)
        await self._daemon.kill()

    async def _live_watched(self, result: Recovered) -> None:
        life, epoch = result.life, self._read(EPOCH)
        self._gate.begin()
        began, began_at = trio.current_time(), self._clock.now()
        await self._daemon.start()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._daemon.watch)
            nursery.start_soon(self._feel_pulse, life, began)
            with trio.fail_after(START_SECONDS):
                await self._until(lambda: self._read(OWNED, epoch, began_at) >= self._wishing(result))
            life.owned = trio.current_time() - began
            life.cpu_until_owned = self._cpu_seconds()
            with trio.fail_after(START_SECONDS):
                await self._until(lambda: "daemon_ready" in self._said(began_at))
            life.ready = self._at("daemon_ready", began_at)
            until = trio.current_time() + self._what.watch_seconds
            while trio.current_time() < until:
                result.megabytes.append(self._megabytes())
                await trio.sleep(1)
                if not life.settled and "hunts_settled" in self._said(began_at):
                    life.settled, result.settled_at = self._at("hunts_settled", began_at), len(result.megabytes)
            nursery.cancel_scope.cancel()
        asked = trio.current_time()
        life.exit_code = await self._daemon.stop()
        life.exit_seconds = trio.current_time() - asked
        self._note_board(result)

    def _wishing(self, result: Recovered) -> int:
        return self._what.users - result.stages["paused"]

    def _note_board(self, result: Recovered) -> None:
        gate, life = self._gate, result.life
        life.requests, life.most_a_second, life.too_fast = gate.requests, gate.most_a_second, gate.too_fast
        life.most_a_second_and_token = gate.most_a_second_and_token
        seconds = sorted(gate.by_second)
        if seconds:
            result.requests = [gate.by_second[second] for second in range(seconds[0], seconds[-1] + 1)]
            result.searches = [gate.searches_by_second[second] for second in range(seconds[0], seconds[-1] + 1)]


async def run_recovery(order: Order, folder: Path) -> Recovered:
    """The whole trial in a world of its own."""
    async with open_world(SystemClock(), order.seed) as world:
        board = CountingGate(world.service)
        async with serve_on_loopback(board) as port:
            base_url = f"http://127.0.0.1:{port}"
            world.settle_at(base_url)
            return await Recovery(order, world, board, folder).recover(base_url)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.recovery", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000, help=f"hunts, an eighth in each of: {', '.join(STAGES)}")
    parser.add_argument("--first", type=float, default=15.0, help="seconds the first life goes on before its SIGKILL")
    parser.add_argument("--watch", type=float, default=120.0, help="seconds the second life is watched")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the daemon's log and store")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    order = Order(chosen.users, chosen.first, chosen.watch, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="aurora-recovery-") as folder:
        result = trio.run(partial(run_recovery, order, chosen.keep or Path(folder)))
    print("\n".join(result.table()))
    faults = result.faults(Limits())
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
