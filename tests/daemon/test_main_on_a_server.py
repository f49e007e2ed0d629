"""The whole daemon on PostgreSQL: it lives through what befalls the server, says so, and keeps the password to itself."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from tests.daemon.test_main import living

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@contextmanager
def frozen(server):
    """Every process of the server stands still."""
    backends = [pid for (pid,) in server.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'aurora'")]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)


async def until_ready(life) -> None:
    with trio.fail_after(40):
        while (await life.ask("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process gets ready
            await trio.sleep(0.05)


async def until_store_is(life, state) -> float:
    """Seconds until `/readyz` says so of the store."""
    began = trio.current_time()
    with trio.fail_after(15):
        while ((await life.ask("/readyz")).json()["checks"]["store"] == "ok") is not (state == "ok"):  # noqa: ASYNC110 - another process
            await trio.sleep(0.05)
    return trio.current_time() - began


async def test_server_that_goes_away_is_told_and_the_daemon_is_ready_within_five_seconds_of_it(
    tmp_path: Path, server, url, password
) -> None:
    async with living(tmp_path, AURORA_STORE__URL=url) as life:
        await until_ready(life)
        for how in ("INT", "QUIT"):
            await trio.to_thread.run_sync(server.stop, how)
            await until_store_is(life, "away")
            answer = (await life.ask("/readyz")).json()
            assert "postgresql://aurora@/aurora" in answer["checks"]["store"]
            await trio.to_thread.run_sync(server.start)
            assert await until_store_is(life, "ok") < 5
        assert life.process.is_running
        assert await life.process.stop() == 0
    assert password not in life.log


async def test_daemon_stops_in_time_while_the_server_is_away(tmp_path: Path, server, url) -> None:
    async with living(tmp_path, AURORA_STORE__URL=url) as life:
        await until_ready(life)
        await trio.to_thread.run_sync(server.stop, "QUIT")
        try:
            began = trio.current_time()
            await life.process.stop()
            assert trio.current_time() - began < 5
        finally:
            await trio.to_thread.run_sync(server.start)
    assert "Traceback" not in life.log


async def test_daemon_stops_in_time_while_the_server_is_frozen(tmp_path: Path, server, url) -> None:
    async with living(tmp_path, AURORA_STORE__URL=url) as life:
        await until_ready(life)
        with frozen(server):
            began = trio.current_time()
            await life.process.stop()
            assert trio.current_time() - began < 10
