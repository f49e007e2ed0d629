"""Verb: quarantine. Hunts that were given up for a while: who, of what, when they are tried again, and trying them now.

A try is a probe like the automatic ones: if it fails again the hunt goes back inside, and the person hears nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from daemon.admin.verb import Verb, VerbArgs
from daemon.admin.wire import AdminError
from store.tables.audit import AuditRow

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.admin.verb import Caller
    from store.tables.quarantine import QuarantineRow

ALL = "all"
SHOWN = 500
NO_TASK = "no task"
"""Their person does not wish to hunt now, or another instance hunts for them."""


def _child(value: object) -> object:
    """A bare number is a person's."""
    is_number = isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit())
    return f"autopilot:{value}" if is_number else value


class QuarantineArgs(VerbArgs):
    """What to do, and with whom."""

    action: Literal["list", "retry"] = "list"
    child: Annotated[str, BeforeValidator(_child), Field(max_length=100)] = ""


@dataclass(frozen=True, slots=True)
class QuarantineLine:
    """A child that was given up for a while."""

    child: str
    error: str
    fingerprint: str
    failures: int
    inside_seconds: int
    next_probe_in_seconds: int
    task: str
    """What the supervisor does with it now."""


@dataclass(frozen=True, slots=True)
class QuarantineReply:
    """Who is inside, the longest first, or who is tried now."""

    text: str
    retried: tuple[str, ...]
    inside: tuple[QuarantineLine, ...]


async def show_quarantine(operations: Operations, caller: Caller, args: QuarantineArgs) -> QuarantineReply:
    """Raises `AdminError` when there is nobody of that name inside, or `retry` does not say whom."""
    rows = await operations.store.quarantine.all()
    if args.action == "list":
        chosen = [row for row in rows if not args.child or row.child == args.child]
        lines = tuple(_describe(operations, row) for row in chosen[:SHOWN])
        return QuarantineReply(f"{len(rows)} inside", (), lines)
    if not args.child:
        raise AdminError("bad_args", f"whom? usage: {QUARANTINE.usage}")
    chosen = [row for row in rows if args.child in {ALL, row.child}]
    if not chosen and args.child != ALL:
        raise AdminError("unknown_child", f"{args.child} is not in quarantine")
    retried = tuple(row.child for row in chosen if operations.supervisor.release(row.child))
    await _note(operations, caller, retried)
    left = "" if len(retried) == len(chosen) else f"; {len(chosen) - len(retried)} have no task to be tried"
    return QuarantineReply(f"{len(retried)} tried now{left}", retried, ())


def _describe(operations: Operations, row: QuarantineRow) -> QuarantineLine:
    now = operations.clock.now()
    child = operations.supervisor.find(row.child)
    return QuarantineLine(
        row.child,
        row.error,
        row.fingerprint,
        row.failures,
        max(now - row.since_at, 0) // 1000,
        max(row.next_probe_at - now, 0) // 1000,
        child.phase.value if child is not None else NO_TASK,
    )


async def _note(operations: Operations, caller: Caller, retried: tuple[str, ...]) -> None:
    now, audit = operations.clock.now(), operations.store.audit
    for child in retried:
        row = AuditRow(secrets.token_hex(16), now, caller.who, "quarantine retry", child, "")
        await operations.store.write(audit.add(row))


QUARANTINE = Verb(
    "quarantine",
    "quarantine [list | retry USER|all]",
    "hunts given up for a while; try them now",
    QuarantineArgs,
    answer=show_quarantine,
)
