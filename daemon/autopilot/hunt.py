"""Hunt: one person's hunt for the length of one step, and how a step is written down.

Made anew for each step by `autopilot.py`. Every write carries the shard's fence and the checkpoint's version: of two
tasks that believe they hunt for the same person, one is refused before it can do harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daemon.autopilot.facts import read_facts, task_key
from daemon.boards.board import DoorClosed
from store.ids import ChatId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.autopilot.facts import HuntFacts
    from daemon.autopilot.progress import AutopilotProgress
    from daemon.autopilot.tools import HuntTools
    from daemon.boards.board import Board
    from daemon.secret import Secret
    from store.ids import BoardName, UserId, VacancyId
    from store.tables.hunts import HuntRow
    from store.tables.vacancies import VacancyRow
    from store.write import Write

ResultT = TypeVar("ResultT")


def effect_key(user_id: UserId, board: BoardName, vacancy_id: VacancyId) -> str:
    """What the effect is. Never the resume: another resume would apply to the same vacancy again."""
    return f"{user_id}:{board}:{vacancy_id}"


class Hunt:
    """One step of one hunt."""

    __slots__ = ("facts", "progress", "row", "tools", "user_id", "version")

    def __init__(self, tools: HuntTools, facts: HuntFacts, row: HuntRow) -> None:
        self.tools = tools
        self.facts = facts
        self.row = row
        self.user_id = facts.user_id
        self.progress = facts.progress
        self.version = facts.progress_version

    @property
    def board_name(self) -> BoardName:
        """Where it hunts."""
        return self.row.board

    @property
    def board(self) -> Board:
        """The board itself."""
        return self.tools.boards.get(self.row.board)

    @property
    def chat_id(self) -> ChatId:
        """A person's private chat has their number."""
        return ChatId(self.user_id)

    def now(self) -> int:
        """Wall time."""
        return self.tools.clock.now()

    def key_of(self, vacancy_id: VacancyId) -> str:
        """The ledger's key of this person's application to a vacancy."""
        return effect_key(self.user_id, self.board_name, vacancy_id)

    async def commit(self, write: Write, progress: AutopilotProgress, *, next_search_at: int | None = None) -> None:
        """What was done and where the hunt is now, in one write."""
        tools, now = self.tools, self.now()
        epoch = tools.ownership.epoch_of(self.user_id)
        searched_at = now if next_search_at is not None else None
        await tools.store.write(
            tools.ownership.fence(self.user_id)
            + tools.store.hunts.note_step(
                self.user_id, epoch, progress.step, searched_at=searched_at, next_search_at=next_search_at
            )
            + write
            + tools.store.checkpoints.save(task_key(self.user_id), progress.dump(), version=self.version, now=now)
        )
        self.version += 1
        self.progress = progress

    def move(self, vacancy: VacancyRow, state: str, reason: str | None = None) -> Write:
        """The vacancy's next state; `Conflict` when somebody else has moved it meanwhile."""
        return self.tools.store.vacancies.set_state(
            self.user_id,
            vacancy.board,
            vacancy.vacancy_id,
            state,
            now=self.now(),
            reason=reason,
            from_state=vacancy.state,
        )

    async def read_board(self, work: Callable[[Secret], Awaitable[ResultT]]) -> ResultT:
        """Searches and details: with the person's token, with the application's where that door is shut."""
        if self.facts.has_login:
            try:
                return await self.tools.sessions.call(self.user_id, self.board_name, work)
            except DoorClosed:
                pass
        return await self.tools.sessions.application_call(self.board_name, work)


async def open_hunt(tools: HuntTools, user_id: UserId) -> Hunt | None:
    """The hunt as it stands; None when the person does not wish to hunt."""
    facts = await read_facts(tools, user_id)
    if facts.hunt is None or not facts.is_wished:
        return None
    return Hunt(tools, facts, facts.hunt)
