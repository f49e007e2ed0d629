"""A fleet: several real daemons on one PostgreSQL of the tests' own, against the simulated world on loopback.

Who holds what is read from the database, never asked of a daemon. Used by `test_fleet.py` and `rolling.py`.
"""

from __future__ import annotations

import base64
import os
import signal
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import trio

from daemon.clock import SystemClock
from daemon.sandbox.daemon_process import DaemonProcess, free_port
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import open_world
from tests.contracts.clusters import Cluster, run_all
from tests.crash.crowd import Gatekeeper, invite, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from daemon.sandbox.people import Person
    from daemon.sandbox.world import World

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
LOOK_SECONDS = 0.05
SHARDS = 256
HELD = """
    SELECT owner, count(*) FROM leases JOIN members ON boot_id = owner
    WHERE expires_at <> 0 AND name LIKE 'shard:%' GROUP BY owner
"""
ROLES = "SELECT name, owner FROM leases JOIN members ON boot_id = owner WHERE expires_at <> 0 AND name LIKE 'role:%'"


class Ship:
    """One daemon of the fleet over its lives."""

    def __init__(self, number: int, settings: Mapping[str, str], folder: Path) -> None:
        folder.mkdir()
        self.number = number
        self.folder = folder
        self.port = free_port()
        own = {"AURORA_WEB__LISTEN": f"127.0.0.1:{self.port}", "AURORA_ADMIN__SOCKET": str(folder / "admin.sock")}
        self.process = DaemonProcess({**settings, **own}, folder)

    def signal(self, number: signal.Signals) -> None:
        """To this very child."""
        if self.process.is_running:
            os.kill(self.process.pid, number)

    def freeze(self) -> None:
        """SIGSTOP."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.signal(signal.SIGCONT)


class Fleet:
    """Made by `open_fleet`."""

    def __init__(
        self, world: World, board: Gatekeeper, cluster: Cluster, settings: dict[str, str], folder: Path
    ) -> None:
        self.world = world
        self.board = board
        self.cluster = cluster
        self.settings = settings
        self.crowd: dict[int, Person] = {}
        self.ships: list[Ship] = []
        self._folder = folder
        self._looking = cluster.connect()
        self._launched = 0

    @property
    def url(self) -> str:
        """The store's."""
        return self.settings["AURORA_STORE__URL"]

    def ask(self, sql: str) -> list[tuple]:
        """Rows, as the owner of the database sees them; none before there are tables, or while it is away."""
        try:
            if self._looking.closed:
                self._looking = self.cluster.connect()
            return run_all(self._looking, [sql])
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.OperationalError:
            self._looking.close()
            return []

    async def enter(self, base_url: str, people: int) -> None:
        """So many people with running hunts, before any daemon."""
        self.crowd = invite(self.world, people)
        await settle(self.world, base_url, self.settings, self.crowd, 0)

    async def launch(self) -> Ship:
        """One more daemon."""
        ship = Ship(self._launched, self.settings, self._folder / f"ship{self._launched}")
        self._launched += 1
        await ship.process.start()
        self.ships.append(ship)
        return ship

    def held(self) -> Counter[str]:
        """Shards by the name of their living owner."""
        return Counter(dict(self.ask(HELD)))

    def roles(self) -> dict[str, str]:
        """Owner by role."""
        return {name.removeprefix("role:"): owner for name, owner in self.ask(ROLES)}

    def is_even(self, processes: int) -> bool:
        """Whether everything is held, by so many, evenly."""
        held = self.held()
        return (
            len(held) == processes
            and sum(held.values()) == SHARDS
            and max(held.values()) - min(held.values()) <= 1
            and len(self.roles()) == 3
        )

    async def until(self, is_so: Callable[[], bool], seconds: float = 60.0) -> float:
        """Waits for it; how long it took."""
        began = trio.current_time()
        with trio.fail_after(seconds):
            while not is_so():  # noqa: ASYNC110 - other processes get there
                await trio.sleep(LOOK_SECONDS)
        return trio.current_time() - began

    async def end(self) -> None:
        """Kills what runs."""
        for ship in self.ships:
            ship.thaw()
            await ship.process.end()
        self._looking.close()


@asynccontextmanager
async def open_fleet(folder: Path, *, people: int, version: int = 15, **settings: str) -> AsyncIterator[Fleet]:
    """A world with this many people who hunt, a database, and no daemon yet."""
    cluster = Cluster(version)
    try:
        async with open_world(SystemClock(), 1) as world:
            board = Gatekeeper(world.service)
            async with serve_on_loopback(board) as port:
                base_url = f"http://127.0.0.1:{port}"
                world.settle_at(base_url)
                common = {
                    **world.settings(base_url),
                    "AURORA_STORE__URL": cluster.url(),
                    "AURORA_STORE__LEASE_SECONDS": "5",
                    "AURORA_SECRET_KEY": KEY,
                }
                fleet = Fleet(world, board, cluster, common | settings, folder)
                try:
                    await fleet.enter(base_url, people)
                    yield fleet
                finally:
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + 30):
                        await fleet.end()
    finally:
        cluster.remove()
