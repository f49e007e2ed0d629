"""ChildSpec: what the supervisor needs to know of one child."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.supervisor.restart import RestartPolicy

if TYPE_CHECKING:
    import trio

ChildFunction = Callable[["trio.TaskStatus[None]"], Awaitable[None]]
"""Runs until it is done or cancelled; calls `task_status.started()` once its resources are up."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One child of a supervisor. It loads its own checkpoint when it starts: a restart is the same call again."""

    name: str
    """Unique in its supervisor, shown in the tree: `autopilot:42`."""
    run: ChildFunction
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    is_essential: bool = False
    """Ends that were not asked for are failures, and the whole daemon is not ready without it."""
    start_timeout_seconds: float = 30.0
