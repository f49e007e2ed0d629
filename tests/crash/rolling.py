"""`python -m tests.crash.rolling --users 3000`: three real daemons on one PostgreSQL, restarted and killed over and over.

Ten rolling restarts (each of the three is drained and started again, one after another) and ten SIGKILLs, while
everybody hunts. What is measured: how long a drain takes until its people have another owner, the same after a SIGKILL,
how long until the last of the hunts that moved has begun again, and at the end whether anything was done twice or lost.
Exit 1 on a fault. Who owns what is read from the database, what was done from the world's own log.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import structlog
import trio

from daemon.clock import SystemClock
from tests.crash.checker import check
from tests.crash.fleet import open_fleet
from tests.crash.thousand import milliseconds_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.crash.fleet import Fleet, Ship

UNSCHEDULED = """
    SELECT user_id, step, {before} - coalesce(next_search_at, 0), rest_reason FROM hunts
    WHERE wish = 'running' AND coalesce(next_search_at, 0) < {before}
"""
WISHING = "SELECT count(*) FROM hunts WHERE wish = 'running'"
OVERDUE_MS = 60_000
"""A search that is due waits its turn: of thousands that moved together some begin later."""
LOOKED_AT = ("applied twice", "ledger", "epoch", "went back", "cap")
"""What must hold at any time; hunts are under way when the checker looks."""


@dataclass(frozen=True)
class Order:
    """What is tried."""

    users: int = 3000
    daemons: int = 3
    rollings: int = 10
    kills: int = 10
    pause_seconds: float = 120.0
    lease_seconds: float = 15.0
    seed: int = 1
    minutes: float = 60.0
    """No event begins later than this after the first: the report says how many there were."""


@dataclass(frozen=True)
class Limits:
    """What the issue asks for, in seconds."""

    hand_over: float = 2.0
    after_lease: float = 2.0


@dataclass
class Report:
    """Seconds of each event, and what was found at the end."""

    order: Order
    exits: list[float] = field(default_factory=list)
    """From SIGTERM to the end of the process."""
    handed_over: list[float] = field(default_factory=list)
    """From the end of a drained process to all its people having another owner."""
    taken_over: list[float] = field(default_factory=list)
    """From a SIGKILL to the same."""
    pauses: list[float] = field(default_factory=list)
    """From the signal until the last hunt that moved has begun again."""
    codes: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    applied: int = 0
    violations: list[str] = field(default_factory=list)
    lost: int = 0
    overdue: list[str] = field(default_factory=list)
    """Hunts whose search should have begun long ago: person, last step, milliseconds, why it rests."""
    doubled: int = 0

    def faults(self, limits: Limits | None) -> list[str]:
        """What is not as it must be; without limits times don't count."""
        found = list(self.violations)
        if self.lost:
            found.append(f"{self.lost} hunts lost {', '.join(self.overdue[:5])}".strip())
        if any(self.codes):
            found.append(f"exit codes {sorted(set(self.codes))}")
        if limits and max(self.handed_over, default=0) > limits.hand_over:
            found.append(f"handed over in {max(self.handed_over):.2f} s")
        if limits and max(self.taken_over, default=0) > self.order.lease_seconds + limits.after_lease:
            found.append(f"taken over in {max(self.taken_over):.2f} s")
        return found


class Rolling:
    """One trial."""

    def __init__(self, order: Order, fleet: Fleet) -> None:
        self._order = order
        self._fleet = fleet
        self._random = random.Random(order.seed)
        self._clock = SystemClock()
        self._report = Report(order)
        self._stopped_at = 0

    async def play(self) -> Report:
        """All events, then the judgement."""
        order, fleet, report = self._order, self._fleet, self._report
        for _ in range(order.daemons):
            await fleet.launch()
        await fleet.until(lambda: fleet.is_even(order.daemons), 180)
        events = ["roll"] * order.rollings + ["kill"] * order.kills
        self._random.shuffle(events)
        until = trio.current_time() + 60 * order.minutes
        for number, event in enumerate(events):
            if trio.current_time() > until:
                break
            report.events.append(event)
            if event == "roll":
                for ship in fleet.ships:
                    await self._replace(ship, self._drain)
            else:
                await self._replace(self._random.choice(fleet.ships), self._kill)
            print(f"{number + 1} of {len(events)}: {event}, {self._made()} applications so far", file=sys.stderr)
        await trio.sleep(10)
        report.applied = self._made()
        self._stopped_at = self._clock.now()
        async with trio.open_nursery() as nursery:
            for ship in fleet.ships:
                nursery.start_soon(self._end, ship)
        self._judge()
        return report

    def _made(self) -> int:
        return self._fleet.world.log.count("application_made")

    async def _replace(self, ship: Ship, end: Callable[[Ship], Awaitable[None]]) -> None:
        """The daemon ends one way or the other, its people move, and it comes back."""
        fleet, others = self._fleet, self._order.daemons - 1
        began, began_at = trio.current_time(), self._clock.now()
        await end(ship)
        left = trio.current_time()
        await fleet.until(lambda: fleet.is_even(others), 120)
        now = trio.current_time()
        (self._report.handed_over if end == self._drain else self._report.taken_over).append(now - left)
        survivors = [other for other in fleet.ships if other is not ship]
        await fleet.until(lambda: all(_settled_since(other, began_at) for other in survivors), 180)
        self._report.pauses.append(trio.current_time() - began)
        await ship.process.start()
        await fleet.until(lambda: fleet.is_even(self._order.daemons), 180)

    async def _drain(self, ship: Ship) -> None:
        asked = trio.current_time()
        self._report.codes.append(await ship.process.stop())
        self._report.exits.append(trio.current_time() - asked)

    async def _kill(self, ship: Ship) -> None:
        await ship.process.kill()

    async def _end(self, ship: Ship) -> None:
        self._report.codes.append(await ship.process.stop())

    def _judge(self) -> None:
        fleet, report = self._fleet, self._report
        accounts = {chat: person.person_id for chat, person in fleet.crowd.items()}
        found = check(fleet.world.log.acts(), fleet.url, accounts=accounts, crashes=self._order.kills)
        report.violations = [one for one in found if one.startswith(LOOKED_AT)]
        report.doubled = sum(one.startswith("applied twice") for one in found)
        (wishing,) = fleet.ask(WISHING)[0]
        report.overdue = [str(row) for row in fleet.ask(UNSCHEDULED.format(before=self._stopped_at - OVERDUE_MS))]
        report.lost = self._order.users - wishing + len(report.overdue)


def _settled_since(ship: Ship, since: int) -> bool:
    """Whether this daemon has taken up shards since then, and started every hunt of theirs."""
    moved = settled = 0
    for line in (ship.folder / "daemon.log").read_bytes().splitlines():
        if b'"shards_moved"' in line or b'"hunts_settled"' in line:
            event = orjson.loads(line)
            at = milliseconds_of(event["at"])
            if event["event"] == "hunts_settled":
                settled = max(settled, at)
            elif event["gained"]:
                moved = max(moved, at)
    return moved >= since and settled >= moved


async def run_rolling(order: Order, folder: Path) -> Report:
    """The whole trial in a world of its own."""
    settings = {
        "AURORA_AUTOPILOT__PAUSE_SECONDS": str(order.pause_seconds),
        "AURORA_STORE__LEASE_SECONDS": str(order.lease_seconds),
    }
    async with open_fleet(folder, people=order.users, **settings) as fleet:
        return await Rolling(order, fleet).play()


def table(report: Report) -> list[str]:
    """Lines for a terminal."""
    order = report.order
    rows = (
        ("SIGTERM to exit", report.exits),
        ("drained: until its people had another owner", report.handed_over),
        ("SIGKILL: until its people had another owner", report.taken_over),
        ("signal to the last hunt that moved having begun", report.pauses),
    )
    lines = [
        f"{order.daemons} daemons, {order.users} hunts, lease {order.lease_seconds:g} s",
        f"{report.events.count('roll')} rolling restarts, {report.events.count('kill')} SIGKILLs",
        f"{'seconds':52}{'times':>8}{'median':>8}{'most':>8}",
    ]
    for title, seconds in rows:
        if seconds:
            median, most = sorted(seconds)[len(seconds) // 2], max(seconds)
            lines.append(f"{title:52}{len(seconds):>8}{median:>8.2f}{most:>8.2f}")
    lines.append(f"applications made: {report.applied}; doubled: {report.doubled}; hunts lost: {report.lost}")
    lines.append(f"longest pause of any hunt: {max(report.pauses, default=0):.2f} s")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.rolling", description=__doc__)
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--rollings", type=int, default=10)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--pause", type=float, default=120.0, help="seconds between two applications of one hunt")
    parser.add_argument("--lease", type=float, default=15.0)
    parser.add_argument("--minutes", type=float, default=60.0, help="no event begins later")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the daemons' logs")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    order = Order(
        chosen.users, 3, chosen.rollings, chosen.kills, chosen.pause, chosen.lease, chosen.seed, chosen.minutes
    )
    with tempfile.TemporaryDirectory(prefix="aurora-rolling-") as folder:
        report = trio.run(partial(run_rolling, order, chosen.keep or Path(folder)))
    print("\n".join(table(report)))
    faults = report.faults(Limits())
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
