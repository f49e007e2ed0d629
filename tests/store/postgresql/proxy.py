"""Stands between the store and its server and breaks the connection at a COMMIT: before it arrives, or before its
answer does.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio

COMMIT = b"COMMIT\0"
SOCKET = ".s.PGSQL.5432"


class Proxy:
    """`at_commit`: "pass", "lose" (the server never sees it) or "swallow" (it does, its answer is lost)."""

    def __init__(self, server_socket, folder):
        self.folder = folder
        self.at_commit = "pass"
        self.is_down = False
        """Refuses new connections."""
        self.broken = trio.Event()
        self._server_socket = server_socket
        self._swallowed = None

    def url(self, url):
        """The same store through the proxy."""
        return url.replace(f"host={Path(self._server_socket).parent}", f"host={self.folder}")

    async def serve(self, task_status):
        listener = trio.socket.socket(trio.socket.AF_UNIX)
        await listener.bind(str(Path(self.folder) / SOCKET))
        listener.listen(64)
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._pass_on, [trio.SocketListener(listener)])
            task_status.started()

    async def _pass_on(self, client):
        if self.is_down:
            await client.aclose()
            return
        async with await trio.open_unix_socket(self._server_socket) as server, client, trio.open_nursery() as nursery:
            nursery.start_soon(self._pass_answers, server, client, nursery.cancel_scope)
            with suppress(trio.BrokenResourceError):
                await self._pass_questions(client, server)
            nursery.cancel_scope.cancel()

    async def _pass_questions(self, client, server):
        async for data in client:
            if COMMIT in data and self.at_commit != "pass":
                await self._break(server, data)
                return
            await server.send_all(data)

    async def _break(self, server, data):
        how, self.at_commit = self.at_commit, "pass"
        if how == "swallow":
            self._swallowed = trio.Event()
            await server.send_all(data)
            await self._swallowed.wait()
            self._swallowed = None
        self.broken.set()

    async def _pass_answers(self, server, client, scope):
        with suppress(trio.BrokenResourceError):
            async for data in server:
                if self._swallowed is not None:
                    self._swallowed.set()
                    return
                await client.send_all(data)
        scope.cancel()


@asynccontextmanager
async def open_proxy(cluster, folder):
    """A proxy before this cluster, listening in `folder`."""
    proxy = Proxy(str(cluster.folder / SOCKET), str(folder))
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.serve)
        yield proxy
        nursery.cancel_scope.cancel()
