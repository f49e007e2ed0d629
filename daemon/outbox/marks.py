"""Marks: what is out is noted on disk, many chats in one write.

`sender.py` adds the mark of a row it has sent and goes on; the next message of that chat, and any look into the store
for its rows, waits until the mark is on disk. So a crash doubles at most one message per chat, as if each mark had been
waited for, and a busy bot pays one commit for many marks. The first mark after a quiet moment is written at once; while
marks keep coming they travel together, every 50 ms or 64 at a time.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import Conflict, StoreError
from store.write import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

_GATHER_SECONDS = 0.05
_MOST_GATHERED = 64
_RETRY_SECONDS = 0.5


class Marks:
    """One mark a chat at most; runs inside `written()`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[int, Write] = {}
        self._in_flight: dict[int, Write] = {}
        self._wanted = trio.Event()
        self._urgent = trio.Event()
        self._settled = trio.lowlevel.ParkingLot()
        self._when_done: Callable[[], None] | None = None

    def __contains__(self, lane: int) -> bool:
        return lane in self._waiting or lane in self._in_flight

    def lanes(self) -> list[int]:
        """Those with a mark on its way."""
        return [*self._in_flight, *self._waiting]

    def add(self, lane: int, mark: Write) -> None:
        """Soon on disk, also when the sender is stopped. The lane has no other mark on its way."""
        self._waiting[lane] = mark
        self._wanted.set()
        if len(self._waiting) >= _MOST_GATHERED:
            self._urgent.set()

    async def settle(self, lane: int) -> None:
        """Returns once no mark of this lane is on its way."""
        while lane in self:
            self._urgent.set()
            await self._settled.park()

    def hurry(self, when_done: Callable[[], None]) -> None:
        """Writes what there is without gathering, then calls."""
        self._when_done = when_done
        self._urgent.set()
        self._tell_if_done()

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Marks are written while the block runs; what a former run left behind first."""
        self._waiting = {**self._in_flight, **self._waiting}
        self._in_flight = {}
        self._when_done = None
        if self._waiting:
            self._wanted.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write_gathered, name="outbox marks")
            yield
            nursery.cancel_scope.cancel()

    async def _write_gathered(self) -> None:
        while True:
            await self._wanted.wait()
            self._in_flight, self._waiting = self._waiting, {}
            self._wanted, self._urgent = trio.Event(), trio.Event()
            await self._write(self._in_flight)
            self._in_flight = {}
            self._settled.unpark_all()
            self._tell_if_done()
            with trio.move_on_after(_GATHER_SECONDS):
                await self._urgent.wait()

    def _tell_if_done(self) -> None:
        if self._when_done is not None and not self._waiting and not self._in_flight:
            self._when_done()

    async def _write(self, marks: dict[int, Write]) -> None:
        """Until all are on disk: a mark that is given up would send its message again."""
        try:
            await self._write_patiently(join(marks.values()))
        except Conflict:
            for mark in marks.values():
                try:
                    await self._write_patiently(mark)
                except Conflict:
                    log.info("message_was_taken_away")

    async def _write_patiently(self, write: Write) -> None:
        """Raises `Conflict`. Trouble is said once, not twice a second."""
        is_told = False
        while True:
            try:
                await self._store.write(write)
            except Conflict:
                raise
            except StoreError as error:
                if not is_told:
                    log.warning("mark_waits_for_store", error=type(error).__name__)
                is_told = True
                await trio.sleep(_RETRY_SECONDS)
            else:
                return
