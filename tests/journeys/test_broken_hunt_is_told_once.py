"""A hunt that breaks by a fault of ours: given up, told once, tried ever more seldom, and on again when it is mended."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import trio

from daemon.autopilot.news import tell_quarantined
from daemon.autopilot.roster import Roster
from daemon.clock import TrioClock
from daemon.supervisor.health import Phase
from daemon.supervisor.stored_quarantine import StoredQuarantine
from daemon.supervisor.tree import open_supervisor
from tests.fakes.board import FakeBoard
from tests.fakes.hunting import IVAN, open_ground

if TYPE_CHECKING:
    from typing import Any

    from trio.testing import MockClock

    from store.store import Store

NAME = f"autopilot:{IVAN}"
HOUR = 3600


class Mendable:
    """A hunt with a mistake in it."""

    def __init__(self) -> None:
        self.is_mended = False
        self.tries = 0

    async def hunt(self, _tools: Any, _user_id: Any, task_status: trio.TaskStatus[None]) -> None:
        self.tries += 1
        await trio.sleep(1)
        if not self.is_mended:
            raise KeyError("what a person wrote")
        task_status.started()
        await trio.sleep_forever()


async def test_broken_hunt_is_told_once_and_goes_on_when_mended(
    store: Store, autojump_clock: MockClock, expected_errors: list[Any]
) -> None:
    board, broken = FakeBoard(), Mendable()
    async with open_ground(store, board, TrioClock()) as ground:
        await ground.settle()
        book = StoredQuarantine(store, partial(tell_quarantined, ground.tools.outbox))
        async with open_supervisor(TrioClock(), random.Random(1), quarantine=book) as supervisor:
            await ground.nursery.start(Roster(ground.tools, supervisor, broken.hunt).run)
            await trio.sleep(HOUR)
            (row,) = await store.quarantine.all()
            assert (row.child, row.error) == (NAME, "KeyError")
            await trio.sleep(11 * HOUR)
            told = [message.text.key for message in await ground.messages()]
            assert told == ["autopilot.quarantined"], "twelve hours of probes are one message"
            assert broken.tries < 16

            broken.is_mended = True
            assert supervisor.release(NAME)
            await trio.sleep(HOUR)
            state = supervisor.find(NAME)
            assert state is not None
            assert state.phase is Phase.RUNNING
            assert await store.quarantine.all() == []
        ground.nursery.cancel_scope.cancel()
    assert "what a person wrote" not in repr(expected_errors)
