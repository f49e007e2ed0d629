"""Verb: tree. Every task of the daemon, with the supervisor's word on its children.

Ten thousand hunts are siblings: of tasks that differ only behind the colon, or in their number, a few are shown and the
rest is counted, so neither the screen nor the loop is flooded.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import trio
from pydantic import Field

from daemon.admin.verb import Caller, Verb, VerbArgs
from daemon.supervisor.stacks import await_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.admin.operations import Operations
    from daemon.supervisor.health import ChildState

DEEPEST = 40


class TreeArgs(VerbArgs):
    """How much to show."""

    each: Annotated[int, Field(ge=1, le=1000)] = 5
    """So many of each kind of siblings."""
    limit: Annotated[int, Field(ge=1, le=5000)] = 300
    places: bool = False
    """Where each task waits, too."""


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One task, or several equal ones."""

    depth: int
    name: str
    tasks: int
    phase: str | None
    """Of a supervised child."""
    seconds: int | None
    """In this phase."""
    restarts: int | None
    last_error: str | None
    """Its fingerprint."""
    place: str | None


@dataclass(frozen=True, slots=True)
class TreeReply:
    """The tree, parents before children."""

    tasks: int
    lines: tuple[TreeLine, ...]
    is_cut: bool


async def show_tree(operations: Operations, _caller: Caller, args: TreeArgs) -> TreeReply:
    """Walks from Trio's root."""
    root = trio.lowlevel.current_root_task()
    await trio.lowlevel.checkpoint()
    lines: list[TreeLine] = []
    is_cut = False
    for line in _walk(root, 0, operations, args) if root is not None else ():
        if len(lines) == args.limit:
            is_cut = True
            break
        lines.append(line)
    return TreeReply(trio.lowlevel.current_statistics().tasks_living, tuple(lines), is_cut)


def _walk(task: trio.lowlevel.Task, depth: int, operations: Operations, args: TreeArgs) -> Iterator[TreeLine]:
    yield _describe(task, depth, operations.supervisor.find(task.name), args)
    if depth == DEEPEST:
        return
    groups: dict[str, list[trio.lowlevel.Task]] = defaultdict(list)
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            groups[_kind(child.name)].append(child)
    for kind, members in sorted(groups.items()):
        shown = sorted(members, key=lambda member: (len(member.name), member.name))[: args.each]
        for member in shown:
            yield from _walk(member, depth + 1, operations, args)
        if len(members) > len(shown):
            left = len(members) - len(shown)
            yield TreeLine(depth + 1, f"{kind}… {left} more", left, None, None, None, None, None)


def _kind(name: str) -> str:
    """`autopilot:` of `autopilot:42`, `inbox worker ` of `inbox worker 7`."""
    head, colon, _ = name.partition(":")
    return head + colon if colon else name.rstrip("0123456789")


def _describe(task: trio.lowlevel.Task, depth: int, child: ChildState | None, args: TreeArgs) -> TreeLine:
    place = None
    if args.places:
        places = await_places(task)
        place = next((own for own in reversed(places) if "trio/" not in own), places[-1] if places else None)
    if child is None:
        return TreeLine(depth, task.name, 1, None, None, None, None, place)
    seconds = round(trio.current_time() - child.since)
    return TreeLine(depth, task.name, 1, child.phase.value, seconds, child.restarts, child.fingerprint, place)


TREE = Verb("tree", "tree [EACH [LIMIT [PLACES]]]", "every task", TreeArgs, answer=show_tree)
