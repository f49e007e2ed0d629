"""A store whose writes end the daemon as planned: before they are on disk, or after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store.store import Store
    from store.write import Write


class Crash(BaseException):
    """The daemon dies here. No Exception: nothing may catch it, as nothing catches a SIGKILL."""


class CrashingStore:
    """`plan`: for each write of the daemon `fine`, `before` or `after`; fine when it is used up."""

    def __init__(self, store: Store, plan: Iterable[str]) -> None:
        self._store = store
        self._plan = iter(plan)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, write: Write) -> None:
        step = next(self._plan, "fine")
        if step == "before":
            raise Crash
        await self._store.write(write)
        if step == "after":
            raise Crash
