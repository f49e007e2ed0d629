"""Services: everything of other rooms that handlers and scripts use, handed in by `main.py` as one object.

Each is written as what the bot asks of it, so that a reader sees what a tap can cause, and tests need nobody's network.
`Desk` adds the dialogs: scripts are made from the services alone, the engine from the scripts, the router from both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from store.ids import BoardName

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from daemon.accounts.board_session import BoardSessions
    from daemon.accounts.profile import ResumeKeeper
    from daemon.accounts.rights import Rights
    from daemon.boards.board import Resume
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import Clock
    from daemon.dialogs.engine import DialogEngine
    from daemon.i18n.translate import Texts
    from daemon.outbox.buttons import ButtonSigner
    from daemon.outbox.message import Text
    from daemon.outbox.outbox import Outbox
    from daemon.vault import Vault
    from store.ids import UserId
    from store.store import Store


class Queries(Protocol):
    """`QueryWriter`: the search query made from a resume."""

    async def write_query(self, user_id: UserId, resume: Resume) -> str:
        """A query in the board's language."""


class GateReport(Protocol):
    """One gate of a hunt as it stands now."""

    @property
    def is_open(self) -> bool:
        """Whether it lets the hunt through."""

    @property
    def text(self) -> Text:
        """What it says to the person."""


HH = BoardName("hh")


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers and scripts use."""

    store: Store
    outbox: Outbox
    clock: Clock
    signer: ButtonSigner
    texts: Texts
    boards: BoardRegistry
    sessions: BoardSessions
    resumes: ResumeKeeper
    rights: Rights
    vault: Vault
    queries: Queries
    explain: Callable[[UserId], Awaitable[Sequence[GateReport]]]
    """`gates.explain`: why a hunt does what it does."""
    board: BoardName = HH
    has_model: bool = False
    """Whether a model outside reads (masked) resumes and vacancies."""
    daily_limit: int = 40
    """Applications a day of those who set nothing."""

    @property
    def has_board(self) -> bool:
        """Whether the operator has set up a board to hunt at."""
        return self.board in self.boards.names


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler holds."""

    services: Services
    dialogs: DialogEngine
