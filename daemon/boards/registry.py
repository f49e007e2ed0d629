"""BoardRegistry: a board by its name. Filled by `main.py`; a board without settings is not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.boards.board import Board
    from store.ids import BoardName


class UnknownBoard(Permanent):
    """This board is not set up here."""


class BoardRegistry:
    """The boards of this installation, the most recommended first."""

    def __init__(self, boards: Iterable[Board]) -> None:
        self._boards = {board.name: board for board in boards}

    @property
    def names(self) -> tuple[BoardName, ...]:
        """All boards, in the order they are offered."""
        return tuple(self._boards)

    def get(self, name: BoardName) -> Board:
        """The board of this name. Raises `UnknownBoard`."""
        try:
            return self._boards[name]
        except KeyError:
            raise UnknownBoard(f"board {name} is not set up") from None
