"""ChildSpec: what the supervisor needs to know of one child, and ChildStatus: what the child is handed.

A child is an async function of one argument. It loads its own checkpoint when it starts, so a restart is nothing but
the same call again. It says when it is up; a child that never says so is taken for hanging.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from daemon.supervisor.restart import RestartPolicy

if TYPE_CHECKING:
    import trio

ORDINARY = RestartPolicy()
"""One shared policy, so that ten thousand children do not carry one each."""


class ChildStatus(Protocol):
    """What a child holds of its supervisor. It is also a `trio.TaskStatus[None]`, so the child fits `nursery.start`."""

    def started(self, value: None = None) -> None:
        """The child's resources are up. Ends the start time-out and wakes those who wait for it."""

    @property
    def stopping(self) -> trio.Event:
        """Set when the child is asked to end by itself; see `ChildSpec.soft_stop_seconds`."""


ChildFunction = Callable[[ChildStatus], Awaitable[None]]
"""Runs until it is done or cancelled. A function that takes `trio.TaskStatus[None]` fits as well."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One child of a supervisor."""

    name: str
    """Unique in its supervisor, shown in the tree: `autopilot:42`."""
    run: ChildFunction
    restart: RestartPolicy = ORDINARY
    is_essential: bool = False
    """Ends that were not asked for are failures, and the whole daemon is not ready without it."""
    start_timeout_seconds: float = 30.0
    """Not `started()` within this time is a failure (`StartTimeout`)."""
    soft_stop_seconds: float = 0.0
    """How long, after `status.stopping` is set, the child may take to end before it is cancelled. 0: cancel at once."""
