"""Cursor before inbox: the place up to which updates were taken is on disk before the updates are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.store import Store
from store.write import Write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MACHINES = ("kill",)


def apply() -> None:
    """In this process, for good."""
    write_together: Callable[[Store, Write], Awaitable[None]] = Store.write

    async def write_cursor_first(self: Store, write: Write) -> None:
        cursors = tuple(one for one in write.statements if "INTO cursors" in one.sql)
        others = tuple(one for one in write.statements if "INTO cursors" not in one.sql)
        if cursors and others:
            await write_together(self, Write(cursors))
        await write_together(self, Write(others or cursors, write.topics))

    Store.write = write_cursor_first  # type: ignore[method-assign, assignment] # a broken build
