"""BoardCircuits: a board that fails for many people is left alone for a while, for everybody together.

`BoardSessions` sends every call through here. Trouble and lost answers are the board's failures; whatever else comes
back, refusals included, shows that it lives. A board that asks to slow down (429) says nothing about others: its pace
is kept for each token. Ten thousand hunts that find a board down by themselves would be ten thousand calls.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from daemon.boards.board import BoardBusy, BoardError, BoardTrouble, UncertainOutcome
from daemon.supervisor.dependency import ORDINARY, Resting
from daemon.supervisor.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from daemon.supervisor.dependency import Dependencies, Dependency, DependencyPolicy
    from store.ids import BoardName

T = TypeVar("T")

PATIENCE_SECONDS = 2.0
"""While a board warms up a call rather waits a little than comes back later."""


def circuit_for(interval_seconds: float) -> DependencyPolicy:
    """A board is not left alone for longer than there is between two searches: who set that low wants to know soon."""
    longest = min(ORDINARY.longest_rest_seconds, max(1.0, interval_seconds))
    first = min(ORDINARY.first_rest_seconds, longest)
    return replace(ORDINARY, first_rest_seconds=first, longest_rest_seconds=longest)


class BoardResting(BoardBusy):
    """The board has failed for many and is left alone: this call was not made."""


class BoardCircuits:
    """The circuits of all boards."""

    def __init__(self, dependencies: Dependencies, policy: DependencyPolicy = ORDINARY) -> None:
        self._dependencies = dependencies
        self._policy = policy

    def get(self, board: BoardName) -> Dependency:
        """A board's."""
        return self._dependencies.get(f"board {board}", self._policy)

    async def call(self, board: BoardName, who: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Does the work if the board is up. Raises what it raises, or `BoardResting` without having begun."""
        try:
            leave = await self.get(board).wait_turn(who, patience_seconds=PATIENCE_SECONDS)
        except Resting as resting:
            raise BoardResting(str(resting), retry_after_seconds=resting.retry_after_seconds) from None
        try:
            result = await work()
        except (BoardTrouble, UncertainOutcome) as error:
            leave.fail(judge(error).fingerprint)
            raise
        except BoardError as error:
            if not isinstance(error, BoardBusy):
                leave.succeed()
            raise
        else:
            leave.succeed()
            return result
        finally:
            leave.leave()
