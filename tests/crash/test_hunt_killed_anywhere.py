"""A hunt that dies at every write, at every call and at any moment: the next life doubles nothing and loses nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.clock import TrioClock
from store.factory import open_store
from tests.fakes.board import FakeBoard, make_vacancy
from tests.fakes.hunting import HuntGround, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from store.store import Store
    from store.write import Write


class Killed(BaseException):
    """The process is gone in this moment; nobody catches it."""


class FragileStore:
    """A store whose process dies at write number `dies_at`, before or after it is on disk."""

    def __init__(self, store: Store, dies_at: int, *, is_written: bool) -> None:
        self._store = store
        self._dies_at = dies_at
        self._is_written = is_written
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, write: Write) -> None:
        self.writes += 1
        if self.writes == self._dies_at and not self._is_written:
            raise Killed
        await self._store.write(write)
        if self.writes == self._dies_at:
            raise Killed


class FragileBoard(FakeBoard):
    """A board at whose call number `dies_at` the caller dies, before or after it is carried out."""

    dies_at = 0
    is_done = False

    async def _die(self, call: Any, *arguments: Any) -> Any:
        is_last = len(self.calls) + 1 == self.dies_at
        if is_last and not self.is_done:
            raise Killed
        result = await call(*arguments)
        if is_last:
            raise Killed
        return result

    async def search(self, *arguments: Any) -> Any:
        return await self._die(super().search, *arguments)

    async def fetch_vacancy(self, *arguments: Any) -> Any:
        return await self._die(super().fetch_vacancy, *arguments)

    async def apply(self, *arguments: Any) -> Any:
        return await self._die(super().apply, *arguments)

    async def find_application(self, *arguments: Any) -> Any:
        return await self._die(super().find_application, *arguments)


async def live_twice(board: FakeBoard, dies_at: int, *, is_written: bool) -> bool:
    """A first life that is killed, a second one on the same store. True when the first was killed at all."""
    was_killed = False
    clock = TrioClock()
    async with open_store("sqlite://", inline=True) as store:
        fragile: Any = FragileStore(store, dies_at, is_written=is_written)
        async with open_ground(store, board, clock, boot_id="boot-1") as first:
            await first.settle()
            try:
                with trio.move_on_after(200):
                    status: Any = trio.TASK_STATUS_IGNORED
                    await first.hunt(replace(first.tools, store=fragile), status)
            except* Killed:
                was_killed = True
        if isinstance(board, FragileBoard):
            board.dies_at = 0
        async with open_ground(store, board, clock, boot_id="boot-2") as second:
            await second.revive(first)
            await second.start_hunt()
            await trio.sleep(3000)
            await judge(second, board)
    return was_killed


async def judge(ground: HuntGround, board: FakeBoard) -> None:
    """Everything applied once, said once, and the ledger agrees with the board."""
    assert Counter(one.vacancy_id for one in board.applications) == {"0": 1, "1": 1, "2": 1}
    assert Counter(await ground.said()) == {"applied": 3}
    for vacancy_id in "012":
        assert (await ground.state(vacancy_id))[0] == "applied"
        assert (await ground.effect(vacancy_id)).state == "confirmed"


@pytest.mark.slow
@pytest.mark.parametrize("is_written", [False, True])
async def test_killed_at_every_write_nothing_doubles_or_is_lost(is_written: bool, autojump_clock: MockClock) -> None:
    for dies_at in itertools.count(1):
        board = FakeBoard()
        board.add(*(make_vacancy(str(number)) for number in range(3)))
        if not await live_twice(board, dies_at, is_written=is_written):
            break
    assert dies_at > 12, "the story has more steps than that"


@pytest.mark.slow
@pytest.mark.parametrize("is_done", [False, True])
async def test_killed_at_every_call_nothing_doubles_or_is_lost(is_done: bool, autojump_clock: MockClock) -> None:
    for dies_at in itertools.count(1):
        board = FragileBoard()
        board.dies_at, board.is_done = dies_at, is_done
        board.add(*(make_vacancy(str(number)) for number in range(3)))
        if not await live_twice(board, -1, is_written=False):
            break
    assert dies_at > 7, "one search, three looks, three applications"


@pytest.mark.parametrize("at", [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 25.0, 26.5])
async def test_cancelled_at_any_moment_nothing_doubles_or_is_lost(at: float, autojump_clock: MockClock) -> None:
    board = FakeBoard(delay_seconds=1.0)
    board.add(*(make_vacancy(str(number)) for number in range(3)))
    async with open_store("sqlite://", inline=True) as store:
        async with open_ground(store, board, TrioClock()) as first:
            await first.settle()
            await first.start_hunt()
            await trio.sleep(at)
        async with open_ground(store, board, TrioClock(), boot_id="boot-2") as second:
            await second.revive(first)
            await second.start_hunt()
            await trio.sleep(3000)
            await judge(second, board)
