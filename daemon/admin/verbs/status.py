"""Verb: status. The whole daemon on one screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.admin.verb import Caller, Verb, VerbArgs
from daemon.supervisor.circuit_lines import list_circuits
from daemon.supervisor.health import summarize
from store.durable.ownership import ROLES, role_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.admin.operations import Operations
    from daemon.supervisor.circuit_lines import CircuitLine
    from store.durable.leases import LeaseRow

QUEUES = ("inbox", "outbox")
QUARANTINE_SHOWN = 20


class StatusArgs(VerbArgs):
    """None."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """How much waits, and what was given up on."""

    queue: str
    waiting: int
    buried: int


@dataclass(frozen=True, slots=True)
class QuarantineLine:
    """A child that was given up on for a while."""

    child: str
    fingerprint: str
    failures: int
    next_probe_in_seconds: int


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A process that uses the store, and what it holds."""

    boot_id: str
    is_this: bool
    shards: int
    epoch: int
    """The highest of its leases: how often something changed hands."""
    roles: str
    trust_seconds: int | None
    """How long this process may still act without another sign from the store; None: others, or alone on its store."""
    beat_seconds_ago: int | None
    """By the wall clocks of two machines, so only roughly; None: alone on its store."""


@dataclass(frozen=True, slots=True)
class StatusReply:
    """The daemon now."""

    version: str
    state: str
    """`running` or `draining`."""
    uptime_seconds: int
    is_ready: bool
    checks: Mapping[str, str]
    facts: Mapping[str, str]
    users: int
    hunts: Mapping[str, int]
    """How many wish what."""
    children: Mapping[str, int]
    """By phase."""
    missing: tuple[str, ...]
    """Essential children that are not running."""
    restarts: int
    queues: tuple[QueueLine, ...]
    processes: tuple[ProcessLine, ...]
    circuits: tuple[CircuitLine, ...]
    quarantine: tuple[QuarantineLine, ...]


async def tell_status(operations: Operations, _caller: Caller, _args: StatusArgs) -> StatusReply:
    """Reads everything anew."""
    now = operations.clock.now()
    health = summarize(operations.supervisor.children())
    checks = await operations.ask_checks()
    return StatusReply(
        version=operations.version,
        state="draining" if operations.is_draining() else "running",
        uptime_seconds=(now - operations.started_at) // 1000,
        is_ready=health.is_ready and all(answer == "ok" for answer in checks.values()),
        checks=checks,
        facts=operations.tell_facts(),
        users=await operations.store.users.count(),
        hunts=await operations.store.hunts.count_by_wish(),
        children=health.phases,
        missing=health.missing,
        restarts=operations.supervisor.restarts,
        queues=await _read_queues(operations),
        processes=await _read_processes(operations, now),
        circuits=list_circuits(operations.dependencies, operations.supervisor),
        quarantine=await _read_quarantine(operations, now),
    )


async def _read_queues(operations: Operations) -> tuple[QueueLine, ...]:
    queues = operations.store.queues
    return tuple(
        [QueueLine(name, await queues.count(name, "waiting"), await queues.count(name, "buried")) for name in QUEUES]
    )


async def _read_processes(operations: Operations, now: int) -> tuple[ProcessLine, ...]:
    own, store = operations.ownership, operations.store
    if not own.is_shared:
        epoch = max((own.epoch_of(shard) for shard in own.shards), default=0)
        return (ProcessLine(own.boot_id, True, len(own.shards), epoch, ", ".join(ROLES), None, None),)
    held: dict[str, list[LeaseRow]] = {}
    for row in await store.leases.all():
        if row.expires_at != 0:
            held.setdefault(row.owner, []).append(row)
    lines = []
    for member in await store.members.all():
        rows, is_this = held.get(member.boot_id, []), member.boot_id == own.boot_id
        names = [row.name for row in rows]
        lines.append(
            ProcessLine(
                boot_id=member.boot_id,
                is_this=is_this,
                shards=sum(name.startswith("shard:") for name in names),
                epoch=max((row.epoch for row in rows), default=0),
                roles=", ".join(role for role in ROLES if role_name(role) in names),
                trust_seconds=math.floor(max(own.trust.seconds_left(), 0))
                if is_this and own.trust is not None
                else None,
                beat_seconds_ago=(now - member.beat_at) // 1000,
            )
        )
    return tuple(lines)


async def _read_quarantine(operations: Operations, now: int) -> tuple[QuarantineLine, ...]:
    rows = await operations.store.quarantine.all()
    return tuple(
        QuarantineLine(row.child, row.fingerprint, row.failures, max(row.next_probe_at - now, 0) // 1000)
        for row in rows[:QUARANTINE_SHOWN]
    )


STATUS = Verb("status", "status", "the whole daemon on one screen", StatusArgs, answer=tell_status)
