"""`python -m tests.crash.storm --minutes 3 --seed 1`: everything that can go wrong goes wrong at once.

Three real daemons share a PostgreSQL of the tests' own. Winds blow side by side, each at moments of its own: daemons are
killed, drained and frozen past their lease; the database restarts, freezes and lets nobody in; board, models and
Telegram answer late, wrongly or not at all; people write and press meanwhile. The machines of `faults.py` try each of
these alone, at every point; this tries what only comes of two or three together. When it is calm again everything must
come to rest, and the checker looks with all its rules. Exit 1 on a fault. The seed chooses the winds; what meets what is
the machine's own chance.
"""

from __future__ import annotations

import argparse
import logging
import random
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import psycopg
import structlog
import trio

from tests.crash.checker import check
from tests.crash.fleet import KEY, open_fleet
from tests.crash.sick_cluster import SickCluster
from tests.crash.store_image import read_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.crash.fleet import Fleet, Ship
    from tests.crash.sick_cluster import Sickness
    from tests.crash.store_image import StoreImage

DAEMONS = 3
APPLICATIONS = 10
"""A person's on one day: when all have them it is calm."""
LEASE_SECONDS = 5.0
GRACE_SECONDS = 8.0
LATE_SECONDS = 3.0
SICKNESSES: tuple[Sickness, ...] = ("restart", "freeze", "no_connections")
TROUBLES = {
    "hh": ("latency", "slow_answer", "error", "too_many", "reset_before", "reset_after", "half_answer", "late_commit"),
    "openai": ("latency", "error", "too_many", "reset_after", "broken_json", "html"),
    # Not what Telegram does unseen: a message said again then is no fault of ours, and could not be told from one.
    "telegram": ("latency", "slow_answer", "error", "too_many", "reset_before"),
}
WORDS = ("/status", "/pause", "/stop", "/autopilot", "/history", "/help", "привет")
LEFT = """
    SELECT 'effect ' || key || ' is ' || state FROM effects WHERE state IN ('planned', 'sending', 'ambiguous')
    UNION ALL SELECT queue || ' ' || key || ' waits' FROM queue_items WHERE state = 'waiting'
    UNION ALL SELECT 'hunt of ' || owner || ' made ' || count(*) FROM effects WHERE state = 'confirmed'
        GROUP BY owner HAVING count(*) <> {wanted}
    UNION ALL SELECT 'hunt of ' || user_id || ' made none' FROM hunts WHERE user_id NOT IN (SELECT owner FROM effects)
"""
CALM_SECONDS = 240.0
TAIL_LINES = 30


@dataclass
class Weather:
    """What blew, and what was found when it was over."""

    gusts: Counter[str] = field(default_factory=Counter)
    blows: int = 0
    """After each of these a message may be said twice in each chat."""
    found: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    """Lines of level error in the daemons' logs, by event."""
    applied: int = 0
    calm_after: float = 0.0


class Storm:
    """One storm over one fleet."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._cluster = SickCluster(may_be_full=False, server=fleet.cluster)
        self._chance = random.Random(f"storm:{seed}")
        self._history: list[StoreImage] = []
        self._looking = trio.Lock()
        self._log_sizes: dict[int, int] = {}
        """What each daemon had logged when its last life began."""
        self.weather = Weather()

    async def blow(self, seconds: float) -> Weather:
        """The whole of it, to the daemons' last stop and the judgement."""
        fleet = self._fleet
        for _ in range(DAEMONS):
            await fleet.launch()
        await fleet.until(lambda: fleet.is_even(DAEMONS), 120)
        with trio.CancelScope() as over:
            over.deadline = trio.current_time() + seconds
            async with trio.open_nursery() as winds:
                for ship in fleet.ships:
                    winds.start_soon(self._batter, ship)
                for wind in (self._sicken, self._disturb, self._talk):
                    winds.start_soon(wind)
        await self._calm()
        for ship in fleet.ships:
            await self._drain(ship)
        self._judge()
        return self.weather

    # The winds. What one has begun it also ends, whenever the storm is over.

    async def _batter(self, ship: Ship) -> None:
        """Kills, drains or freezes one daemon over and over."""
        gusts: Sequence[Callable[[Ship], Awaitable[None]]] = (self._kill, self._drain, self._freeze)
        while True:
            await trio.sleep(self._chance.uniform(4, 20))
            with trio.CancelScope(shield=True):
                await self._chance.choice(gusts)(ship)
                if not ship.process.is_running:
                    await trio.sleep(self._chance.uniform(0, 6))
                    await self._start(ship)

    async def _kill(self, ship: Ship) -> None:
        self._note("kill", is_blow=True)
        self._look_for_death(ship)
        await ship.process.kill()
        await self._remember()

    async def _drain(self, ship: Ship) -> None:
        self._note("drain")
        self._look_for_death(ship)
        code = await ship.process.stop()
        # A process that has not said a word yet has begun nothing, and may end of the signal itself.
        is_unborn = code == -signal.SIGTERM and self._log_sizes.get(ship.number) == _size(ship)
        if code and not is_unborn:
            self.weather.found.append(f"exit: ship {ship.number} ended with {code} when it was told to stop")

    async def _freeze(self, ship: Ship) -> None:
        self._note("freeze", is_blow=True)
        ship.freeze()
        await trio.sleep(self._chance.uniform(0.5, 2.5 * LEASE_SECONDS))
        await self._remember()
        ship.thaw()

    async def _start(self, ship: Ship) -> None:
        self._log_sizes[ship.number] = _size(ship)
        await ship.process.start()

    def _look_for_death(self, ship: Ship) -> None:
        if not ship.process.is_running:
            tail = "\n".join(ship.process.tail().splitlines()[-TAIL_LINES:])
            self.weather.found.append(f"death: ship {ship.number} had ended by itself:\n{tail}")

    async def _sicken(self) -> None:
        while True:
            await trio.sleep(self._chance.uniform(5, 25))
            sickness = self._chance.choice(SICKNESSES)
            self._note(f"database {sickness}", is_blow=True)
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._cluster.fall_ill, sickness)
                await trio.sleep(self._chance.uniform(0.5, 2 * LEASE_SECONDS))
                await trio.to_thread.run_sync(self._cluster.recover, sickness)

    async def _disturb(self) -> None:
        faults = self._fleet.world.faults
        while True:
            await trio.sleep(self._chance.uniform(2, 10))
            service = self._chance.choice(sorted(TROUBLES))
            kind = self._chance.choice(TROUBLES[service])
            self._note(f"{service} {kind}")
            seconds = self._chance.uniform(0.2, LATE_SECONDS)
            fault = faults.add(kind, service=service, probability=self._chance.choice((0.2, 1.0)), seconds=seconds)
            await trio.sleep(self._chance.uniform(0.5, 8))
            faults.remove(fault.fault_id)

    async def _talk(self) -> None:
        """Nobody speaks again before they were answered: whether an answer came twice could not be told."""
        people, chats = self._fleet.world.people, sorted(self._fleet.crowd)
        answered_by: dict[int, int] = {}
        while True:
            await trio.sleep(self._chance.uniform(0.1, 1.5))
            chat = self._chance.choice(chats)
            last = people.last_from_bot(chat)
            newest = 0 if last is None else last.message_id
            if answered_by.get(chat) == newest:
                continue
            answered_by[chat] = newest
            if last is not None and last.inline_rows and self._chance.random() < 0.3:
                row = self._chance.randrange(len(last.inline_rows))
                if "callback_data" in last.inline_rows[row][0]:
                    people.press(chat, last.message_id, row)
                    continue
            people.send_text(chat, self._chance.choice(WORDS))

    def _note(self, gust: str, *, is_blow: bool = False) -> None:
        self.weather.gusts[gust] += 1
        self.weather.blows += is_blow

    async def _remember(self) -> None:
        """What the store holds now, if it can be asked."""
        async with self._looking:
            read = partial(read_store, f"{self._fleet.url}&connect_timeout=2", at_act=self._fleet.world.log.last)
            try:
                self._history.append(await trio.to_thread.run_sync(read))
            except psycopg.OperationalError:
                self._note("image not taken")

    # Afterwards

    async def _calm(self) -> None:
        """Everybody wants to hunt again; returns when all is done that there is to do."""
        fleet, began = self._fleet, trio.current_time()
        fleet.world.faults.clear()
        for ship in fleet.ships:
            self._look_for_death(ship)
            if not ship.process.is_running:
                await self._start(ship)
        await fleet.until(lambda: fleet.is_even(DAEMONS), 60)
        for chat in fleet.crowd:
            fleet.world.people.send_text(chat, "/autopilot")
        with trio.move_on_after(CALM_SECONDS) as patience:
            while self._left_over():  # noqa: ASYNC110 - other processes get there
                await trio.sleep(0.5)
        self.weather.calm_after = trio.current_time() - began
        if patience.cancelled_caught:
            self.weather.found += [f"left over: {what}" for what in self._left_over()]

    def _left_over(self) -> list[str]:
        """What is still to be done: everybody has what a day allows in the end."""
        rows = self._fleet.ask(LEFT.format(wanted=APPLICATIONS))
        return [what for (what,) in rows]

    def _made(self) -> int:
        return self._fleet.world.log.count("application_made")

    def _judge(self) -> None:
        fleet, weather = self._fleet, self.weather
        logs = [ship.folder / "daemon.log" for ship in fleet.ships]
        self._keep(fleet.ships[0].folder.parent)
        accounts = {chat: person.person_id for chat, person in fleet.crowd.items()}
        weather.applied = self._made()
        weather.found += check(
            fleet.world.log.acts(),
            fleet.url,
            accounts=accounts,
            crashes=weather.blows,
            history=self._history,
            daily_limit=APPLICATIONS,
            secrets=(KEY, fleet.settings["AURORA_TELEGRAM__TOKEN"]),
            outputs=logs,
        )
        for log in logs:
            lines = (orjson.loads(line) for line in log.read_bytes().splitlines() if line.startswith(b"{"))
            weather.errors.update(line["event"] for line in lines if line.get("level") in {"error", "critical"})

    def _keep(self, folder: Path) -> None:
        """What the judgement is about, for whoever wants to know more."""
        acts = (
            orjson.dumps({"number": act.number, "at": act.at, "kind": act.kind, **act.facts}, default=str)
            for act in self._fleet.world.log.acts()
        )
        (folder / "acts.jsonl").write_bytes(b"\n".join(acts))
        (folder / "store.json").write_bytes(orjson.dumps(read_store(self._fleet.url).tables, default=str))


def _size(ship: Ship) -> int:
    return (ship.folder / "daemon.log").stat().st_size


async def run_storm(folder: Path, *, minutes: float, people: int, seed: int) -> Weather:
    """A storm in a world of its own."""
    settings = {
        "AURORA_AUTOPILOT__PAUSE_SECONDS": str(60 * minutes / APPLICATIONS / 2),
        "AURORA_AUTOPILOT__INTERVAL_SECONDS": "10",
        "AURORA_AUTOPILOT__GRACE_SECONDS": str(GRACE_SECONDS),
        "AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS),
        "AURORA_STORE__LEASE_SECONDS": str(LEASE_SECONDS),
    }
    async with open_fleet(folder, people=people, **settings) as fleet:
        return await Storm(fleet, seed).blow(60 * minutes)


def report(weather: Weather) -> list[str]:
    """Lines for a terminal."""
    gusts = ", ".join(f"{name} {times}" for name, times in sorted(weather.gusts.items()))
    errors = ", ".join(f"{name} {times}" for name, times in sorted(weather.errors.items()))
    return [
        f"gusts: {gusts}",
        f"error lines: {errors or 'none'}",
        f"applications made: {weather.applied}; at rest {weather.calm_after:.1f} s after the storm",
        *(f"FAULT: {fault}" for fault in weather.found),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.storm", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the daemons' logs")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="aurora-storm-") as folder:
        play = partial(run_storm, chosen.keep or Path(folder), minutes=chosen.minutes, people=chosen.people)
        weather = trio.run(partial(play, seed=chosen.seed))
    print("\n".join(report(weather)))
    return 1 if weather.found else 0


if __name__ == "__main__":
    sys.exit(main())
