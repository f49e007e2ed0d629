"""A thousand hunts: started and stopped in a few steps of the loop each, and small."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc

import pytest
import trio

from daemon.clock import SystemClock
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.tree import open_supervisor

CHILDREN = 1000
STEPS_EACH = 10
BYTES_EACH = 6_000
"""The room left for the hunt itself is the rest of its 12 kB."""


async def sleep_between_searches(status):
    status.started()
    await trio.sleep(600)


async def start_many(supervisor):
    for number in range(CHILDREN):
        await supervisor.start(ChildSpec(f"autopilot:{number}", sleep_between_searches))


@pytest.mark.slow
class Steps(trio.abc.Instrument):
    """Counts how often the loop ran a task: what many children cost, whatever else the machine does."""

    def __init__(self):
        self.count = 0

    def before_task_step(self, task):
        self.count += 1


async def test_each_of_a_thousand_children_starts_and_stops_in_a_few_steps():
    steps = Steps()
    async with open_supervisor(SystemClock(), random.Random(1)) as supervisor:
        trio.lowlevel.add_instrument(steps)
        await start_many(supervisor)
        started = steps.count
        assert await supervisor.stop_all("deploy") == ()
        trio.lowlevel.remove_instrument(steps)
    assert started < STEPS_EACH * CHILDREN
    assert steps.count - started < STEPS_EACH * CHILDREN


@pytest.mark.slow
async def test_child_is_small():
    async with open_supervisor(SystemClock(), random.Random(1)) as supervisor:
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await start_many(supervisor)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (after - before) / CHILDREN < BYTES_EACH


@pytest.mark.slow
async def test_stopping_many_does_not_hold_up_the_loop():
    longest = 0.0

    async def beat():
        nonlocal longest
        while True:
            before = time.perf_counter()
            await trio.sleep(0.005)
            longest = max(longest, time.perf_counter() - before)

    async with open_supervisor(SystemClock(), random.Random(1)) as supervisor, trio.open_nursery() as nursery:
        await start_many(supervisor)
        nursery.start_soon(beat)
        await supervisor.stop_all("deploy")
        nursery.cancel_scope.cancel()
    assert longest < 0.5
