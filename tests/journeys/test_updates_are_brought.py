"""The stranger's evening without polls: updates come to the daemon's door, over kills, and back to polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
import trio

from daemon.sandbox.daemon_process import DaemonProcess, free_port
from tests.journeys.test_first_buttons_against_sandbox import Stranger, sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def until(is_reached: Callable[[], Awaitable[bool]], daemon: DaemonProcess) -> None:
    with trio.move_on_after(90):
        while not await is_reached():  # noqa: ASYNC110 - of another process, which sends no event
            await trio.sleep(0.1)
        return
    pytest.fail(daemon.tail())


async def count_acts(http: httpx2.AsyncClient, world: str, kind: str) -> int:
    acts = (await http.get(f"{world}/world/log")).json()["acts"]
    return sum(act["kind"] == kind for act in acts)


async def test_webhook_serves_a_whole_evening_and_gives_way_to_polls(tmp_path: Path) -> None:
    async with sandbox() as printed, httpx2.AsyncClient(timeout=20, trust_env=False) as http:
        listen = f"127.0.0.1:{free_port()}"
        own = {
            "AURORA_WEB__LISTEN": listen,
            "AURORA_WEB__PUBLIC_URL": f"http://{listen}",
            "AURORA_AUTOPILOT__PAUSE_SECONDS": "0.5",
        }
        world = printed["AURORA_TELEGRAM__API_URL"].removesuffix("/telegram")
        brought = DaemonProcess(printed | own | {"AURORA_TELEGRAM__MODE": "webhook"}, tmp_path)
        polled = DaemonProcess(printed | own, tmp_path)
        stranger = Stranger(http, world)

        async def applied(count: int) -> bool:
            await stranger.press_on()
            return (await stranger.applied())[0] >= count

        async def answered(words: str) -> bool:
            return words in [message["text"] for message in await stranger.messages()][-1]

        try:
            await brought.start()
            await stranger.enter()
            await until(lambda: applied(1), brought)
            await brought.kill()
            # Brought while nobody is there: it comes again to the next life.
            await http.post(f"{stranger.chat}/text", json={"text": "/privacy"})
            await brought.start()
            await until(lambda: applied(3), brought)
            assert (await http.post(f"http://{listen}/telegram/webhook/7000000001", content=b"{}")).status_code == 403
            assert (await stranger.applied())[1] == 0
            assert await brought.stop() == 0
            assert await count_acts(http, world, "webhook_failed") > 0

            await polled.start()
            await http.post(f"{stranger.chat}/text", json={"text": "/terms"})
            await until(lambda: answered("Условия"), polled)
            assert await polled.stop() == 0
            assert await count_acts(http, world, "update_expired") == 0
        finally:
            await brought.end()
            await polled.end()
