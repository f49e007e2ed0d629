"""Roles: what one process does for everybody (polls, fires timers, keeps house) runs only where the role is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from store.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from store.durable.ownership import Ownership

    RoleFunction = Callable[[trio.TaskStatus[None]], Awaitable[None]]

log = structlog.get_logger(__name__)

_DOUBT_SECONDS = 0.5
"""After a refused write the leases are read anew before the role is taken up again."""


def in_role(ownership: Ownership, role: str, run: RoleFunction) -> RoleFunction:
    """The same child, for a store that may be shared: up at once, at work while this process has the role.

    On an embedded store it is `run` itself.
    """
    if not ownership.is_shared:
        return run

    async def run_in_role(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        while True:
            while not ownership.holds(role):
                await ownership.wait_changed()
            log.info("role_taken", role=role)
            try:
                await _run_while_held(ownership, role, run)
            except* LeaseLost:
                ownership.doubt()
                await trio.sleep(_DOUBT_SECONDS)
            log.info("role_left", role=role)

    return run_in_role


async def _run_while_held(ownership: Ownership, role: str, run: RoleFunction) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_with_role, ownership, role, nursery.cancel_scope, name=f"role {role}")
        await run(trio.TASK_STATUS_IGNORED)
        nursery.cancel_scope.cancel()


async def _end_with_role(ownership: Ownership, role: str, scope: trio.CancelScope) -> None:
    while ownership.holds(role):
        await ownership.wait_changed()
    scope.cancel("the role is another process's now")
