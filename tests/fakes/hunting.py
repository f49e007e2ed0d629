"""HuntGround: everything one hunt touches, in memory: a real store and outbox, a board one can look into.

Used by the tests of `daemon/autopilot` and by the hunts bench. `start_hunt` is what `roster.py` does through the
supervisor; `crash` cancels it in the middle of whatever it does, and the next `start_hunt` is the next life.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from daemon.autopilot.autopilot import run_autopilot
from daemon.autopilot.letter import LetterWriter
from daemon.autopilot.templates import LetterTemplates
from daemon.autopilot.tools import HuntTools
from daemon.boards.board import LoginLost
from daemon.config import AutopilotSettings
from daemon.i18n.translate import Texts
from daemon.outbox.outbox import Outbox
from daemon.outbox.payload import decode
from store.durable.ownership import own_shards
from store.ids import BoardName, ChatId, UserId, VacancyId
from store.tables.hunts import HuntRow
from tests.fakes.board import make_resume

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from daemon.autopilot.letter import ShapeT
    from daemon.boards.board import Resume
    from daemon.clock import Clock
    from daemon.llm.model import Prompt
    from daemon.outbox.payload import Parcel
    from daemon.secret import Secret
    from store.durable.effects import EffectRow
    from store.durable.ownership import Ownership
    from store.store import Store
    from store.tables.vacancies import VacancyRow
    from tests.fakes.board import FakeBoard

HH = BoardName("hh")
IVAN = UserId(42)


class OneBoard:
    """A registry of one board."""

    def __init__(self, board: FakeBoard) -> None:
        self._board = board

    def get(self, name: BoardName) -> Any:
        assert name == self._board.name
        return self._board


class FakeSessions:
    """Tokens straight from the fake board; `LoginLost` for whom has no account."""

    def __init__(self, board: FakeBoard, store: Store) -> None:
        self._board = board
        self._store = store
        self._tokens: dict[UserId, Secret] = {}
        self._application_token: Secret | None = None
        self.rest_seconds = 0.0
        """Of a board that is down for everybody."""

    async def call(self, user_id: UserId, board: BoardName, work: Callable[[Secret], Awaitable[Any]]) -> Any:
        account = await self._store.board_accounts.get(user_id, board)
        if account is None or account.state != "connected":
            raise LoginLost(reason="not_connected")
        if user_id not in self._tokens:
            self._tokens[user_id] = self._board.make_token(f"person-{user_id}")
        return await work(self._tokens[user_id])

    def rests_for(self, user_id: UserId, board: BoardName) -> float:
        return self.rest_seconds

    async def application_call(self, board: BoardName, work: Callable[[Secret], Awaitable[Any]]) -> Any:
        assert board == self._board.name
        if self._application_token is None:
            self._application_token = (await self._board.fetch_application_token()).access_token
        return await work(self._application_token)

    def take_over(self, before: FakeSessions) -> None:
        """Tokens are in the store in real life."""
        self._tokens.update(before._tokens)

    def forget(self, user_id: UserId) -> None:
        """The person logs in anew."""
        self._tokens.pop(user_id, None)


class OpenVault:
    """Seals nothing but shows that it was asked: a text that was not sealed can't be opened."""

    async def seal(self, user_id: UserId, column: str, text: str) -> str:
        return f"sealed:{user_id}:{column}:{text}"

    async def open(self, user_id: UserId, column: str, sealed: str) -> str:
        assert sealed.startswith(f"sealed:{user_id}:{column}:")
        return sealed.removeprefix(f"sealed:{user_id}:{column}:")


@dataclass
class FakeResumes:
    """The resume each person chose."""

    chosen: dict[UserId, Resume | None] = field(default_factory=dict)

    async def load(self, user_id: UserId) -> Resume | None:
        return self.chosen.get(user_id)


class ScriptedAsker:
    """A model that answers from a list, with `llm/asking.py`'s manners: checked, asked once more, then None."""

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self.answers = list(answers)
        self.prompts: list[Prompt] = []
        self.complaints: list[str] = []

    async def __call__(
        self, prompt: Prompt, user_id: UserId, shape: type[ShapeT], check: Callable[[ShapeT], str | None]
    ) -> ShapeT | None:
        await trio.lowlevel.checkpoint()
        for _ in range(2):
            self.prompts.append(prompt)
            answer = self.answers.pop(0) if self.answers else None
            if answer is None:
                return None
            shaped = shape.model_validate(answer)
            complaint = check(shaped)
            if complaint is None:
                return shaped
            self.complaints.append(complaint)
        return None


@dataclass
class HuntGround:
    """One daemon's worth of hunting."""

    store: Store
    board: FakeBoard
    tools: HuntTools
    ownership: Ownership
    sessions: FakeSessions
    resumes: FakeResumes
    nursery: trio.Nursery
    scopes: dict[UserId, trio.CancelScope] = field(default_factory=dict)
    ended: dict[UserId, trio.Event] = field(default_factory=dict)

    async def settle(self, user_id: UserId = IVAN, *, mode: str = "auto", approval: str = "auto", **row: Any) -> None:
        """A person with a login, a resume and a running hunt."""
        now = self.tools.clock.now()
        self.resumes.chosen[user_id] = make_resume()
        values = {"query": "python", "wish": "running", **row}
        hunt = HuntRow(user_id, HH, wish_by="person", wish_reason="", wished_at=now, approval=approval, **values)
        await self.store.write(
            self.store.users.register(user_id, ChatId(user_id), "ru", now=now)
            + self.store.hunts.insert_new(hunt)
            + self.store.profiles.save(
                user_id, source="board", resume_id="r1", title="Разработчик Python", sealed_resume="…", now=now
            )
        )
        await self.connect(user_id, mode=mode)

    async def connect(self, user_id: UserId = IVAN, *, mode: str = "auto") -> None:
        """The person logs in at the board."""
        self.sessions.forget(user_id)
        await self.store.write(
            self.store.board_accounts.connect(
                user_id,
                HH,
                state="connected",
                mode=mode,
                sealed_tokens="…",
                expires_at=None,
                external_id=f"person-{user_id}",
                now=self.tools.clock.now(),
            )
        )

    async def start_hunt(self, user_id: UserId = IVAN, tools: HuntTools | None = None) -> None:
        """What the roster does for one person."""
        scope = self.scopes[user_id] = trio.CancelScope()
        ended = self.ended[user_id] = trio.Event()

        async def run(task_status: trio.TaskStatus[None]) -> None:
            with scope:
                await run_autopilot(tools or self.tools, user_id, task_status)
            ended.set()

        await self.nursery.start(run)

    async def hunt(self, tools: HuntTools, task_status: trio.TaskStatus[None], user_id: UserId = IVAN) -> None:
        """The hunt in the caller's own task."""
        await run_autopilot(tools, user_id, task_status)

    async def revive(self, before: HuntGround) -> None:
        """What a former life on the same store knew beside it: resumes, logins at the board."""
        self.resumes.chosen.update(before.resumes.chosen)
        self.sessions.take_over(before.sessions)
        await trio.lowlevel.checkpoint()

    def letter_of(self, vacancy: VacancyRow) -> str:
        """The letter as it lies in the store, opened."""
        return (vacancy.sealed_letter or "").partition(":letter:")[2]

    async def crash(self, user_id: UserId = IVAN) -> None:
        """Ends the hunt wherever it is."""
        self.scopes[user_id].cancel()
        await self.ended[user_id].wait()

    async def vacancy(self, vacancy_id: str, user_id: UserId = IVAN) -> VacancyRow:
        row = await self.store.vacancies.get(user_id, HH, VacancyId(vacancy_id))
        assert row is not None
        return row

    async def state(self, vacancy_id: str, user_id: UserId = IVAN) -> tuple[str, str | None]:
        """State and reason of a vacancy."""
        row = await self.vacancy(vacancy_id, user_id)
        return row.state, row.reason

    async def effect(self, vacancy_id: str, user_id: UserId = IVAN) -> EffectRow:
        row = await self.store.effects.get("application", f"{user_id}:hh:{vacancy_id}")
        assert row is not None
        return row

    async def card(self, user_id: UserId = IVAN) -> str:
        """Key of the text that the status card shows next."""
        item = await self.store.queues.get("outbox", f"edit:{user_id}:hunt")
        assert item is not None
        text = decode(item.payload).text
        return text.key if text is not None else ""

    async def messages(self, user_id: UserId = IVAN) -> list[Parcel]:
        """What was said to the person, edits of the status card left out."""
        items = await self.store.queues.waiting("outbox", user_id, limit=1000)
        return [parcel for item in items if (parcel := decode(item.payload)).act == "say"]

    async def said(self, user_id: UserId = IVAN) -> list[str]:
        """Keys of what was said, without the room."""
        return [
            parcel.text.key.removeprefix("autopilot.")
            for parcel in await self.messages(user_id)
            if parcel.text is not None
        ]


@asynccontextmanager
async def open_ground(
    store: Store,
    board: FakeBoard,
    clock: Clock,
    *,
    settings: AutopilotSettings | None = None,
    ask: Any = None,
    boot_id: str = "boot-1",
    ownership: Ownership | None = None,
) -> AsyncIterator[HuntGround]:
    """A daemon that hunts; at the end all hunts are cancelled, as a stop does.

    `ownership`: what it holds of a shared store; without it the store is its own.
    """
    asker = ask or ScriptedAsker()

    async def may_ask(_: UserId) -> bool:
        await trio.lowlevel.checkpoint()
        return ask is not None

    sessions, resumes = FakeSessions(board, store), FakeResumes()
    owning = nullcontext(ownership) if ownership else own_shards(store, boot_id=boot_id, now=clock.now())
    async with owning as owned, trio.open_nursery() as nursery:
        tools = HuntTools(
            store=store,
            outbox=Outbox(store.queues, clock),
            boards=OneBoard(board),
            sessions=sessions,
            vault=OpenVault(),
            ownership=owned,
            resumes=resumes,
            letters=LetterWriter(asker, LetterTemplates(Texts.load()), may_ask),
            clock=clock,
            random=random.Random(7),
            settings=settings or AutopilotSettings(),
        )
        yield HuntGround(store, board, tools, owned, sessions, resumes, nursery)
        nursery.cancel_scope.cancel()
