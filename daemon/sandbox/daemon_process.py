"""The daemon as a child process: started with settings from the environment only, stopped or killed, started again.

The story and the crash machine use it. What the child prints goes to one file; its tail is shown when the child ends
in a way nobody asked for. Only this very child is ever signalled.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = structlog.get_logger(__name__)

RUN_DAEMON = ("-m", "daemon", "run")
STOP_SECONDS = 20.0
TAIL_BYTES = 4000


class DaemonDied(Exception):
    """The daemon ended by itself."""


def free_port() -> int:
    """A loopback port that is free now and, as nobody else asks for it, still free when the daemon starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DaemonProcess:
    """One daemon over its lives."""

    def __init__(self, settings: Mapping[str, str], folder: Path, *, arguments: tuple[str, ...] = RUN_DAEMON) -> None:
        self._command = [sys.executable, *arguments]
        self._folder = folder
        self._output = folder / "daemon.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AURORA_")},
            "AURORA_SUPERVISOR__SLOWEST_START_SECONDS": "0",  # here it is killed on purpose
            **settings,
            "STATE_DIRECTORY": str(folder),
            "RUNTIME_DIRECTORY": str(folder),
        }
        self._process: trio.Process | None = None
        self.starts = 0

    async def start(self) -> None:
        """A new life."""
        with self._output.open("ab") as output:
            self._process = await trio.lowlevel.open_process(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.starts += 1

    @property
    def is_running(self) -> bool:
        """Whether there is a child."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the last child."""
        return self._process.pid if self._process is not None else 0

    async def kill(self) -> None:
        """SIGKILL, and the child is gone when this returns."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; gives the exit code. A child that does not end in time is killed, which counts as -9."""
        if self._process is None:
            return 0
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            with trio.move_on_after(STOP_SECONDS):
                return await self._process.wait()
            log.warning("daemon_did_not_stop")
            await self.kill()
        return self._process.returncode or 0

    async def watch(self) -> None:
        """Raises `DaemonDied` if the child ends; cancelled by whoever ends it on purpose."""
        if self._process is not None:
            code = await self._process.wait()
            raise DaemonDied(f"the daemon ended by itself with exit code {code}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of what the child printed."""
        if not self._output.exists():
            return ""
        return self._output.read_bytes()[-TAIL_BYTES:].decode(errors="replace")

    async def end(self) -> None:
        """Whatever happens, no child outlives its parent."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
            await self.kill()
