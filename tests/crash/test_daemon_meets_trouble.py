"""The real process on a disk that is full for a while, and stopped in its tracks for a while: it goes on by itself."""

from __future__ import annotations

import os
import signal

import pytest
import trio

from tests.crash.scene import APPLICATIONS, open_scene
from tests.crash.small_disk import KINDS, SmallDisk, can_mount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FULL_SECONDS = 4.0
FROZEN_SECONDS = 5.0
"""Longer than any request of the hasty daemon's and than the grace."""
WHERE = [kind for kind in KINDS if kind != "tmpfs" or can_mount()]


@pytest.mark.parametrize("kind", WHERE)
async def test_full_disk_costs_nothing_but_time(tmp_path, kind):
    disk = SmallDisk(kind, tmp_path / "disk")
    settings = {"AURORA_STORE__URL": f"sqlite:///{tmp_path}/disk/aurora.db"}
    async with open_scene(tmp_path, 1, arguments=disk.arguments, settings=settings) as scene:
        await scene.daemon.start()
        scene.store = disk.store_of(scene.daemon.pid)

        async def fill_and_free():
            await scene.until("application_made", 1)
            disk.fill(scene.daemon.pid)
            await trio.sleep(FULL_SECONDS)
            status, checks = await scene.ask_ready()
            assert status == 503
            assert "free some space" in checks["store"]
            made = scene.world.log.count("application_made")
            await trio.sleep(1)
            assert scene.world.log.count("application_made") == made < APPLICATIONS
            disk.free()
            with trio.fail_after(15):
                while (await scene.ask_ready())[0] != 200:  # noqa: ASYNC110 - another process gets there
                    await trio.sleep(0.2)

        await scene.play(fill_and_free, is_started=True)
        scene.store = disk.store_after
        assert scene.check() == []


async def test_process_frozen_in_the_middle_of_a_request_goes_on(tmp_path):
    async with open_scene(tmp_path, 1) as scene:

        async def freeze_and_thaw():
            await scene.until("application_made", 1)
            where = {"service": "hh", "method": "POST", "path": "/negotiations"}
            scene.world.faults.add("slow_answer", **where, count=1, seconds=1.0)
            await scene.until("application_made", 2)
            os.kill(scene.daemon.pid, signal.SIGSTOP)
            await trio.sleep(FROZEN_SECONDS)
            os.kill(scene.daemon.pid, signal.SIGCONT)

        await scene.play(freeze_and_thaw)
        assert scene.check() == []
