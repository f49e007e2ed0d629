"""ResumeKeeper: the resume a hunt uses, sealed: fetched from a board, or pasted where the board lets nobody read it.

Called by the bot's scripts (choose, paste), by every hunt (`load`), and by `/resume`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from daemon.accounts.pasted_resume import read_pasted_resume
from daemon.boards.board import Resume
from store.durable.ownership import Alone

if TYPE_CHECKING:
    from daemon.accounts.board_session import BoardSessions
    from daemon.accounts.tokens import Owner
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import Clock
    from daemon.vault import Vault
    from store.ids import BoardName, UserId
    from store.store import Store
    from store.tables.profiles import ProfileRow
    from store.write import Write

PASTED = "pasted"
_COLUMN = "profiles.sealed_resume"
_RESUME = TypeAdapter(Resume)


class ResumeKeeper:
    """Resumes of people, one each."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        boards: BoardRegistry,
        sessions: BoardSessions,
        clock: Clock,
        *,
        owner: Owner | None = None,
    ) -> None:
        """`owner`: who acts for whom; without it this process is alone on its store."""
        self._store = store
        self._owner = owner or Alone()
        self._vault = vault
        self._boards = boards
        self._sessions = sessions
        self._clock = clock

    async def keep_from_board(self, user_id: UserId, board: BoardName, resume_id: str) -> Write:
        """One of the person's resumes at the board, as it is there now. Raises `BoardError`."""
        adapter = self._boards.get(board)
        resume = await self._sessions.call(user_id, board, lambda token: adapter.fetch_resume(token, resume_id))
        return await self._keep(user_id, board, resume)

    async def keep_pasted(self, user_id: UserId, text: str) -> Write:
        """A resume from what the person pasted. Raises `PastedResumeRejected`."""
        return await self._keep(user_id, PASTED, read_pasted_resume(text))

    async def load(self, user_id: UserId) -> Resume | None:
        """The resume; None: none chosen yet."""
        row = await self._store.profiles.get(user_id)
        if row is None:
            return None
        return _RESUME.validate_json(await self._vault.open(user_id, _COLUMN, row.sealed_resume))

    async def describe(self, user_id: UserId) -> ProfileRow | None:
        """Title, source and version without opening anything."""
        return await self._store.profiles.get(user_id)

    async def _keep(self, user_id: UserId, source: str, resume: Resume) -> Write:
        sealed = await self._vault.seal(user_id, _COLUMN, _RESUME.dump_json(resume).decode())
        return self._owner.guard(user_id) + self._store.profiles.save(
            user_id,
            source=source,
            resume_id=resume.resume_id,
            title=resume.title,
            sealed_resume=sealed,
            now=self._clock.now(),
        )
