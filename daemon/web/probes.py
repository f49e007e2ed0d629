"""Answers of `/healthz` (is the process alive?) and `/readyz` (could it serve?).

Alive means that the loop answers, nothing more: a probe that fails because Telegram is away would have the daemon
restarted for nothing. Ready asks each check it was given; a check returns None or a reason in a few words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import trio
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.requests import Request

Check = Callable[[], Awaitable[str | None]]
"""None: fine. Otherwise why not, for the operator; never a secret, never a person's text."""

CHECK_SECONDS = 3.0
FINE = "ok"


class Probes:
    """The checks of one daemon by name: `store`, `telegram`, `children`."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def ask(self) -> dict[str, str]:
        """What each check says, `ok` or the reason. All are asked side by side."""
        answers = dict.fromkeys(self._checks, FINE)

        async def ask_one(name: str, check: Check) -> None:
            answers[name] = await _ask(check)

        async with trio.open_nursery() as nursery:
            for name, check in self._checks.items():
                nursery.start_soon(ask_one, name, check)
        return answers

    async def show_alive(self, _request: Request) -> JSONResponse:
        """200 as long as the loop turns."""
        return JSONResponse({"alive": True})

    async def show_ready(self, _request: Request) -> JSONResponse:
        """200 or 503, and what each check says."""
        answers = await self.ask()
        is_ready = all(answer == FINE for answer in answers.values())
        return JSONResponse({"ready": is_ready, "checks": answers}, status_code=200 if is_ready else 503)


async def _ask(check: Check) -> str:
    try:
        with trio.move_on_after(CHECK_SECONDS):
            return await check() or FINE
    except Exception as error:  # noqa: BLE001 - a check that fails is an answer too
        return type(error).__name__
    return f"no answer within {CHECK_SECONDS:.0f} s"
