"""The way out: signals, and the end of all patience. The order of stopping is that of the blocks in `main.py`.

A first SIGTERM or SIGINT asks for a drain; a second ends the process at once. The handler is a plain one, so that the
second signal works even while the loop is blocked. A last resort in a thread of its own ends the process when draining
takes longer than it may: correctness comes from the ledger and the store, never from a clean stop.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

log = structlog.get_logger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
EXIT_NOW = 1
TOTAL_SECONDS = 15.0


class StopSwitch:
    """Somebody wants the daemon to stop: a signal, an admin, a lost store."""

    def __init__(self) -> None:
        self._asked = trio.Event()
        self.reason = ""
        """Of the first who asked."""

    @property
    def is_asked(self) -> bool:
        """Draining, or about to."""
        return self._asked.is_set()

    def ask(self, reason: str) -> None:
        """Asks for the drain; asking again changes nothing."""
        if not self._asked.is_set():
            self.reason = reason
            log.info("stop_asked", reason=reason)
            self._asked.set()

    async def wait(self) -> str:
        """Until somebody asks; returns the reason."""
        await self._asked.wait()
        return self.reason


class LastResort:
    """Ends the process when it is not disarmed in time, whatever the loop is doing."""

    def __init__(self, exit_process: Callable[[int], object] = os._exit) -> None:
        self._exit = exit_process
        self._timer: threading.Timer | None = None

    def arm(self, seconds: float = TOTAL_SECONDS) -> None:
        """From now on the process has this long; arming again changes nothing."""
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._end, (seconds,))
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        """The stop was clean."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, seconds: float) -> None:
        log.error("stop_took_too_long", seconds=seconds)
        self._exit(EXIT_NOW)


@contextmanager
def catch_signals(
    switch: StopSwitch,
    last_resort: LastResort,
    *,
    total_seconds: float = TOTAL_SECONDS,
    exit_process: Callable[[int], object] = os._exit,
) -> Iterator[None]:
    """Inside the block (in the main thread, under Trio) the first stop signal asks for the drain, the second exits."""
    token = trio.lowlevel.current_trio_token()
    received: list[str] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if received:
            exit_process(EXIT_NOW)
        received.append(signal.Signals(number).name)
        last_resort.arm(total_seconds)
        token.run_sync_soon(switch.ask, received[0])

    before = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
