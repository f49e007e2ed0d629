"""HuntTools: everything of other rooms that a hunt uses, handed in by `main.py`; one object for all hunts.

What is asked of each is written as a small protocol, so that the tests of this room need nobody's network and a reader
sees at a glance what a hunt can do to the world: read and write the store, speak through the outbox, call a board in
the person's name. Nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import trio

from daemon.autopilot.doubts import Doubts

if TYPE_CHECKING:
    import random as randomness
    from collections.abc import Awaitable, Callable

    from daemon.autopilot.letter import LetterWriter
    from daemon.autopilot.screening import ModelScreener
    from daemon.boards.board import Board, Resume
    from daemon.clock import Clock
    from daemon.config import AutopilotSettings
    from daemon.outbox.message import InlineKeyboard, OutgoingMessage, Text, Verbatim
    from daemon.secret import Secret
    from store.ids import BoardName, ChatId, UserId
    from store.store import Store
    from store.write import Write

ResultT = TypeVar("ResultT")
STEPS_AT_ONCE = 64
"""Below the connections of the HTTP client, which boards and models share; above what Telegram lets us tell of."""


class Speaker(Protocol):
    """`Outbox`: messages to people as writes."""

    def say(self, message: OutgoingMessage, *, key: str | None = None, is_notice: bool = False) -> Write:
        """A message; one of a key that was used before is not said again."""

    def edit(
        self,
        chat_id: ChatId,
        card: str,
        text: Text,
        *,
        body: Verbatim | None = None,
        keyboard: InlineKeyboard = (),
    ) -> Write:
        """New content of a card; only the latest counts."""


class Boards(Protocol):
    """`BoardRegistry`."""

    def get(self, name: BoardName) -> Board:
        """The board of this name."""


class Sessions(Protocol):
    """`BoardSessions`: calls in a person's or the application's name."""

    async def call(self, user_id: UserId, board: BoardName, work: Callable[[Secret], Awaitable[ResultT]]) -> ResultT:
        """Hands a living token to `work`. Raises `LoginLost` when there is none."""

    def rests_for(self, user_id: UserId, board: BoardName) -> float:
        """Seconds for which it is no use to call: the board is down for everybody. 0: it may be tried."""

    async def application_call(self, board: BoardName, work: Callable[[Secret], Awaitable[ResultT]]) -> ResultT:
        """Hands the application's own token to `work`."""


class Sealer(Protocol):
    """`Vault`: texts of a person at rest."""

    async def seal(self, user_id: UserId, column: str, text: str) -> str:
        """The sealed text."""

    async def open(self, user_id: UserId, column: str, sealed: str) -> str:
        """The text."""


class Owner(Protocol):
    """`Ownership`: which people this process hunts for."""

    @property
    def boot_id(self) -> str:
        """This process's life."""

    def owns(self, user_id: UserId) -> bool:
        """Whether the person's shard is ours."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may own what this one does not."""

    def shard_of(self, user_id: UserId) -> int:
        """The shard the person belongs to."""

    def epoch_of(self, user_id: UserId) -> int:
        """The fencing token of the person's shard."""

    def fence(self, user_id: UserId) -> Write:
        """Fails a write with `LeaseLost` when the shard is somebody else's."""

    def guard(self, user_id: UserId) -> Write:
        """The same where others share the store, nothing otherwise."""

    def trusts_for(self, user_id: UserId, seconds: float) -> bool:
        """Whether what takes so long ends before anybody else may act for this person."""

    async def wait_trust(self, user_id: UserId, seconds: float) -> float:
        """How long something outside may take now, at least `seconds`. Raises `LeaseLost`."""

    def doubt(self) -> None:
        """A write was refused: who owns what is looked up at once."""


class Resumes(Protocol):
    """`accounts/profile.py`: the resume the person chose."""

    async def load(self, user_id: UserId) -> Resume | None:
        """None: none chosen yet."""


@dataclass(frozen=True, slots=True)
class HuntTools:
    """One object for all hunts."""

    store: Store
    outbox: Speaker
    boards: Boards
    sessions: Sessions
    vault: Sealer
    ownership: Owner
    resumes: Resumes
    letters: LetterWriter
    clock: Clock
    random: randomness.Random
    settings: AutopilotSettings
    screener: ModelScreener | None = None
    """None: plain rules alone decide."""
    turns: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(STEPS_AT_ONCE))
    """Who takes a step holds one."""
    doubts: Doubts = field(default_factory=Doubts)
