"""A storm of random failures over hours of virtual time: whatever happens, nobody is lost and everything stops."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.clock import TrioClock
from daemon.errors import Permanent, Temporary
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.circuit import CircuitPolicy
from daemon.supervisor.health import Phase
from daemon.supervisor.quarantine import MemoryBook
from daemon.supervisor.restart import RestartPolicy
from daemon.supervisor.tree import open_supervisor

POLICY = RestartPolicy(
    first_delay_seconds=1,
    longest_delay_seconds=60,
    stable_after_seconds=120,
    budget=4,
    budget_period_seconds=300,
    quarantine_probe_seconds=900,
)
DAY = 24 * 3600


class Weather:
    """What goes wrong, by a seed: the shared board is down at times, and each child has its own bad luck."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.is_board_down = False
        self.is_over = False
        self.running = set()

    async def change(self):
        while not self.is_over:
            await trio.sleep(self.random.expovariate(1 / 3600))
            self.is_board_down = not self.is_board_down

    async def hunt(self, name, status):
        assert name not in self.running, "two of one child at once"
        self.running.add(name)
        try:
            if not self.is_over and self.random.random() < 0.02:
                await trio.sleep(60)  # not up in time
            status.started()
            while True:
                await trio.sleep(self.random.uniform(1, 600))
                self.fail_perhaps()
        finally:
            self.running.discard(name)

    def fail_perhaps(self):
        if self.is_over:
            return
        if self.is_board_down:
            raise ConnectionError
        luck = self.random.random()
        if luck < 0.005:
            raise Permanent
        if luck < 0.02:
            raise Temporary(retry_after_seconds=self.random.uniform(0, 300))
        if luck < 0.05:
            raise ExceptionGroup("several", [ValueError("x"), KeyError("y")])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_hours_of_failures_lose_nobody(autojump_clock, expected_errors, seed):
    weather, book = Weather(seed), MemoryBook()
    names = [f"hunt:{number}" for number in range(20)]
    async with (
        open_supervisor(TrioClock(), random.Random(seed), quarantine=book, circuit=CircuitPolicy()) as supervisor,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(weather.change)
        for name in names:
            supervisor.launch(ChildSpec(name, lambda status, name=name: weather.hunt(name, status), POLICY))
        await trio.sleep(DAY / 3)
        assert sorted(child.name for child in supervisor.children()) == sorted(names)
        quarantined = {child.name for child in supervisor.children() if child.phase is Phase.QUARANTINED}
        assert quarantined <= set(book.entries)
        weather.is_over = True
        await trio.sleep(DAY / 12)
        assert {child.phase for child in supervisor.children()} == {Phase.RUNNING}
        assert (book.entries, supervisor.open_circuits()) == ({}, [])
        assert await supervisor.stop_all("the storm is over") == ()
        nursery.cancel_scope.cancel()
    assert weather.running == set()


@pytest.mark.slow
async def test_board_down_for_a_day_is_knocked_at_rarely(autojump_clock):
    knocks = []

    async def hunt(status):
        status.started()
        await trio.sleep(1)
        knocks.append(trio.current_time())
        raise ConnectionError

    async with open_supervisor(TrioClock(), random.Random(1), circuit=CircuitPolicy()) as supervisor:
        for number in range(200):
            supervisor.launch(ChildSpec(f"hunt:{number}", hunt, POLICY))
        await trio.sleep(DAY)
        last_hour = [knock for knock in knocks if knock > DAY - 3600]
        assert len(knocks) < 200 + DAY / 250
        assert 5 < len(last_hour) < 20
