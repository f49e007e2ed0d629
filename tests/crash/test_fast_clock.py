"""A fast clock shows the same time in every process of a run, and waits as much shorter."""

from __future__ import annotations

import trio

from daemon.clock import SECOND, SystemClock
from tests.crash.fast_clock import FastClock


def test_a_child_inherits_the_same_time(monkeypatch):
    clock = FastClock.begin(50.0)
    for name, value in clock.for_children().items():
        monkeypatch.setenv(name, value)
    inherited = FastClock.inherit()
    assert inherited.rate == 50.0
    assert abs(inherited.now() - clock.now()) < 50 * SECOND


def test_waiting_follows_the_wall():
    clock = FastClock.begin(100.0)

    async def wait():
        before = clock.now()
        await clock.sleep_until(before + 20 * SECOND)
        return clock.now() - before

    began_at = SystemClock().now()
    assert trio.run(wait, clock=clock.for_trio()) >= 20 * SECOND
    assert SystemClock().now() - began_at < 20 * SECOND
