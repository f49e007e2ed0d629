"""The Unix-socket door: binds the socket, accepts WebSockets, keeps clients from harming each other.

trio-websocket takes a Unix socket only through `wrap_server_stream`. Places are few: when all are taken the client that
has been idle longest is sent away politely, so that a hundred idle ones never keep an operator out; only when everybody
is busy a newcomer is refused.
"""

from __future__ import annotations

import socket
import stat
import struct
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.admin.client_session import ClientSession, SessionLimits, turn_away
from daemon.admin.verb import Caller
from daemon.errors import DaemonError, Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.admin.operations import Operations

log = structlog.get_logger(__name__)

MODE = 0o660
BACKLOG = 128
UNIX_CREDENTIALS = struct.Struct("3i")


class SocketTaken(DaemonError):
    """Another process answers on the admin socket."""


class WrongSocketPath(Permanent):
    """The admin socket can't be made there."""


@dataclass(frozen=True, slots=True)
class AdminLimits:
    """How many clients, and what each may cost."""

    clients: int = 8
    session: SessionLimits = field(default_factory=SessionLimits)


@contextmanager
def open_socket(path: Path) -> Iterator[trio.SocketListener]:
    """The bound socket, mode 0660; gone after the block. Raises `SocketTaken`, `WrongSocketPath`.

    A socket left behind by a killed daemon is replaced, but only when nobody answers there.
    """
    _check_free(path)
    bound = _bind(path)
    mark = path.stat().st_ino
    try:
        yield trio.SocketListener(trio.socket.from_stdlib_socket(bound))
    finally:
        bound.close()
        with suppress(OSError):
            if path.stat().st_ino == mark:
                path.unlink()


async def serve_admin(
    listener: trio.SocketListener,
    operations: Operations,
    limits: AdminLimits | None = None,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answers until cancelled."""
    door = _Door(operations, limits or AdminLimits())
    task_status.started()
    await trio.serve_listeners(door.handle, [listener])


async def refuse_all(listener: trio.SocketListener, reason: str) -> None:
    """Tells every client why it can't be served yet, in 120 bytes at most, until cancelled."""

    async def refuse(stream: trio.SocketStream) -> None:
        try:
            await turn_away(stream, reason)
        except* Exception as group:  # noqa: BLE001 - as in `_Door`
            log.warning("admin_session_failed", errors=sorted({type(error).__name__ for error in group.exceptions}))

    await trio.serve_listeners(refuse, [listener])


class _Door:
    def __init__(self, operations: Operations, limits: AdminLimits) -> None:
        self._operations = operations
        self._limits = limits
        self._sessions: set[ClientSession] = set()

    async def handle(self, stream: trio.SocketStream) -> None:
        """One client."""
        session = ClientSession(stream, self._operations, Caller(_name_peer(stream)), self._limits.session)
        if len(self._sessions) >= self._limits.clients and not self._make_room():
            await turn_away(stream, "all places are taken by busy clients: try again later", self._limits.session)
            return
        self._sessions.add(session)
        try:
            await session.run()
        except* Exception as group:  # noqa: BLE001 - the edge of the session: one client never ends the door
            log.warning("admin_session_failed", errors=sorted({type(error).__name__ for error in group.exceptions}))
        finally:
            self._sessions.discard(session)

    def _make_room(self) -> bool:
        idle = [session for session in self._sessions if not session.is_busy]
        if not idle:
            return False
        longest = min(idle, key=lambda session: session.active_at)
        longest.send_away()
        self._sessions.discard(longest)
        return True


def _bind(path: Path) -> socket.socket:
    """Bound under a draft name: the socket appears under its own only when it has its mode and listens."""
    draft = Path(f"{path}~")
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        bound.bind(str(draft))
        draft.chmod(MODE)
        bound.listen(BACKLOG)
        draft.rename(path)
    except OSError as error:
        bound.close()
        raise WrongSocketPath(
            f"admin.socket {path} can't be made ({error.strerror or error}): set AURORA_ADMIN__SOCKET to a path "
            "in a folder this user may write to"
        ) from None
    return bound


def _check_free(path: Path) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WrongSocketPath(
            f"admin.socket {path} can't be looked at ({error.strerror}): set AURORA_ADMIN__SOCKET"
        ) from None
    if not is_socket:
        raise WrongSocketPath(
            f"admin.socket {path} is there and is no socket: move that file, or set AURORA_ADMIN__SOCKET"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as knock:
        try:
            knock.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
        except OSError as error:
            raise WrongSocketPath(f"admin.socket {path} can't be replaced ({error.strerror})") from None
    raise SocketTaken(
        f"another daemon answers on admin.socket {path}: end it, or set AURORA_ADMIN__SOCKET to another path"
    )


def _name_peer(stream: trio.SocketStream) -> str:
    """For the audit. The kernel vouches for the user id."""
    try:
        raw = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UNIX_CREDENTIALS.size)
    except OSError:
        return "socket"
    _, uid, _ = UNIX_CREDENTIALS.unpack(raw)
    return f"socket uid={uid}"
