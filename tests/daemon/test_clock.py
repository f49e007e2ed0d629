"""Clocks: wall time and waiting agree, also when the wall clock jumps."""

from __future__ import annotations

import trio

from daemon.clock import MINUTE, SystemClock, TrioClock, boot_time


async def test_trio_clock_follows_virtual_time(autojump_clock, clock):
    before = clock.now()
    await clock.sleep_until(before + 5 * MINUTE)
    assert (clock.now() - before, trio.current_time()) == (5 * MINUTE, 300)


async def test_past_moment_is_not_waited_for(autojump_clock, clock):
    await clock.sleep_until(clock.now() - 1)
    assert trio.current_time() == 0


async def test_two_trio_clocks_of_one_start_agree(autojump_clock):
    await trio.sleep(1)
    assert TrioClock(5).now() == TrioClock(5).now() == 1005


async def test_system_clock_looks_again_after_a_jump(autojump_clock):
    class Jumping(SystemClock):
        moments = iter([0, 10 * MINUTE, 10 * MINUTE])

        def now(self):
            return next(self.moments)

    await Jumping().sleep_until(5 * MINUTE)
    assert trio.current_time() == 60


def test_boot_time_goes_on_and_is_no_wall_clock():
    first = boot_time()
    assert first <= boot_time() < first + 60
    assert first < SystemClock().now() / 1000
