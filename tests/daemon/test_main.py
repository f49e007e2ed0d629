"""The whole daemon as its operator meets it: a process, signals, a store, an HTTP door, and a log without secrets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.clock import SystemClock
from daemon.http_client import make_http_client
from daemon.main import essential, leaves
from daemon.sandbox.daemon_process import DaemonProcess, free_port
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.world import open_world
from daemon.supervisor.restart import RestartPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow


class Life:
    """A daemon in a simulated world, and how to ask it."""

    def __init__(self, process, url, folder, http) -> None:
        self.process, self.url, self.folder, self._http = process, url, folder, http

    async def ask(self, path: str):
        for _ in range(600):
            try:
                return await self._http.get(self.url + path)
            except OSError:
                await trio.sleep(0.05)
            except Exception as error:  # the door is not open yet
                if "Connect" not in type(error).__name__:
                    raise
                await trio.sleep(0.05)
        raise AssertionError("the HTTP door never opened")

    async def is_ready(self) -> dict:
        with trio.fail_after(30):
            while (answer := await self.ask("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process gets ready
                await trio.sleep(0.05)
        return answer.json()

    @property
    def log(self) -> str:
        return (self.folder / "daemon.log").read_text()


@asynccontextmanager
async def living(folder: Path, **settings: str) -> AsyncIterator[Life]:
    port = free_port()
    async with (
        open_world(SystemClock(), 1) as world,
        serve_on_loopback(world.service, 0) as bound,
        make_http_client() as http,
    ):
        environment = world.settings(f"http://127.0.0.1:{bound}") | {"AURORA_WEB__LISTEN": f"127.0.0.1:{port}"}
        process = DaemonProcess(environment | settings, folder)
        await process.start()
        try:
            yield Life(process, f"http://127.0.0.1:{port}", folder, http)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
                await process.kill()


async def test_sigterm_ends_idle_daemon_with_zero_within_two_seconds(tmp_path: Path) -> None:
    async with living(tmp_path) as life:
        await life.is_ready()
        began = trio.current_time()

        assert await life.process.stop() == 0
        assert trio.current_time() - began < 2


async def test_ready_daemon_says_what_it_checked(tmp_path: Path) -> None:
    async with living(tmp_path) as life:
        assert await life.is_ready() == {
            "ready": True,
            "checks": {"store": "ok", "telegram": "ok", "children": "ok"},
        }


async def test_unreachable_telegram_is_waited_for_in_words(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with living(tmp_path, AURORA_TELEGRAM__API_URL=nowhere) as life:
        assert (await life.ask("/healthz")).status_code == 200
        answer = await life.ask("/readyz")

        assert answer.status_code == 503
        assert answer.json()["checks"]["telegram"] != "ok"
        assert life.process.is_running


async def test_second_daemon_on_a_store_is_refused_naming_the_first(tmp_path: Path) -> None:
    async with living(tmp_path) as first:
        await first.is_ready()
        folder = tmp_path / "second"
        folder.mkdir()
        async with living(
            folder,
            AURORA_STORE__URL=f"sqlite:///{tmp_path / 'aurora.db'}",
            AURORA_ADMIN__SOCKET=str(folder / "admin.sock"),
        ) as second:
            with trio.fail_after(10):
                while second.process.is_running:  # noqa: ASYNC110 - another process ends
                    await trio.sleep(0.05)

            pid = (tmp_path / "aurora.db.lock").read_text().split()[0]
            assert pid in second.log
            assert (await first.is_ready())["ready"]


async def test_start_after_many_early_deaths_waits_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "starts.json").write_text('{"early_ends": 4, "last_end": "PortTaken"}')
    began = trio.current_time()
    async with living(tmp_path, AURORA_SUPERVISOR__SLOWEST_START_SECONDS="2") as life:
        await life.is_ready()
        await life.process.kill()

        assert trio.current_time() - began > 2
        assert '"last_end":"PortTaken","wait_seconds":2,"event":"start_slowed"' in life.log
        assert '"early_ends":5' in (tmp_path / "starts.json").read_text()


async def test_daemon_that_was_told_to_end_starts_anew_at_once(tmp_path: Path) -> None:
    (tmp_path / "starts.json").write_text('{"early_ends": 9, "last_end": ""}')
    async with living(tmp_path) as life:
        await life.is_ready()
        assert await life.process.stop() == 0

        assert not (tmp_path / "starts.json").exists()


async def test_no_secret_is_in_the_log(tmp_path: Path) -> None:
    secret = "canary-canary-canary-canary-canary"
    async with living(tmp_path, AURORA_LLM__API_KEY=secret, AURORA_HH__CLIENT_SECRET=secret) as life:
        await life.is_ready()
        await life.process.stop()

        assert "daemon_ready" in life.log
        assert secret not in life.log
        assert (await _token(life)) not in life.log


async def _token(life: Life) -> str:
    async with open_world(SystemClock(), 1) as world:
        return world.settings("")["AURORA_TELEGRAM__TOKEN"].partition(":")[2]


def test_essential_child_is_tried_for_ever() -> None:
    async def run(_status) -> None: ...

    spec = essential("poller", run)

    assert spec.is_essential
    assert spec.restart.budget > RestartPolicy().budget


def test_leaves_of_a_group_are_its_errors_however_deep() -> None:
    deep, flat = ValueError("deep"), OSError("flat")

    assert leaves(ExceptionGroup("outer", [ExceptionGroup("inner", [deep]), flat])) == [deep, flat]
    assert leaves(flat) == [flat]
