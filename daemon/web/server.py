"""The HTTP door: one listener, hypercorn's connection handling, our limits. Run by `main.py` in the nursery tree.

hypercorn's own `serve` takes any number of connections and sends under a shield without a deadline, so that one client
that never reads could keep the daemon from ending. Its `TCPServer` is used on our listener instead: so many
connections, each so long, each send so long, and a listener that is bound, with a clear error, before anything starts.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app

from daemon.errors import DaemonError, Permanent
from daemon.setting_kinds import split_listen

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = structlog.get_logger(__name__)


class PortTaken(DaemonError):
    """Another process listens there; it may end, so this is worth another start."""


class WrongAddress(Permanent):
    """Nobody can listen there."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What one client may cost."""

    connections: int = 64
    connection_seconds: float = 60.0
    send_seconds: float = 10.0
    read_seconds: int = 10
    keep_alive_seconds: float = 5.0
    """hypercorn holds the place of a client that has gone for as long."""
    header_bytes: int = 16 * 1024


@dataclass(frozen=True, slots=True)
class WebListener:
    """A bound address."""

    listener: trio.SocketListener
    host: str
    port: int
    """The actual port where 0 was asked for."""

    def twin(self) -> WebListener:
        """The same address under a handle of its own: whoever serves on it closes nobody else's."""
        return replace(self, listener=trio.SocketListener(self.listener.socket.dup()))

    @property
    def address(self) -> str:
        """`127.0.0.1:8080`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def public_url(self, configured: str) -> str:
        """Where a browser reaches this door: what was set, else this address."""
        return configured or f"http://{self.address}"


async def open_listener(listen: str) -> WebListener:
    """Binds `host:port`. Raises `PortTaken`, `WrongAddress`."""
    host, port = split_listen(listen)
    try:
        listeners = await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"web.listen {listen} is in use by another process: end that one, "
                "or set AURORA_WEB__LISTEN to another port (0 takes a free one)"
            ) from None
        reason = error.strerror or type(error).__name__
        raise WrongAddress(
            f"web.listen {listen} can't be listened on ({reason}): set AURORA_WEB__LISTEN to an address "
            "of this machine and a port from 1024 up"
        ) from None
    first, *others = listeners
    for other in others:  # a name with several addresses: one is enough, and port 0 would give each its own
        await other.aclose()
    return WebListener(first, host, first.socket.getsockname()[1])


async def serve(
    listening: WebListener,
    app: ASGIApp,
    *,
    limits: WebLimits | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answers until cancelled; then every connection ends with it."""
    door = _Door(app, limits or WebLimits())
    log.info("web_listens", address=listening.address)
    task_status.started()
    await trio.serve_listeners(door.handle, [listening.listener])


class _Door:
    def __init__(self, app: ASGIApp, limits: WebLimits) -> None:
        self._app = wrap_app(app, 0, "asgi")  # type: ignore[arg-type]  # hypercorn's scopes are TypedDicts, starlette's a dict
        self._limits = limits
        self._config = _configure(limits)
        self._open = 0

    async def handle(self, stream: trio.SocketStream) -> None:
        """One connection."""
        if self._open >= self._limits.connections:
            log.warning("web_connection_refused", open=self._open)
            await stream.aclose()
            return
        self._open += 1
        try:
            with trio.move_on_after(self._limits.connection_seconds):
                await self._serve_one(stream)
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)

    async def _serve_one(self, stream: trio.SocketStream) -> None:
        patient: Any = _PatientStream(stream, self._limits.send_seconds)
        try:
            await TCPServer(self._app, self._config, WorkerContext(None), ConnectionState({}), patient)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            pass  # the client went away
        except* Exception as group:  # noqa: BLE001 - the edge of the connection: one client never ends the door
            log.warning("web_connection_failed", errors=sorted({type(error).__name__ for error in group.exceptions}))


class _PatientStream(trio.abc.Stream):
    """A socket stream whose sends have a deadline, also under hypercorn's shield."""

    def __init__(self, stream: trio.SocketStream, send_seconds: float) -> None:
        self._stream = stream
        self._send_seconds = send_seconds
        self.socket = stream.socket
        """hypercorn asks it for the two addresses."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Raises `BrokenResourceError` when the client does not read."""
        with trio.move_on_after(self._send_seconds):
            await self._stream.send_all(data)
            return
        await trio.aclose_forcefully(self._stream)
        raise trio.BrokenResourceError("the client does not read")

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _configure(limits: WebLimits) -> Config:
    config = Config()
    config.h11_max_incomplete_size = limits.header_bytes
    config.read_timeout = limits.read_seconds
    config.keep_alive_timeout = limits.keep_alive_seconds
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.alpn_protocols = ["http/1.1"]
    return config
