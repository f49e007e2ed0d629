"""A stranger's evening: `aurora sandbox` in one terminal, `aurora run` with the lines it prints in another, and the
first button pressed each time, until three applications are out.

Two processes of the command line; what joins them is the printed lines and what a browser can reach: the chat's, the
board's and the daemon's own HTTP. Nothing here looks inside.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trio

from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.daemon_process import DaemonProcess, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
APPLICATIONS = 3
CONFIRMED = 'aurora_applications_total{outcome="confirmed"}'
FORMS_TO_SUBMIT = "/oauth/authorize"


@asynccontextmanager
async def sandbox() -> AsyncIterator[dict[str, str]]:
    """`aurora sandbox`; the settings it prints, as a shell would take them."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AURORA_")}
    command = [sys.executable, "-m", "daemon", "sandbox"]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        printed = b""
        with trio.fail_after(60):
            while b"/world/log" not in printed:
                printed += await process.stdout.receive_some()
        lines = [line for line in printed.decode().splitlines() if line.startswith("export ")]
        yield dict(line.removeprefix("export ").partition("=")[::2] for line in lines)
    finally:
        process.terminate()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
            await process.wait()


class Stranger:
    """Somebody at the chat page, who reads nothing and presses the first button."""

    def __init__(self, http: httpx2.AsyncClient, sandbox_url: str) -> None:
        self._http = http
        self._url = sandbox_url
        self._browser = Browser(fetch_with(http))
        self._pressed: set[tuple[int, str]] = set()
        self.chat = ""

    async def enter(self) -> None:
        """A new chat."""
        answer = await self._http.post(f"{self._url}/chat/people", json={"first_name": "Незнакомка"})
        self.chat = f"{self._url}/chat/people/{answer.json()['id']}"
        await self._http.post(f"{self.chat}/text", json={"text": "/start"})

    async def messages(self) -> list[dict[str, Any]]:
        """What the page shows."""
        return list((await self._http.get(self.chat)).json()["messages"])

    async def applied(self) -> tuple[int, int]:
        """Applications and duplicates, as the board's side of the page has them."""
        board = (await self._http.get(f"{self._url}/chat/board")).json()
        return board["applied"], board["duplicates"]

    async def press_on(self) -> None:
        """The first button of each message that was not pressed yet."""
        for message in await self.messages():
            button = next(iter(next(iter(message["rows"]), [])), None)
            if message["is_mine"] or button is None:
                continue
            name = (message["id"], str(button.get("callback_data") or button.get("url")))
            if name in self._pressed:
                continue
            self._pressed.add(name)
            if "url" in button:
                await self._visit(button["url"])
            else:
                await self._http.post(f"{self.chat}/press", json={"message": message["id"]})
            return

    async def _visit(self, url: str) -> None:
        page = await self._browser.open(url)
        if FORMS_TO_SUBMIT in page.url:
            page = await self._browser.submit(page)
        assert page.status == 200, (page.url, page.body[:500])


async def fetch_figures(http: httpx2.AsyncClient, listen: str) -> dict[str, float]:
    """The daemon's metrics page."""
    page = (await http.get(f"http://{listen}/metrics")).text
    lines = [line.rpartition(" ") for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_first_buttons_lead_to_applications(tmp_path: Path) -> None:
    async with sandbox() as printed, httpx2.AsyncClient(timeout=20, trust_env=False) as http:
        # Of the daemon's own: a port that is free here, and a pace for the impatient.
        own = {"AURORA_WEB__LISTEN": f"127.0.0.1:{free_port()}", "AURORA_AUTOPILOT__PAUSE_SECONDS": "0.5"}
        daemon = DaemonProcess(printed | own, tmp_path)
        await daemon.start()
        try:
            stranger = Stranger(http, printed["AURORA_TELEGRAM__API_URL"].removesuffix("/telegram"))
            await stranger.enter()
            with trio.move_on_after(90):
                while (await stranger.applied())[0] < APPLICATIONS:
                    await stranger.press_on()
                    await trio.sleep(0.1)
            applied, duplicates = await stranger.applied()
            said = "\n---\n".join(message["text"] for message in await stranger.messages())
            assert applied >= APPLICATIONS, f"{said}\n{daemon.tail()}"
            assert duplicates == 0
            figures = await fetch_figures(http, own["AURORA_WEB__LISTEN"])
            # The board knows of an application a moment before the daemon has its answer.
            assert figures[CONFIRMED] >= APPLICATIONS - 1
            assert (
                figures['aurora_call_seconds_count{call="POST /negotiations",outcome="2xx",service="hh"}']
                >= APPLICATIONS - 1
            )
            assert figures['aurora_messages_total{outcome="sent"}'] > APPLICATIONS
            assert figures['aurora_call_seconds_count{call="letter",outcome="ok",service="gemini"}'] >= APPLICATIONS
            assert await daemon.stop() == 0
        finally:
            await daemon.end()
