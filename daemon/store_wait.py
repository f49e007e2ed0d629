"""Opens the daemon's store, and waits for one on a server that is away. Called by `main.py`.

After a machine's boot, or a restart of everything, the database is often up later than the daemon is. To end then has
each start counted as an early death, and the next one begin ever later, when the database has long been back. So a
start waits: the web door says what for, systemd is asked for patience. What will not pass by itself (a password, a
schema, an unfinished copy) ends the start at once, and so does a file that can't be opened.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.admin.unix_socket import refuse_all
from daemon.web.app import make_early_app
from daemon.web.probes import Probes
from daemon.web.server import serve
from store.errors import StoreError, StoreRefused, StoreUnavailable
from store.factory import is_server, open_store, reach_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from daemon.doors import Doors
    from daemon.supervisor.shutdown import StopSwitch
    from daemon.supervisor.systemd import Notifier
    from store.store import Store

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
DOOR_AFTER_SECONDS = 1.0
"""Until then whoever knocks waits for the real door: a server that answers takes milliseconds."""
EXTENSION_SECONDS = 60.0
"""Asked of systemd at each try, and a try may take some seconds for each address."""
OPENING_EXTENSION_SECONDS = 330.0
"""For what follows a wait: a migration may rewrite a table."""
FOR_OPERATORS = "it waits for its database; /readyz and the log say why"
BEHIND_THE_STORE = ("telegram", "children", "ownership")


@asynccontextmanager
async def open_patiently(
    url: str, doors: Doors, switch: StopSwitch, notifier: Notifier, *, inline: bool = False
) -> AsyncIterator[Store | None]:
    """The store; None when the daemon was told to stop before there was one.

    Raises what `open_store` does, except that a server that is away or has no room is waited for.
    """
    async with AsyncExitStack() as stack:
        if not is_server(url):
            yield await stack.enter_async_context(open_store(url, inline=inline))
            return
        wait = StoreWait(url, doors, switch, notifier)
        store: Store | None = None
        while store is None and await wait.until_reachable():
            try:
                store = await stack.enter_async_context(open_store(url))
            except StoreRefused:
                raise
            except StoreUnavailable as error:
                # It went away again before all was read, or has no room for what has to be written.
                wait.note(error)
        wait.end()
        yield store


def will_come_back(url: str, errors: Sequence[Exception]) -> bool:
    """Whether a start that ended of these has only met a server that went away."""
    passing = (isinstance(error, StoreUnavailable) and not isinstance(error, StoreRefused) for error in errors)
    return is_server(url) and all(passing)


class StoreWait:
    """One start's wait for the server of its store."""

    def __init__(self, url: str, doors: Doors, switch: StopSwitch, notifier: Notifier) -> None:
        self._url = url
        self._doors = doors
        self._switch = switch
        self._notifier = notifier
        self._reason = "not reached yet"
        self._began = trio.current_time()
        self._is_told = False
        self._pause = 0.0

    async def until_reachable(self) -> bool:
        """Waits, with the doors open; False: told to stop. Raises `StoreError` for what will not pass."""
        failure: StoreError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_asked, nursery.cancel_scope, name="stop of a waiting start")
            nursery.start_soon(self._open_doors, name="early doors")
            try:
                await self._reach()
            except StoreError as error:  # raised below, out of reach of the nursery's groups
                failure = error
            nursery.cancel_scope.cancel("the wait is over")
        if failure is not None:
            raise failure
        return not self._switch.is_asked

    def note(self, error: StoreUnavailable) -> None:
        """Why it is still waited for."""
        self._reason = str(error)
        if not self._is_told:
            self._is_told = True
            log.warning("start_waits_for_database", reason=self._reason)
        self._notifier.extend(EXTENSION_SECONDS, f"waits for the database: {self._reason}")
        self._pause = min(self._pause * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    def end(self) -> None:
        """There is a store, or nobody wants one any more."""
        if self._is_told and not self._switch.is_asked:
            log.info("database_is_back", waited_seconds=round(trio.current_time() - self._began, 1))

    async def _cancel_when_asked(self, scope: trio.CancelScope) -> None:
        await self._switch.wait()
        scope.cancel("told to stop")

    async def _reach(self) -> None:
        while True:
            await trio.sleep(self._pause)
            try:
                await reach_server(self._url)
            except StoreRefused:
                raise
            except StoreUnavailable as error:
                self.note(error)
            else:
                break
        if self._is_told:
            self._notifier.extend(OPENING_EXTENSION_SECONDS, "opens the store")

    async def _open_doors(self) -> None:
        """`/healthz` and `/readyz`, in the form they have later; operators are told where to look."""
        await trio.sleep(0.0 if self._is_told else DOOR_AFTER_SECONDS)
        checks = dict.fromkeys(BEHIND_THE_STORE, self._say_what_waits)
        pages = make_early_app(Probes({"store": self._say_reason} | checks))
        admin = trio.SocketListener(self._doors.admin.socket.dup())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, self._doors.web.twin(), pages, name="early web door")
            nursery.start_soon(refuse_all, admin, FOR_OPERATORS, name="early admin socket")

    async def _say_reason(self) -> str:
        return self._reason

    async def _say_what_waits(self) -> str:
        return "waits for the store"
