"""A daemon whose parts hang says where everybody stands, stops its pings and ends, to be started again."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager, contextmanager

import pytest
import trio

from daemon.clock import SystemClock
from daemon.sandbox.daemon_process import DaemonProcess, free_port
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import open_world

pytestmark = pytest.mark.slow
HUNG = 1


@contextmanager
def service_manager(folder):
    """What systemd holds: the datagrams so far, on demand."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver:
        receiver.bind(str(folder / "notify"))

        def received():
            told = []
            while True:
                try:
                    told.append(receiver.recv(4096).decode())
                except BlockingIOError:
                    return told

        yield received


@asynccontextmanager
async def ill(folder, illness):
    """A daemon that is ill, and the lines it logs."""
    async with open_world(SystemClock(), 1) as world, serve_on_loopback(world.service, 0) as bound:
        settings = world.settings(f"http://127.0.0.1:{bound}") | {
            "AURORA_WEB__LISTEN": f"127.0.0.1:{free_port()}",
            "AURORA_SUPERVISOR__HANG_SECONDS": "3",
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": "3000000",
        }
        process = DaemonProcess(settings, folder, arguments=("-m", "tests.crash.sick", illness))
        await process.start()
        try:
            yield process
        finally:
            await process.end()


def logged(folder):
    lines = (folder / "daemon.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


async def ended(process):
    with trio.fail_after(40):
        while process.is_running:  # noqa: ASYNC110 - another process ends
            await trio.sleep(0.1)
    return await process.stop()


@pytest.mark.parametrize("part", ["writer", "supervisor"])
async def test_part_that_hangs_is_dumped_and_ends_in_a_restart(tmp_path, part):
    with service_manager(tmp_path) as received:
        async with ill(tmp_path, part) as process:
            assert await ended(process) == HUNG
        told = "\n".join(received())
    lines = logged(tmp_path)
    events = [line["event"] for line in lines]
    assert f"{part}, " in next(line for line in lines if line["event"] == "no_progress")["late"][0]
    waits = [line for line in lines if line["event"] == "task_waits"]
    hung = next(line for line in waits if f"proof:{part}" in line["names"])
    assert any("hang_later" in place for place in hung["places"])
    assert "in 35" in hung["deadline"]  # the hour its own scope gives it
    assert events[-1] == "exit_without_progress"
    # Pinged while all was well, then told why it is not, then nothing more.
    assert "READY=1" in told
    assert "WATCHDOG=1" in told
    assert told.rpartition("WATCHDOG=1")[2].strip().startswith(f"STATUS=no progress: {part}")
    assert f"no progress: {part}" in json.loads((tmp_path / "starts.json").read_text())["last_end"]


async def test_loop_that_is_held_is_ended_from_outside_of_it(tmp_path):
    with service_manager(tmp_path):
        async with ill(tmp_path, "loop") as process:
            assert await ended(process) == HUNG
    hung = logged(tmp_path)[-1]
    assert hung["event"] == "loop_hangs"
    assert any("hold_the_loop" in place for place in hung["running"])


async def test_child_that_ignores_its_cancellation_ends_in_the_hard_exit(tmp_path):
    with service_manager(tmp_path) as received:
        async with ill(tmp_path, "deaf") as process:
            with trio.fail_after(20):
                while "READY=1" not in "\n".join(received()):  # noqa: ASYNC110 - another process gets ready
                    await trio.sleep(0.1)
            began = trio.current_time()
            assert await process.stop() == HUNG
            assert trio.current_time() - began < 15
    stuck = next(line for line in logged(tmp_path) if line["event"] == "exit_with_stuck_children")
    assert stuck["children"] == ["roster"]
