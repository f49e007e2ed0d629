"""Counts the steps that tasks of the daemon take between two checkpoints, and strikes at the Nth.

An instrument of Trio sees every task each time it stops; what is being cancelled there gets its cancellation at the
very checkpoint it has just come to, or at its next one. Which steps count is a window: all of a life's, those inside
one function, or those after a stop was asked for.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import trio

import daemon.main
from tests.crash.lives import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.supervisor.health import ChildState
    from daemon.supervisor.tree import Supervisor
    from tests.crash.whole_daemon import Theatre

    Task = trio.lowlevel.Task


class Checkpoints(trio.abc.Instrument):
    """Counts; calls `strike` with the task whose step has a number in `targets`."""

    def __init__(self, theatre: Theatre, targets: frozenset[int], strike: Callable[[Task], bool]) -> None:
        self._theatre = theatre
        self._targets = targets
        self._strike = strike
        self._ours: set[Task] = set()
        self._inside: dict[Task, int] = {}
        self.is_everywhere = False
        """Every task of the present life counts, not only those inside a window."""
        self.count = 0
        self.strikes = 0

    def task_spawned(self, task: Task) -> None:
        """A life's tasks are those below its own."""
        if task.name.startswith("daemon ") or parent_of(task) in self._ours:
            self._ours.add(task)

    def task_exited(self, task: Task) -> None:
        """Gone."""
        self._ours.discard(task)
        self._inside.pop(task, None)

    def after_task_step(self, task: Task) -> None:
        """One more checkpoint."""
        if task not in self._inside and not (self.is_everywhere and task in self._ours):
            return
        self.count += 1
        if self.count in self._targets and self._strike(task):
            self.strikes += 1

    @contextmanager
    def window(self) -> Iterator[None]:
        """What the present task does in here counts."""
        task = trio.lowlevel.current_task()
        self._inside[task] = self._inside.get(task, 0) + 1
        try:
            yield
        finally:
            self._inside[task] -= 1
            if not self._inside[task]:
                del self._inside[task]

    @contextmanager
    def watching(self, owner: Any, name: str) -> Iterator[None]:
        """Steps inside this function count."""
        original = getattr(owner, name)

        @functools.wraps(original)
        async def watched(*arguments: Any, **named: Any) -> Any:
            with self.window():
                return await original(*arguments, **named)

        with replaced(owner, name, watched):
            yield


def parent_of(task: Task) -> Task | None:
    """The task whose nursery this one runs in."""
    return task.parent_nursery.parent_task if task.parent_nursery is not None else None


class Children:
    """The supervised children of every life, found by any task below them."""

    def __init__(self) -> None:
        self._supervisors: list[Supervisor] = []

    @contextmanager
    def known(self) -> Iterator[None]:
        """Remembers the layers of each life that is started in the block."""
        original = daemon.main.open_supervisor

        @functools.wraps(original)
        def open_known(*arguments: Any, **named: Any) -> Any:
            return _Remembered(original(*arguments, **named), self._supervisors)

        with ExitStack() as stack:
            stack.enter_context(replaced(daemon.main, "open_supervisor", open_known))
            yield

    def owner_of(self, task: Task | None) -> ChildState | None:
        """The child that this task works for; None: no child."""
        while task is not None:
            for supervisor in self._supervisors:
                child = supervisor.find(task.name)
                if child is not None and child.scope is not None:
                    return child
            task = parent_of(task)
        return None


class _Remembered:
    """A context manager whose value is put on a list."""

    def __init__(self, inner: Any, kept: list[Supervisor]) -> None:
        self._inner = inner
        self._kept = kept

    async def __aenter__(self) -> Supervisor:
        supervisor: Supervisor = await self._inner.__aenter__()
        self._kept.append(supervisor)
        return supervisor

    async def __aexit__(self, *details: object) -> Any:
        return await self._inner.__aexit__(*details)
