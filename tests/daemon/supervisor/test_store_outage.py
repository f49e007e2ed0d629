"""The store goes away beneath a thousand children and comes back: asked often by one, entered gently by all."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.clock import TrioClock
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.circuit import OF_THE_STORE
from daemon.supervisor.health import Phase
from daemon.supervisor.tree import open_supervisor
from store.errors import StoreUnavailable

CHILDREN = 1000


class Database:
    """A store that may be away."""

    def __init__(self):
        self.is_away = False
        self.asked = []
        self.entered = []

    async def ask(self):
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if self.is_away:
            raise StoreUnavailable
        self.entered.append(trio.current_time())


@pytest.mark.slow
async def test_children_hold_while_the_store_is_away_and_come_back_gently(autojump_clock, expected_errors):
    database = Database()

    async def run(status):
        await database.ask()
        status.started()
        while True:
            await trio.sleep(random.Random(len(database.asked)).uniform(5, 10))
            await database.ask()

    async with open_supervisor(TrioClock(), random.Random(1)) as supervisor:
        for number in range(CHILDREN):
            supervisor.launch(ChildSpec(f"autopilot:{number}", run))
        await trio.sleep(60)
        database.is_away = True
        await trio.sleep(120)
        assert all(child.phase is Phase.HELD for child in supervisor.children())
        (circuit,) = supervisor.open_circuits()
        assert (circuit.dependency, circuit.held) == ("store", CHILDREN)
        recently = [at for at in database.asked if at > 120]
        assert 60 / OF_THE_STORE.longest_probe_seconds * 0.5 < len(recently) < 60, "one asks for all, every few seconds"

        back_at, database.is_away = trio.current_time(), False
        database.entered.clear()
        await trio.sleep(OF_THE_STORE.spread_seconds + 10)
        assert database.entered[0] - back_at < 5
        assert all(child.phase is Phase.RUNNING for child in supervisor.children())
        assert all(child.entry is None for child in supervisor.children()), "nobody's budget was spent"
        busiest = max(sum(at <= other < at + 1 for other in database.entered) for at in database.entered[:600])
        assert busiest < CHILDREN / 2


@pytest.mark.parametrize("seed", range(8))
async def test_essential_children_are_up_within_five_seconds_of_the_store(autojump_clock, expected_errors, seed):
    database, chance = Database(), random.Random(seed)

    async def run(status):
        await database.ask()
        status.started()
        while True:
            await trio.sleep(chance.uniform(0, 1))
            await database.ask()

    async with open_supervisor(TrioClock(), chance) as supervisor:
        for number in range(40):
            supervisor.launch(ChildSpec(f"autopilot:{number}", run))
        for name in ("poller", "roster", "ownership"):
            supervisor.launch(ChildSpec(name, run, is_essential=True))
        await trio.sleep(5)
        database.is_away = True
        await trio.sleep(chance.uniform(1, 30))
        database.is_away = False
        await trio.sleep(5)
        essential = [child for child in supervisor.children() if child.spec.is_essential]
        assert all(child.phase is Phase.RUNNING for child in essential)
