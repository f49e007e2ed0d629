"""The stall watch, with a real thread and a loop that really blocks (for part of a second)."""

from __future__ import annotations

import threading
import time

import pytest
import trio
import trio.lowlevel

from daemon.supervisor.stall import HUNG, StallWatch, watch_stalls

THRESHOLD = 0.15


def block_the_loop(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def doze():
    await trio.sleep_forever()


@pytest.mark.slow
async def test_stall_is_told_once_with_culprit_and_waiting_tasks(expected_errors):
    async with watch_stalls(THRESHOLD) as watch, trio.open_nursery() as nursery:
        nursery.start_soon(doze, name="hunt:7")
        await trio.lowlevel.checkpoint()
        block_the_loop(THRESHOLD * 5)
        nursery.cancel_scope.cancel()
    assert watch.stalls == 1
    stalled = [line for line in expected_errors if line["event"] == "loop_stalled"]
    assert any("block_the_loop" in place for place in stalled[0]["running"])
    waiting = [line for line in expected_errors if line["event"] == "task_waits"]
    assert any("hunt:7" in line["names"] for line in waiting)


@pytest.mark.slow
async def test_moving_loop_is_left_alone():
    async with watch_stalls(1.0) as watch:  # long, so that a busy machine is not taken for a stalled loop
        await trio.sleep(0.3)
    assert watch.stalls == 0


@pytest.mark.slow
async def test_lag_is_measured():
    lags = []
    async with watch_stalls(THRESHOLD, lags.append):
        await trio.sleep(THRESHOLD)
        block_the_loop(THRESHOLD / 2)
        await trio.sleep(THRESHOLD)
    assert all(lag >= 0 for lag in lags)
    assert max(lags) > THRESHOLD / 8


def test_frozen_process_is_no_stall():
    watch = StallWatch(0.02)
    watch._beat_at = time.monotonic() - 100

    class FrozenOnce:
        turns = 0

        def wait(self, pause):
            self.turns += 1
            block_the_loop(0.03)
            return self.turns > 1

    watch._ended = FrozenOnce()
    watch.watch()
    assert watch.stalls == 0


@pytest.mark.slow
async def test_loop_that_hangs_ends_the_process(expected_errors):
    exits = []
    watch = StallWatch(THRESHOLD, hang_seconds=THRESHOLD * 3, exit_process=exits.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.beat)
        thread = threading.Thread(target=watch.watch, daemon=True)
        thread.start()
        block_the_loop(THRESHOLD * 6)
        thread.join(5)
        nursery.cancel_scope.cancel()
    assert exits == [HUNG]
    hung = next(line for line in expected_errors if line["event"] == "loop_hangs")
    assert any("block_the_loop" in place for place in hung["running"])


@pytest.mark.slow
async def test_stall_that_ends_in_time_ends_nothing(expected_errors):
    async with watch_stalls(THRESHOLD, hang_seconds=60):
        block_the_loop(THRESHOLD * 3)
        await trio.sleep(THRESHOLD)
    assert "loop_hangs" not in [line["event"] for line in expected_errors]
