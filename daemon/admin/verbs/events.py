"""Verb: events. What the daemon does, as it does it: the log as a stream, capped, with a count of what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from daemon.admin.event_hub import RateCap
from daemon.admin.verb import Caller, Verb, VerbArgs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from daemon.admin.operations import Operations


class EventsArgs(VerbArgs):
    """Which, and how many a second at most."""

    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    per_second: Annotated[float, Field(ge=1, le=1000)] = 50.0


@dataclass(frozen=True, slots=True)
class EventsReply:
    """One line of the log."""

    event: Mapping[str, Any]
    dropped: int
    """Lines left out before this one."""


LEVELS = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 4}


async def stream_events(operations: Operations, _caller: Caller, args: EventsArgs) -> AsyncGenerator[EventsReply, None]:
    """Never ends by itself."""
    cap = RateCap(args.per_second)
    with operations.events.watching() as watch:
        while True:
            event = await watch.next()
            if LEVELS.get(str(event.get("level")), 1) < LEVELS[args.level]:
                continue
            await cap.wait()
            yield EventsReply(event, watch.take_dropped())


EVENTS = Verb("events", "events [LEVEL [PER_SECOND]]", "the log as it is written", EventsArgs, stream=stream_events)
