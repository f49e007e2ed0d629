"""Boards by name, in the order they are offered."""

from __future__ import annotations

import pytest

from daemon.boards.registry import BoardRegistry, UnknownBoard
from store.ids import BoardName
from tests.fakes.board import FakeBoard


def test_boards_are_found_by_name_in_their_order() -> None:
    first, second = FakeBoard(), FakeBoard(name=BoardName("superjob"))
    registry = BoardRegistry([first, second])
    assert registry.names == ("hh", "superjob")
    assert registry.get(BoardName("superjob")) is second


def test_unknown_board_is_named() -> None:
    with pytest.raises(UnknownBoard, match="monster"):
        BoardRegistry([]).get(BoardName("monster"))
