"""Same seed, same story, in this process and in another; and the two private names of Trio that this rests on."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys

import trio
from trio._core import _run as scheduler

from daemon.sandbox.world_log import Act
from tests.crash.seeded import play, seeded, trace_of

ORDER = """
from tests.crash.test_seeded import tell_order
print(tell_order(7))
"""


async def race(order):
    """Ten tasks that all may run at once, five times."""

    async def runner(number):
        for _ in range(5):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(runner, number)


def tell_order(seed):
    """In which order they ran."""
    order = []
    play(race, order, seed=seed)
    return order


def test_order_of_tasks_is_a_function_of_the_seed():
    assert tell_order(7) == tell_order(7)
    assert tell_order(7) != tell_order(8)


def test_order_is_the_same_in_another_process():
    command = [sys.executable, "-c", ORDER]
    told = {
        subprocess.run(  # noqa: S603 - this very module
            command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, capture_output=True, text=True
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert told == {f"{tell_order(7)}\n"}


def test_trio_still_has_what_is_used_of_its_inside():
    assert isinstance(scheduler._r, random.Random)
    # Hypothesis has switched it on, where it is loaded.
    assert isinstance(scheduler._ALLOW_DETERMINISTIC_SCHEDULING, bool)


def test_nothing_stays_seeded():
    before = scheduler._r.getstate()
    with seeded(1):
        first = secrets.token_hex(8), secrets.token_urlsafe(8)
    with seeded(1):
        assert (secrets.token_hex(8), secrets.token_urlsafe(8)) == first
    assert secrets.token_hex(8) != secrets.token_hex(8)
    assert scheduler._r.getstate() == before


def test_trace_tells_every_difference():
    acts = [Act(1, 5, "update", {"chat": 1}), Act(2, 6, "message", {"chat": 1})]
    traces = {
        trace_of(acts, ["a"]),
        trace_of(acts, ["b"]),
        trace_of(acts[:1], ["a"]),
        trace_of([acts[0], Act(2, 7, "message", {"chat": 1})], ["a"]),
        trace_of([acts[0], Act(2, 6, "message", {"chat": 2})], ["a"]),
    }
    assert len(traces) == 5
    assert trace_of(acts, ["a"]) == trace_of(list(acts), iter(["a"]))
