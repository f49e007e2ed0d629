"""Fixtures of the hunt: a ground with one person on it, a board one can look into, virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.board import FakeBoard
from tests.fakes.hunting import open_ground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daemon.clock import TrioClock
    from store.store import Store
    from tests.fakes.hunting import HuntGround


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
async def ground(store: Store, board: FakeBoard, clock: TrioClock) -> AsyncIterator[HuntGround]:
    """A test that asks for this asks for `autojump_clock` too: pytest-trio takes its clock from the test alone."""
    async with open_ground(store, board, clock) as opened:
        yield opened
