"""Where every Trio task stands and until when: for the stall watch, the watchdog and the admin verb `tree`.

Reading the stacks of 30,000 tasks takes 67 ms in which the loop stands still, so callers limit how many they look at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trio

log = structlog.get_logger(__name__)

FRAMES_SHOWN = 12
NAMES_SHOWN = 5
TASKS_SHOWN = 5_000
GROUPS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """One task."""

    name: str
    depth: int
    """0 for the root task."""
    places: tuple[str, ...]
    """`daemon/inbox/poller.py:41 run`, outermost first; empty when they were not asked for."""
    deadline: float
    """Trio's time at which the nearest scope cancels it; minus infinity: cancelled, and not gone yet."""


@dataclass(frozen=True, slots=True)
class StackGroup:
    """Tasks that stand at the same place."""

    tasks: int
    names: tuple[str, ...]
    """A few of them."""
    places: tuple[str, ...]
    deadline: float
    """The earliest of theirs."""


def walk_tasks(root: trio.lowlevel.Task, *, limit: int, with_places: bool = True) -> Iterator[TaskPlace]:
    """The tree from its root, parents before children, at most `limit` tasks."""
    pending = [(root, 0)]
    while pending and limit > 0:
        task, depth = pending.pop()
        limit -= 1
        yield TaskPlace(task.name, depth, await_places(task) if with_places else (), find_deadline(task))
        children = [child for nursery in task.child_nurseries for child in list(nursery.child_tasks)]
        pending.extend((child, depth + 1) for child in sorted(children, key=_by_name, reverse=True))


def await_places(task: trio.lowlevel.Task) -> tuple[str, ...]:
    """What the task waits for, the frames of its coroutines from the outermost in."""
    places = []
    for frame, line in task.iter_await_frames():
        code = frame.f_code
        places.append(f"{shorten_path(code.co_filename)}:{line} {code.co_qualname}")
    return tuple(places[-FRAMES_SHOWN:])


def find_deadline(task: trio.lowlevel.Task) -> float:
    """When the scopes around the task cancel it: what a task that hangs should have been ended by."""
    status = task._cancel_status  # noqa: SLF001 - Trio tells it to the running task only
    return math.inf if status is None else status.effective_deadline()


def tell_tasks(root: trio.lowlevel.Task, now: float) -> None:
    """Logs where all tasks wait, equal ones as one line. `now` is Trio's time."""
    try:
        groups = group_stacks(walk_tasks(root, limit=TASKS_SHOWN))
    except RuntimeError:
        return  # asked from a thread, and the loop moved on while we looked
    for group in groups[:GROUPS_SHOWN]:
        ends = tell_deadline(group.deadline, now)
        log.warning("task_waits", tasks=group.tasks, names=group.names, places=group.places, deadline=ends)


def tell_deadline(deadline: float, now: float) -> str:
    """In words."""
    if deadline == -math.inf:
        return "cancelled, not gone"
    return "none" if deadline == math.inf else f"in {deadline - now:.1f} s"


def group_stacks(tasks: Iterator[TaskPlace]) -> list[StackGroup]:
    """The largest groups first: ten thousand hunts asleep are one line."""
    groups: dict[tuple[str, ...], list[TaskPlace]] = defaultdict(list)
    for task in tasks:
        groups[task.places].append(task)
    found = [
        StackGroup(
            len(alike), tuple(task.name for task in alike[:NAMES_SHOWN]), places, min(task.deadline for task in alike)
        )
        for places, alike in groups.items()
    ]
    return sorted(found, key=lambda group: -group.tasks)


def shorten_path(path: str) -> str:
    """The last three parts of a path."""
    return "/".join(path.split("/")[-3:])


def _by_name(task: trio.lowlevel.Task) -> str:
    return task.name
