"""Processes: several keepers over one store, each with followers that note what they are told; for the tests of this room.

`freeze` is SIGSTOP: nothing of this process runs, its clock goes on; `thaw` is SIGCONT. `kill` ends it without a word.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import trio

from daemon.clock import TrioClock
from daemon.ownership.keeper import LeaseKeeper
from store.durable.ownership import Ownership
from store.durable.trust import Trust
from store.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LEASE = 15.0


class Diary:
    """A follower that writes down what it is told, and takes its time to be quiet."""

    def __init__(self) -> None:
        self.running: set[int] = set()
        self.quiet_seconds = 0.01
        self.let_go_of: list[frozenset[int]] = []

    async def let_go(self, shards: frozenset[int]) -> None:
        self.let_go_of.append(shards)
        await trio.sleep(self.quiet_seconds)
        self.running -= shards

    def take_up(self, shards: frozenset[int]) -> None:
        self.running |= shards


class FrozenStore:
    """The store as one process sees it: it waits while the process is frozen, fails while it is cut off."""

    def __init__(self, store) -> None:
        self._store = store
        self.is_cut_off = False
        self.thawed = trio.Event()
        self.thawed.set()
        self.is_shared = True

    def __getattr__(self, name):
        part = getattr(self._store, name)
        return _Tool(self, part) if name in {"leases", "members"} else part

    async def pass_through(self) -> None:
        await self.thawed.wait()
        if self.is_cut_off:
            await trio.sleep(0.05)
            raise StoreUnavailable

    async def write(self, write) -> None:
        await self.pass_through()
        await self._store.write(write)


class _Tool:
    def __init__(self, gate, tool) -> None:
        self._gate, self._tool = gate, tool

    def __getattr__(self, name):
        method = getattr(self._tool, name)
        return partial(self._read, method) if name == "all" else method

    async def _read(self, method):
        await self._gate.pass_through()
        rows = await method()
        await self._gate.thawed.wait()
        return rows


@dataclass
class Process:
    """One process: its keeper, its view of the store, what it runs."""

    store: FrozenStore
    ownership: Ownership
    keeper: LeaseKeeper
    diary: Diary
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    ended: trio.Event = field(default_factory=trio.Event)
    is_draining: bool = False

    def freeze(self) -> None:
        if self.store.thawed.is_set():
            self.store.thawed = trio.Event()

    def thaw(self) -> None:
        self.store.thawed.set()

    async def kill(self) -> None:
        self.scope.cancel()
        await self.ended.wait()

    async def drain(self) -> None:
        """What main does: stop, then give everything back."""
        self.is_draining = True
        await self.kill()
        own = self.ownership
        await self.store.write(own.release() + self.store.members.leave(own.boot_id))


@dataclass
class Cluster:
    """One store and those who share it."""

    store: object
    nursery: trio.Nursery
    processes: list[Process] = field(default_factory=list)
    numbers: count = field(default_factory=count)

    async def start(self, boot_id: str | None = None, lease: float = LEASE) -> Process:
        name = boot_id or f"boot-{next(self.numbers)}"
        store, diary = FrozenStore(self.store), Diary()
        ownership = Ownership(self.store.leases, name, {}, trust=Trust(lease, (trio.current_time,)))
        process = Process(store, ownership, None, diary)
        lives = count(1)
        process.keeper = LeaseKeeper(
            store,
            ownership,
            TrioClock(),
            (diary,),
            make_boot_id=lambda: f"{name}.{next(lives)}",
            is_draining=lambda: process.is_draining,
        )

        async def run(task_status) -> None:
            with process.scope:
                await process.keeper.run(task_status)
            process.ended.set()

        await self.nursery.start(run)
        self.processes.append(process)
        return process

    def held(self) -> list[int]:
        return [len(process.ownership.shards) for process in self.processes]

    def acting(self) -> list[frozenset[int]]:
        """For which shards each would begin something now."""
        owners = [process.ownership for process in self.processes]
        return [own.shards - own.leaving if own.trust.seconds_left() > 0 else frozenset() for own in owners]


@asynccontextmanager
async def open_cluster(store) -> AsyncIterator[Cluster]:
    async with trio.open_nursery() as nursery:
        yield Cluster(store, nursery)
        nursery.cancel_scope.cancel()
