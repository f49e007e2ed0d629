"""Where every Trio task stands: for the stall watch and the admin verb `tree`.

Reading the stacks of 30,000 tasks takes 67 ms in which the loop stands still, so callers limit how many they look at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trio

FRAMES_SHOWN = 12
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """One task."""

    name: str
    depth: int
    """0 for the root task."""
    places: tuple[str, ...]
    """`daemon/inbox/poller.py:41 run`, outermost first; empty when they were not asked for."""


@dataclass(frozen=True, slots=True)
class StackGroup:
    """Tasks that stand at the same place."""

    tasks: int
    names: tuple[str, ...]
    """A few of them."""
    places: tuple[str, ...]


def walk_tasks(root: trio.lowlevel.Task, *, limit: int, with_places: bool = True) -> Iterator[TaskPlace]:
    """The tree from its root, parents before children, at most `limit` tasks."""
    pending = [(root, 0)]
    while pending and limit > 0:
        task, depth = pending.pop()
        limit -= 1
        yield TaskPlace(task.name, depth, await_places(task) if with_places else ())
        children = [child for nursery in task.child_nurseries for child in list(nursery.child_tasks)]
        pending.extend((child, depth + 1) for child in sorted(children, key=_by_name, reverse=True))


def await_places(task: trio.lowlevel.Task) -> tuple[str, ...]:
    """What the task waits for, the frames of its coroutines from the outermost in."""
    places = []
    for frame, line in task.iter_await_frames():
        code = frame.f_code
        places.append(f"{shorten_path(code.co_filename)}:{line} {code.co_qualname}")
    return tuple(places[-FRAMES_SHOWN:])


def group_stacks(tasks: Iterator[TaskPlace]) -> list[StackGroup]:
    """The largest groups first: ten thousand hunts asleep are one line."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for task in tasks:
        groups[task.places].append(task.name)
    found = [StackGroup(len(names), tuple(names[:NAMES_SHOWN]), places) for places, names in groups.items()]
    return sorted(found, key=lambda group: -group.tasks)


def shorten_path(path: str) -> str:
    """The last three parts of a path."""
    return "/".join(path.split("/")[-3:])


def _by_name(task: trio.lowlevel.Task) -> str:
    return task.name
