"""The stage of the journeys: the whole daemon and the whole world in one process, on virtual time, without a socket
between them.

What is real: every line of the daemon from the poller to the ledger, and every double. What is not: the network (the
doors of `tests/fakes/world.py`) and the browser's way to the daemon's own HTTP door, so people paste the address at
which their browser has stopped.
"""

from __future__ import annotations

import base64
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import trio

from daemon.admin.event_hub import EventHub
from daemon.clock import TrioClock
from daemon.config import load_settings
from daemon.main import serve
from daemon.rooms import Outside
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.judge import Verdict, Witness, judge
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.story import applied_words
from daemon.sandbox.world import World, open_world
from daemon.supervisor.shutdown import StopSwitch
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORLD = "127.0.0.1:1"
PUBLIC_URL = "http://127.0.0.1:2"
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@dataclass
class Stage:
    """A world with a daemon in it."""

    world: World
    nursery: trio.Nursery
    accounts: dict[int, str]

    def enter(self, login: str = "m.sokolova@example.com", **manners) -> ScriptedPerson:
        """Somebody starts to talk to the bot."""
        known = self.world.hh.state.person_by_login(login)
        assert known is not None
        language = "en" if known.resumes[0].locale == "EN" else "ru"
        somebody = self.world.people.add(known.first_name, language=language)
        client = httpx2.AsyncClient(transport=WorldHttp({WORLD: self.world.service}), trust_env=False)
        person = ScriptedPerson(
            somebody.user_id,
            self.world.people,
            self.world.log,
            Browser(fetch_with(client), stop_before=PUBLIC_URL),
            manners=Manners(login, **manners),
            random_source=random.Random(1),
        )
        self.accounts[somebody.user_id] = known.person_id
        self.nursery.start_soon(person.live)
        return person

    async def until(self, kind: str, count: int = 1, *, within_seconds: float = 3600) -> None:
        """Waits for so many acts of a kind."""
        with trio.fail_after(within_seconds):
            while self.world.log.count(kind) < count:
                await self.world.log.wait_beyond(self.world.log.last)

    async def until_said(self, part: str, count: int = 1) -> None:
        """Waits until the bot has said this."""
        with trio.fail_after(3600):
            while sum(part in str(act.get("text")) for act in self.world.log.acts("message", "edit")) < count:
                await self.world.log.wait_beyond(self.world.log.last)

    async def until_told(self, count: int) -> None:
        """Waits until so many applications are reported."""
        await self.until_said(applied_words()[0], count)

    def said(self) -> list[str]:
        """Everything the bot has said."""
        return [str(act.get("text")) for act in self.world.log.acts("message")]

    def verdict(self) -> Verdict:
        """The judge's word on it."""
        return judge(tuple(self.world.log.acts()), Witness(self.accounts, applied_words()), crashes=0)


@asynccontextmanager
async def open_stage(folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """Curtain up. The daemon is told to stop at the end, and must."""
    clock, switch = TrioClock(), StopSwitch()
    async with open_world(clock, 1) as world, trio.open_nursery() as nursery:
        world.settle_at(f"http://{WORLD}")
        world.hh.state.rules.redirect_uri = f"{PUBLIC_URL}/oauth/hh/callback"
        chosen = {
            **world.settings(f"http://{WORLD}"),
            "AURORA_STORE__URL": f"sqlite:///{folder}/aurora.db",
            "AURORA_SECRET_KEY": KEY,
            "AURORA_WEB__LISTEN": "127.0.0.1:0",
            "AURORA_WEB__PUBLIC_URL": PUBLIC_URL,
            "AURORA_ADMIN__SOCKET": str(folder / "admin.sock"),
            "STATE_DIRECTORY": str(folder),
            **settings,
        }
        outside = Outside(
            clock=clock,
            random=random.Random(1),
            telegram=telegram_transport(world.service),
            http=WorldHttp({WORLD: world.service}),
            is_store_inline=True,
        )
        daemon = trio.Event()

        async def run() -> None:
            await serve(load_settings(None, chosen)[0], outside, switch, EventHub())
            daemon.set()

        nursery.start_soon(run, name="daemon")
        async with trio.open_nursery() as people:
            yield Stage(world, people, {})
            people.cancel_scope.cancel()
        switch.ask("curtain")
        with trio.fail_after(60):
            await daemon.wait()
        nursery.cancel_scope.cancel()
