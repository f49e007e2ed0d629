"""A daemon as an operator sees it: an inline store, a supervisor, and a few people."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.admin.event_hub import EventHub
from daemon.admin.operations import GateLine, Operations
from daemon.admin.verb import Caller
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.dependency import Dependencies
from daemon.supervisor.tree import open_supervisor
from store.durable.ownership import Ownership
from store.ids import BoardName, ChatId, UserId
from store.tables.hunts import HuntRow


class Daemon:
    """The operations, and what the tests change about them."""

    def __init__(self, store, supervisor, clock):
        self.store = store
        self.supervisor = supervisor
        self.clock = clock
        self.checks = {"store": "ok", "telegram": "ok"}
        self.facts = {"web": "http://127.0.0.1:8080", "models": "off: no AURORA_LLM__API_KEY"}
        self.gates = [GateLine("wish", "hunt", True, "the person wants it to run")]
        self.is_draining = False
        self.dependencies = Dependencies(random.Random(1))
        self.operations = Operations(
            ownership=Ownership(store.leases, "boot-1", {7: 3, 8: 1}),
            store=store,
            supervisor=supervisor,
            clock=clock,
            events=EventHub(),
            dependencies=self.dependencies,
            explain=self.explain,
            ask_checks=self.ask_checks,
            tell_facts=lambda: self.facts,
            version="0.1.0",
            started_at=clock.now(),
            is_draining=lambda: self.is_draining,
        )

    async def explain(self, _user_id):
        await trio.lowlevel.checkpoint()
        return self.gates

    async def ask_checks(self):
        await trio.lowlevel.checkpoint()
        return self.checks

    async def add_person(self, user_id, wish="running", by="person"):
        now = self.clock.now()
        hunt = HuntRow(UserId(user_id), BoardName("hh"), wish, by, "", now, "auto", "python", step="search")
        await self.store.write(
            self.store.users.register(UserId(user_id), ChatId(user_id), "ru", now=now)
            + self.store.hunts.insert_new(hunt)
        )

    async def wish_of(self, user_id):
        hunt = await self.store.hunts.get(UserId(user_id))
        return hunt.wish, hunt.wish_by


@pytest.fixture
async def daemon(store, clock):
    async with open_supervisor(clock, random.Random(1)) as supervisor:
        yield Daemon(store, supervisor, clock)


@pytest.fixture
def caller():
    return Caller("socket uid=1000")


async def stay(status):
    status.started()
    await trio.sleep_forever()


@pytest.fixture
def spec():
    return lambda name, **options: ChildSpec(name, options.pop("run", stay), **options)
