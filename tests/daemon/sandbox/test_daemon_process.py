"""The daemon as a child: started, stopped, killed, watched, never left behind. The child here is a few lines of Python."""

from __future__ import annotations

import os

import pytest
import trio

from daemon.sandbox.daemon_process import DaemonDied, DaemonProcess, free_port

POLITE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", os.environ.get("AURORA_X"), os.environ.get("AURORA_OLD"), os.environ["STATE_DIRECTORY"], flush=True)
while True: time.sleep(1)
"""


@pytest.fixture
async def make(tmp_path):
    made = []

    def make(code, **settings):
        process = DaemonProcess(settings, tmp_path, arguments=("-c", code))
        made.append(process)
        return process

    yield make
    for process in made:
        await process.end()


async def until_up(process, lives=1):
    with trio.fail_after(20):
        while process.tail().count("up") < lives:  # noqa: ASYNC110 - another process's file has no event
            await trio.sleep(0.01)


async def test_a_child_gets_its_settings_and_none_of_ours(make, tmp_path, monkeypatch):
    monkeypatch.setenv("AURORA_OLD", "ours")
    process = make(POLITE, AURORA_X="theirs")
    await process.start()
    await until_up(process)
    assert process.tail() == f"up theirs None {tmp_path}\n"


async def test_a_polite_child_stops_with_zero(make):
    process = make(POLITE)
    await process.start()
    await until_up(process)
    assert await process.stop() == 0
    assert not process.is_running


async def test_a_killed_child_can_be_started_again(make):
    process = make(POLITE)
    for life in (1, 2):
        await process.start()
        await until_up(process, life)
        assert process.is_running
        await process.kill()
        assert not process.is_running
    assert process.starts == 2


async def test_a_child_that_dies_by_itself_is_told_with_its_last_words(make):
    process = make("import sys; print('boom'); sys.exit(3)")
    await process.start()
    with pytest.raises(DaemonDied, match=r"exit code 3:\nboom"):
        await process.watch()


async def test_a_child_that_does_not_stop_is_killed(make, monkeypatch):
    monkeypatch.setattr("daemon.sandbox.daemon_process.STOP_SECONDS", 0.2)
    process = make(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    await process.start()
    await until_up(process)
    assert await process.stop() == -9


async def test_stopping_nothing_is_fine(make):
    process = make(POLITE)
    assert await process.stop() == 0
    assert process.tail() == ""
    await process.kill()
    await process.watch()


def test_a_free_port_is_an_ordinary_one():
    assert 1024 <= free_port() < 65536
    assert os.getpid()
