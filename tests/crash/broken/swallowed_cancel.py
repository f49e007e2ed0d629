"""Swallowed cancellation: an application that is cut off is taken for one that the board did not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.autopilot import apply as applying
from daemon.boards.board import BoardTrouble

if TYPE_CHECKING:
    from daemon.autopilot.apply import Outcome
    from daemon.autopilot.hunt import Hunt
    from store.durable.effects import EffectRow
    from store.tables.vacancies import VacancyRow

MACHINES = ("cancel",)

CALL_BOARD = applying._call_board


async def call_board_to_some_end(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, letter: str) -> Outcome:
    """As with `except BaseException` around the call."""
    try:
        return await CALL_BOARD(hunt, vacancy, effect, letter)
    except trio.Cancelled:
        return applying.put_back(hunt, vacancy, effect, BoardTrouble("cut off"))


def apply() -> None:
    """In this process, for good."""
    applying._call_board = call_board_to_some_end
