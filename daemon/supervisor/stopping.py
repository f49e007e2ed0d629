"""How children are stopped: asked, then cancelled, then reported as stuck. Called by `tree.py` only.

Trio can't kill a task: one that shields itself or waits for a thread ignores its cancellation. After the deadline it is
named and left, and whoever owns the supervisor decides; usually the process ends, and the ledger keeps that correct.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from daemon.supervisor.health import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.supervisor.health import ChildState

log = structlog.get_logger(__name__)

SLICE = 200
"""Children cancelled between two looks at the loop: all at once would hold it up for over a second."""


async def stop_children(children: Sequence[ChildState], reason: str, deadline_seconds: float) -> tuple[str, ...]:
    """The names of those that did not end within the deadline, counted from their cancellation."""
    patient, others = _ask_to_end(children, reason)
    try:
        await _cancel_all(others, reason)
        await _wait_for(patient)
    finally:  # also when whoever asked gives up waiting: a stop that has begun is carried through
        await _cancel_all(children, reason)
    with trio.move_on_after(deadline_seconds):
        for child in children:
            await child.wait_ended()
    stuck = [child for child in children if child.phase is not Phase.ENDED]
    for child in stuck:
        child.enter(Phase.STUCK, trio.current_time())
        log.error("child_stuck", child=child.name, reason=reason, deadline_seconds=deadline_seconds)
    return tuple(child.name for child in stuck)


def _ask_to_end(children: Sequence[ChildState], reason: str) -> tuple[list[ChildState], list[ChildState]]:
    """Tells all of them; those who want to end by themselves, and the others."""
    patient: list[ChildState] = []
    others: list[ChildState] = []
    for child in children:
        child.stop_reason = child.stop_reason or reason
        if child.stopping is not None:
            child.stopping.set()
        is_patient = child.spec.soft_stop_seconds > 0 and child.phase in {Phase.STARTING, Phase.RUNNING}
        (patient if is_patient else others).append(child)
    return patient, others


async def _wait_for(patient: Sequence[ChildState]) -> None:
    with trio.move_on_after(max((child.spec.soft_stop_seconds for child in patient), default=0)):
        for child in patient:
            await child.wait_ended()


async def _cancel_all(children: Sequence[ChildState], reason: str) -> None:
    with trio.CancelScope(shield=True):
        for number, child in enumerate(children):
            if child.scope is not None:
                child.scope.cancel(reason)
            if number % SLICE == SLICE - 1:
                await trio.lowlevel.checkpoint()
