"""`python -m tests.crash.outage --users 300`: the board is down for everybody for a while, seen from the board.

The real daemon as a process of its own against the simulated world on loopback, with many hunts that search every few
seconds. Then the board answers 503 to all, and after a while it is well again. Measured second by second: how many still
knock while it is down, how many in the first seconds after, and when the hunts are back at their work. Exit 1 when they
knocked in vain, came back as one, or did not come back; or when anything was applied twice.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import structlog
import trio

from daemon.clock import SystemClock
from daemon.sandbox.daemon_process import DaemonProcess
from daemon.sandbox.judge import Witness, judge
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import open_world
from tests.crash.crowd import invite, settle
from tests.crash.recovery import CountingGate
from tests.crash.thousand import KEY, Deploy
from tests.crash.thousand import Order as DeployOrder

if TYPE_CHECKING:
    from daemon.sandbox.world import World

INTERVAL_SECONDS = 4.0
FINDING_OUT_SECONDS = 6.0
"""So long calls may fail before the circuit has opened and those under way have ended."""
OPEN = 'aurora_circuit_open{dependency="board hh"} 1.0'


@dataclass(frozen=True)
class Order:
    """What is tried. Times in seconds."""

    users: int = 300
    before: float = 25.0
    down: float = 40.0
    after: float = 60.0
    seed: int = 1


@dataclass
class Report:
    """Requests to the board, second by second, in each part."""

    order: Order
    before: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    was_open: bool = False
    """The figures said so while it was down."""
    is_open: bool = True
    """And still did at the end."""
    duplicates: int = 0

    @property
    def in_vain(self) -> int:
        """Requests after everybody could have known."""
        return sum(self.down[int(FINDING_OUT_SECONDS) :])

    @property
    def usual(self) -> float:
        """A second, before."""
        half = self.before[len(self.before) // 2 :]
        return sum(half) / max(1, len(half))

    @property
    def first_seconds(self) -> list[int]:
        """The five seconds that begin with the first request after the outage."""
        first = next((number for number, count in enumerate(self.after) if count), len(self.after))
        return self.after[first : first + 5]

    def faults(self) -> list[str]:
        """What is not as it must be."""
        found = []
        if not self.was_open or self.is_open:
            found.append(f"the circuit: open while the board was down {self.was_open}, at the end {self.is_open}")
        if self.in_vain > self.order.down:
            found.append(f"{self.in_vain} requests in vain")
        if max(self.first_seconds, default=0) > max(20.0, 2 * self.usual):
            found.append(f"{max(self.first_seconds)} requests in a second after the outage, {self.usual:.0f} before")
        if sum(self.after[-10:]) < self.usual:
            found.append(f"{sum(self.after[-10:])} requests in the last ten seconds: the hunts did not come back")
        if self.duplicates:
            found.append(f"{self.duplicates} applications made twice")
        return found

    def table(self) -> list[str]:
        """Lines for a terminal."""
        return [
            f"{self.order.users} hunts, a search every {INTERVAL_SECONDS:.0f} s; the board down for {self.order.down:.0f} s",
            f"  requests a second before             {self.usual:.0f}",
            f"  while it was down, second by second  {' '.join(map(str, self.down))}",
            f"  in vain after the first {FINDING_OUT_SECONDS:.0f} s          {self.in_vain}",
            f"  afterwards, second by second         {' '.join(map(str, self.after))}",
            f"  applied twice                        {self.duplicates}",
        ]


class Outage(Deploy):
    """One world, one store, one life."""

    def __init__(self, order: Order, world: World, board: CountingGate, folder: Path) -> None:
        super().__init__(DeployOrder(users=order.users, paused=0), world, board, folder)
        self._what = order
        self._gate = board

    async def suffer(self, base_url: str) -> Report:
        """All of it."""
        order, report = self._what, Report(self._what)
        self._settings = {
            **self._world.settings(base_url),
            "AURORA_STORE__URL": f"sqlite:///{self._folder}/aurora.db",
            "AURORA_SECRET_KEY": KEY,
            "AURORA_WEB__LISTEN": f"127.0.0.1:{self._port}",
            "AURORA_AUTOPILOT__INTERVAL_SECONDS": str(INTERVAL_SECONDS),
        }
        self._daemon = DaemonProcess(self._settings, self._folder)
        try:
            crowd = invite(self._world, order.users)
            await settle(self._world, base_url, self._settings, crowd, 0)
            await self._daemon.start()
            began_at = self._clock.now()
            with trio.fail_after(120):
                await self._until(lambda: {"daemon_ready", "hunts_settled"} <= set(self._said(began_at)))
            report.before = await self._count(order.before)
            fault = self._world.faults.add("error", service="hh", status=503)
            report.down = await self._count(order.down - 2)
            report.was_open = OPEN in await self._figures()
            report.down += await self._count(2)
            self._world.faults.remove(fault.fault_id)
            report.after = await self._count(order.after)
            report.is_open = OPEN in await self._figures()
        finally:
            await self._daemon.end()
        report.duplicates = judge(tuple(self._world.log.acts()), Witness({}, ("",)), crashes=0).duplicates
        return report

    async def _count(self, seconds: float) -> list[int]:
        """How many requests came in each of the next seconds."""
        counted = []
        for _ in range(int(seconds)):
            before = self._gate.requests
            await trio.sleep(1)
            counted.append(self._gate.requests - before)
        return counted

    async def _figures(self) -> str:
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
            return (await http.get(f"http://127.0.0.1:{self._port}/metrics")).text


async def run_outage(order: Order, folder: Path) -> Report:
    """The whole trial in a world of its own."""
    async with open_world(SystemClock(), order.seed) as world:
        board = CountingGate(world.service)
        async with serve_on_loopback(board) as port:
            base_url = f"http://127.0.0.1:{port}"
            world.settle_at(base_url)
            return await Outage(order, world, board, folder).suffer(base_url)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.outage", description=__doc__)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--down", type=float, default=40.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="aurora-outage-") as folder:
        order = Order(chosen.users, down=chosen.down, seed=chosen.seed)
        report = trio.run(partial(run_outage, order, Path(folder)))
    print("\n".join(report.table()))
    faults = report.faults()
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
