"""Blows: the seeded moments at which the crash machine kills the daemon, spread over everything it does outside.

Each blow waits for its moment by the world's log, so it falls where the daemon is in the middle of something: between
a request and its answer, just after a press, while a letter is being written, while a login is being renewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import random

    from daemon.sandbox.world import World

APPLY = "/negotiations"
PATIENCE_SECONDS = 8.0
"""A moment that does not come by then is taken as it is: the daemon may be waiting, and is killed waiting."""


@dataclass(frozen=True)
class Phase:
    """A kind of moment: which act of the log marks it, and which fault stretches it."""

    name: str
    act: str
    what: str | None = None
    fault: str | None = None
    service: str = "hh"
    method: str = "*"
    path: str = "*"
    seconds: float = 2.0


ONBOARDING = (
    Phase("onboarding: a message or press on its way", "update"),
    Phase("onboarding: the answer is being sent", "message", None, "slow_answer", "telegram", path="*/sendMessage"),
    Phase("login: the code is being turned into tokens", "token_issued", None, "slow_answer", path="/token"),
)
REFRESH = Phase("refresh: the login is being renewed", "token_refreshed", None, "slow_answer", path="/token")
SEARCH = Phase("search: the board is answering", "searched", None, "slow_answer", path="/vacancies")
LETTER = Phase("letter: the model is writing", "model_asked", None, "slow_answer", service="gemini")
IN_FLIGHT = (
    Phase("apply: between request and answer", "application_made", None, "slow_answer", method="POST", path=APPLY),
    Phase(
        "apply: carried out after the cut",
        "fault",
        "late_commit",
        "late_commit",
        method="POST",
        path=APPLY,
        seconds=1.0,
    ),
    Phase("apply: the answer is cut in half", "fault", "half_answer", "half_answer", method="POST", path=APPLY),
)
ANSWERED = Phase("apply: just answered", "application_made")
RECONCILE = (
    Phase("reconcile: applications are being listed", "fault", "latency", "latency", method="GET", path=f"{APPLY}*"),
    Phase("reconcile: resumes are being asked for", "fault", "latency", "latency", method="GET", path="*by_status"),
)
STARTING = Phase("start: coming up again", "")
HUNTING = (REFRESH, SEARCH, LETTER, *IN_FLIGHT, *IN_FLIGHT, ANSWERED, STARTING)


def choose(chance: random.Random, before: Phase | None, *, is_new: bool) -> Phase:
    """The phase of the next blow: while somebody new gets acquainted, else anywhere; doubts are often asked about."""
    if is_new:
        return chance.choice(ONBOARDING)
    if before in IN_FLIGHT and chance.random() < 0.6:
        return chance.choice(RECONCILE)
    return chance.choice(HUNTING)


async def wait_for(phase: Phase, world: World, chance: random.Random) -> bool:
    """Returns at the moment of the blow. False: it did not come, and patience ran out."""
    if phase is STARTING:
        await trio.sleep(chance.uniform(0, 2))
        return True
    number = world.log.last
    fault_id = None
    if phase.fault is not None:
        where = {"service": phase.service, "method": phase.method, "path": phase.path}
        fault_id = world.faults.add(phase.fault, **where, count=1, seconds=phase.seconds).fault_id
    came = False
    with trio.move_on_after(PATIENCE_SECONDS):
        while not came:
            news = world.log.since(number)
            came = any(act.kind == phase.act and phase.what in (None, act.get("what")) for act in news)
            if not came:
                number = world.log.last
                await world.log.wait_beyond(number)
    if fault_id is not None:
        world.faults.remove(fault_id)
    # Somewhere in the next moment, not always at its first instant.
    await trio.sleep(chance.choice((0.0, 0.0, 0.005, 0.02, 0.1, 0.4)))
    return came
