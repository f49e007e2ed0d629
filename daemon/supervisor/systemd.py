"""sd_notify: tells systemd that the daemon is ready, what it does, that it stops, and that its loop still turns.

The Python library for this has been dead since 2017; the protocol is one datagram. Without `NOTIFY_SOCKET` nothing
happens, and a socket that is gone never hurts the daemon: this is news, not work.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MICROSECONDS = 1_000_000


class Notifier:
    """Speaks to the service manager that started this process, if one did."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL byte of Linux's abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str) -> None:
        """Start-up is over: systemd goes on with what waits for this unit."""
        self.send("READY=1", f"STATUS={status}")

    def tell(self, status: str) -> None:
        """One line for `systemctl status`."""
        self.send(f"STATUS={status}")

    def extend(self, seconds: float, status: str) -> None:
        """Asks for that much more patience with the start, counted from now."""
        self.send(f"EXTEND_TIMEOUT_USEC={round(seconds * MICROSECONDS)}", f"STATUS={status}")

    def stopping(self, status: str) -> None:
        """Shutting down."""
        self.send("STOPPING=1", f"STATUS={status}")

    def send(self, *lines: str) -> None:
        """One datagram with these lines. Never fails and never waits."""
        if not self._address:
            return
        text = "\n".join(line.replace("\n", " ") for line in lines)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto(text.encode(), self._address)
            except OSError:
                return

    def ping(self) -> None:
        """The watchdog's sign of life."""
        if self.watchdog_seconds is not None:
            self.send("WATCHDOG=1")


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Set by systemd for the process it names, not for that process's children."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or not int(microseconds):
        return None
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / MICROSECONDS
