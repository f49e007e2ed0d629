"""A bot in a chat, with everything real but the board, the model and Telegram, under the virtual clock."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from daemon.accounts.board_session import BoardSessions
from daemon.accounts.profile import ResumeKeeper
from daemon.accounts.rights import Rights
from daemon.boards.registry import BoardRegistry
from daemon.bot.routes import build_router
from daemon.bot.scripts.register import make_scripts
from daemon.bot.services import Services
from daemon.dialogs.engine import DialogEngine
from daemon.i18n.translate import Texts
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.outbox import Outbox
from daemon.schedule.scheduler import Scheduler
from daemon.vault import Vault, make_secret_key
from store.durable.ownership import own_shards
from tests.fakes.board import FakeBoard
from tests.fakes.conversation import Conversation

PUBLIC_URL = "http://127.0.0.1:8080"
TEXTS = Texts.load()


class PlainQueries:
    """Writes a query from the title; counts how often."""

    def __init__(self):
        self.written = 0

    async def write_query(self, user_id, resume):
        self.written += 1
        return f"NAME:({resume.title.split()[0]}) AND v{self.written}"


class Bot:
    """One bot over one store; `running()` is one life of the daemon."""

    def __init__(self, store, ownership, clock):
        self.store = store
        self.clock = clock
        self.ownership = ownership
        self.board = FakeBoard()
        self.outbox = Outbox(store.queues, clock)
        self.signer = ButtonSigner(b"k" * 32)
        self.queries = PlainQueries()
        self.gates = []
        self.has_model = True
        self.has_board = True
        self.key = make_secret_key()
        self.chat = Conversation(store, clock, self._answer, signer=self.signer, is_settling=True)

    def services(self, store=None):
        store = store or self.store
        boards = BoardRegistry([self.board] if self.has_board else [])
        vault = Vault(store, self.key, self.clock)
        sessions = BoardSessions(store, vault, boards, self.clock, PUBLIC_URL)

        async def explain(user_id):
            return self.gates

        return Services(
            store=store,
            outbox=self.outbox,
            clock=self.clock,
            signer=self.signer,
            texts=TEXTS,
            boards=boards,
            sessions=sessions,
            resumes=ResumeKeeper(store, vault, boards, sessions, self.clock),
            rights=Rights(store, vault, sessions, self.clock),
            vault=vault,
            queries=self.queries,
            explain=explain,
            has_model=self.has_model,
        )

    @asynccontextmanager
    async def running(self):
        services = self.services()
        scripts = make_scripts(services)
        vault = Vault(self.store, self.key, self.clock)
        self.engine = DialogEngine(self.store, self.outbox, self.ownership, self.clock, scripts, sealer=vault)
        self.router = build_router(services, self.engine)
        async with self.engine.running():
            yield self

    async def _answer(self, incoming, button):
        return await self.router.find_handler(incoming)(incoming)

    async def fire_timers(self):
        await Scheduler(self.store, self.clock).fire_due()
        return await self.chat.settle()

    def login_link(self):
        """The address behind the newest login button."""
        for parcel in reversed(self.chat.heard):
            for row in parcel.keyboard:
                for button in row:
                    if getattr(button, "url", "").startswith("https://board.example/oauth/authorize"):
                        return button.url
        raise LookupError("no login button")

    def state_of_link(self):
        return self.login_link().split("state=")[1].split("&")[0]

    async def return_from_board(self, code="code-ivan", error=None):
        """The browser comes back to the web door."""
        claim = await self.services().sessions.claim_return(self.state_of_link(), None if error else code, error)
        await self.store.write(claim)
        return await self.chat.settle()

    async def onboard(self):
        """First buttons all the way."""
        await self.chat.say("/start")
        await self.chat.press(0)
        await self.chat.press(0)
        await self.return_from_board()
        for _ in range(4 if self.has_model else 3):
            await self.chat.press(0)

    async def hunt(self):
        return await self.store.hunts.get(self.chat.chat_id)


@pytest.fixture
async def bot(store, clock):
    async with own_shards(store, boot_id="boot", now=0) as ownership:
        yield Bot(store, ownership, clock)
