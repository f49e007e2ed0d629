"""Sides: several processes on one store, in one process on a virtual clock. Used by the `lease` machine.

A side is what of a daemon hunts: a keeper, a roster, a supervisor, real hunts. It reaches the store and the board through
a gate. Frozen, nothing of it passes, whatever its tasks do, and time goes on: as after SIGSTOP. Killed, its gate never
opens again, so that nothing its cleanup does has any effect. What has passed the gate to the board is carried out there,
whoever waits for the answer.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from daemon.autopilot.roster import Roster
from daemon.clock import TrioClock
from daemon.config import AutopilotSettings
from daemon.ownership.keeper import LeaseKeeper
from daemon.sandbox.world_log import WorldLog
from daemon.supervisor.tree import open_supervisor
from store.durable.leases import NEVER
from store.durable.ownership import Ownership, shard_name
from store.durable.trust import Trust
from store.write import join
from tests.daemon.ownership.processes import FrozenStore
from tests.fakes.board import FakeBoard, make_resume, make_vacancy
from tests.fakes.hunting import open_ground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.ids import UserId
    from store.store import Store

LEASE_SECONDS = 15.0
SETTINGS = AutopilotSettings(interval_seconds=60, pause_seconds=20, grace_seconds=20)
LATE_SECONDS = 12.0
"""The longest a request takes to be carried out, its client gone or not: below the grace."""


class Board:
    """The one board of all sides: whatever reaches it is carried out, and noted."""

    def __init__(self, nursery: trio.Nursery, chance: random.Random) -> None:
        self.real = FakeBoard()
        self.log = WorldLog(TrioClock())
        self._nursery = nursery
        self._chance = chance

    async def carry_out(self, call: str, arguments: tuple[Any, ...], store: FrozenStore) -> Any:
        """As one client sees it."""
        await store.pass_through()
        answer: list[Any] = []
        is_done = trio.Event()

        async def serve() -> None:
            late = self._chance.random() < 0.1
            await trio.sleep(self._chance.uniform(0.1, LATE_SECONDS if late else 1.5))
            try:
                answer.append((await self._note_and_do(call, arguments), None))
            except Exception as error:  # noqa: BLE001 - an answer too
                answer.append((None, error))
            is_done.set()

        self._nursery.start_soon(serve)
        await is_done.wait()
        await store.thawed.wait()
        result, error = answer[0]
        if error is not None:
            raise error
        return result

    async def _note_and_do(self, call: str, arguments: tuple[Any, ...]) -> Any:
        if call != "apply":
            return await getattr(self.real, call)(*arguments)
        application = await self.real.apply(*arguments)
        person, vacancy = self.real._person(arguments[0]), str(arguments[2])
        kind = "application_refused" if application.external_id is None else "application_made"
        self.log.note(kind, user=person, vacancy=vacancy, source="api")
        return application


class BoardOfOneSide:
    """The same board, seen through a side's gate."""

    def __init__(self, board: Board, store: FrozenStore) -> None:
        self._board, self._store = board, store

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._board.real, name)
        if name in {"apply", "find_application", "search", "fetch_vacancy"}:
            return lambda *arguments: self._board.carry_out(name, arguments, self._store)
        return part


@dataclass
class Side:
    """One process."""

    boot_id: str
    store: FrozenStore
    ownership: Ownership
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    ended: trio.Event = field(default_factory=trio.Event)
    is_draining: bool = False

    def freeze(self) -> None:
        """SIGSTOP."""
        if self.store.thawed.is_set():
            self.store.thawed = trio.Event()

    def thaw(self) -> None:
        """SIGCONT."""
        self.store.thawed.set()

    async def kill(self) -> None:
        """SIGKILL: from now on nothing of it has any effect."""
        self.store.thawed = trio.Event()
        self.scope.cancel()
        await self.ended.wait()

    async def drain(self) -> None:
        """SIGTERM: everything ends, then everything is given back."""
        self.thaw()
        self.is_draining = True
        self.scope.cancel()
        await self.ended.wait()
        own = self.ownership
        await self.store.write(own.release() + self.store.members.leave(own.boot_id))


class Sides:
    """All processes on one store, and the people they hunt for."""

    def __init__(self, store: Store, board: Board, nursery: trio.Nursery, users: list[UserId], seed: int) -> None:
        self.store = store
        self.board = board
        self.users = users
        self.living: list[Side] = []
        self._nursery = nursery
        self._seed = seed
        self._lives = 0

    async def start(self) -> Side:
        """One more."""
        self._lives += 1
        boot_id = f"boot-{self._lives}"
        store = FrozenStore(self.store)
        ownership = Ownership(self.store.leases, boot_id, {}, trust=Trust(LEASE_SECONDS, (trio.current_time,)))
        side = Side(boot_id, store, ownership)
        await self._nursery.start(self._live, side)
        self.living.append(side)
        return side

    async def _live(self, side: Side, task_status: trio.TaskStatus[None]) -> None:
        clock, names = TrioClock(), iter(range(1, 10_000))
        chance = random.Random(f"{self._seed}:{side.boot_id}")
        with side.scope:
            async with (
                open_ground(
                    side.store,
                    BoardOfOneSide(self.board, side.store),
                    clock,
                    settings=SETTINGS,
                    ownership=side.ownership,
                ) as ground,
                open_supervisor(clock, chance, closing_seconds=4.0) as supervisor,
            ):
                ground.resumes.chosen = dict.fromkeys(self.users, make_resume())
                roster = Roster(ground.tools, supervisor)
                keeper = LeaseKeeper(
                    side.store,
                    side.ownership,
                    clock,
                    (roster,),
                    make_boot_id=lambda: f"{side.boot_id}.{next(names)}",
                    is_draining=lambda: side.is_draining,
                )
                await ground.nursery.start(keeper.run)
                await ground.nursery.start(roster.run)
                task_status.started()
                await trio.sleep_forever()
        side.ended.set()

    async def steal(self, thief: Side, shards: list[int]) -> None:
        """Takes leases away from whoever holds them, alive and trusted or not."""
        take = self.store.leases.take_over
        await self.store.write(
            join(take(shard_name(shard), thief.ownership.boot_id, expires_at=NEVER) for shard in shards)
        )

    async def end(self, side: Side, *, gently: bool) -> None:
        """Drained or killed."""
        self.living.remove(side)
        await (side.drain() if gently else side.kill())


@asynccontextmanager
async def open_sides(store: Store, *, users: list[UserId], vacancies: int, seed: int) -> AsyncIterator[Sides]:
    """People who hunt, a board with vacancies, and no process yet."""
    async with trio.open_nursery() as nursery:
        board = Board(nursery, random.Random(f"board:{seed}"))
        board.real.add(*(make_vacancy(str(number)) for number in range(vacancies)))
        async with open_ground(store, board.real, TrioClock(), boot_id="nobody") as ground:
            for user_id in users:
                await ground.settle(user_id)
        yield Sides(store, board, nursery, users, seed)
        nursery.cancel_scope.cancel()
