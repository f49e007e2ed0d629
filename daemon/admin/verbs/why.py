"""Verb: why. Why a hunt does what it does, from the predicates the hunt itself asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from daemon.admin.verb import Caller, Verb, VerbArgs
from daemon.admin.wire import AdminError
from daemon.supervisor.circuit_lines import list_circuits
from store.ids import UserId

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.supervisor.circuit_lines import CircuitLine
    from daemon.supervisor.health import ChildState


class WhyArgs(VerbArgs):
    """Whose hunt."""

    user: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """One gate."""

    gate: str
    keeps_from: str
    is_open: bool
    text: str
    opens_in_seconds: int | None


@dataclass(frozen=True, slots=True)
class WhyReply:
    """The gates of one hunt in the order they are asked; the first closed one decides."""

    user: int
    verdict: str
    task: str
    """What the supervisor does with it."""
    circuits: tuple[CircuitLine, ...]
    """What is left alone for its failures now, for everybody."""
    gates: tuple[GateAnswer, ...]


async def explain_hunt(operations: Operations, _caller: Caller, args: WhyArgs) -> WhyReply:
    """Raises `AdminError` for a person nobody knows."""
    user_id = UserId(args.user)
    if await operations.store.users.get(user_id) is None:
        raise AdminError("unknown_user", f"nobody with the id {args.user} has ever written to the bot")
    now = operations.clock.now()
    gates = tuple(
        GateAnswer(line.name, line.stage, line.is_open, line.text, _seconds(line.until, now))
        for line in await operations.explain(user_id)
    )
    closed = [gate for gate in gates if not gate.is_open]
    verdict = f"{closed[0].gate}: {closed[0].text}" if closed else "nothing keeps this hunt from running"
    lines = list_circuits(operations.dependencies, operations.supervisor)
    return WhyReply(
        user=args.user,
        verdict=verdict,
        task=_describe_task(operations.supervisor.find(f"autopilot:{args.user}")),
        circuits=tuple(line for line in lines if line.is_open),
        gates=gates,
    )


def _seconds(until: int | None, now: int) -> int | None:
    return None if until is None else max(until - now, 0) // 1000


def _describe_task(child: ChildState | None) -> str:
    if child is None:
        return "no task"
    return f"{child.phase.value}, {child.restarts} restarts" + (
        f", last error {child.fingerprint}" if child.fingerprint else ""
    )


WHY = Verb("why", "why USER", "why a hunt does what it does", WhyArgs, answer=explain_hunt)
