"""A real Chromium, driven over its DevTools WebSocket: opens a page, runs a line of JavaScript, takes a picture.

No driver package: the few commands needed are plain JSON messages.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import orjson
import trio
from trio_websocket import open_websocket_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from trio_websocket import WebSocketConnection

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


def find_chromium() -> str | None:
    """Where it is installed; None when it is not."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def find_or_install() -> str | None:
    """With `CI` set nothing may be skipped: a machine that may install Chromium does so once."""
    apt = shutil.which("apt-get")
    if find_chromium() is None and os.environ.get("CI") and apt and os.geteuid() == 0:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (("update", "-qq"), ("install", "-y", "-qq", "chromium")):
            subprocess.run([apt, *words], env=environment, check=False, capture_output=True, timeout=600)  # noqa: S603 - our own words
    return find_chromium()


class Page:
    """One tab."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._last = 0

    async def send(self, method: str, **params: Any) -> Any:
        """One DevTools command."""
        self._last += 1
        await self._socket.send_message(orjson.dumps({"id": self._last, "method": method, "params": params}).decode())
        while True:
            message = orjson.loads(await self._socket.get_message())
            if message.get("id") == self._last:
                assert "error" not in message, message
                return message["result"]

    async def run(self, script: str) -> Any:
        """The value of an expression."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until an expression is true."""
        with trio.fail_after(15):
            while not await self.run(f"Boolean({script})"):  # noqa: ASYNC110 - another process has no event
                await trio.sleep(0.05)

    async def open(self, url: str, width: int, height: int) -> None:
        """Goes to an address in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        await self.send("Page.navigate", url=url)

    async def picture(self, path: trio.Path) -> None:
        """What can be seen, as PNG."""
        answer = await self.send("Page.captureScreenshot", format="png")
        await path.write_bytes(base64.b64decode(answer["data"]))


@asynccontextmanager
async def open_page(profile: Path) -> AsyncIterator[Page]:
    """A browser of its own with one empty tab."""
    command = [str(find_chromium()), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with trio.fail_after(30):
            while not (profile / "DevToolsActivePort").exists():  # noqa: ASYNC110 - written by the browser
                await trio.sleep(0.05)
            port = (profile / "DevToolsActivePort").read_text().split()[0]
            async with httpx2.AsyncClient(trust_env=False) as http:
                tabs = (await http.get(f"http://127.0.0.1:{port}/json/list")).json()
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        async with open_websocket_url(address, max_message_size=64 * 1024 * 1024) as socket:
            yield Page(socket)
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
            process.terminate()
            await process.wait()
