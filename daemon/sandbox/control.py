"""The world's own door, mounted at `/world`: faults on and off, and the log of everything that happened.

`GET /faults`, `POST /faults` (a JSON object with `kind` and what to narrow it by), `DELETE /faults` or `/faults/N`;
`GET /log?after=N&wait=SECONDS` answers at once when there is news and otherwise waits for it (long polling).
Used by the chat page, by curl, and by tests that break the world from outside.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
import trio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.sandbox.faults import FaultKind
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    from daemon.sandbox.faults import Faults
    from daemon.sandbox.world_log import WorldLog

MAX_WAIT_SECONDS = 30.0


class FaultOrder(BaseModel):
    """The body of `POST /faults`."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    service: str = "*"
    method: str = "*"
    path: str = "*"
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, gt=0, le=1)
    seconds: float = Field(default=1.0, ge=0, le=600)
    status: int = Field(default=503, ge=400, le=599)


class WorldControl:
    """A `Service` for whoever plays fate."""

    def __init__(self, faults: Faults, log: WorldLog) -> None:
        self._faults = faults
        self._log = log

    async def handle(self, request: Request) -> Response:
        """Answers one request."""
        if request.path == "/log" and request.method == "GET":
            return await self._read_log(request)
        if request.path == "/faults" and request.method == "POST":
            return self._switch_on(request)
        if request.path == "/faults" and request.method == "DELETE":
            self._faults.clear()
        elif request.path.startswith("/faults/") and request.method == "DELETE":
            number = request.path.removeprefix("/faults/")
            if not number.isdecimal() or not self._faults.remove(int(number)):
                return answer_json({"error": "no such fault"}, 404)
        elif request.path != "/faults":
            return answer_json({"error": "not found"}, 404)
        return answer_json({"faults": [asdict(fault) for fault in self._faults.listing()]})

    def _switch_on(self, request: Request) -> Response:
        try:
            order = FaultOrder.model_validate(orjson.loads(request.body or b"{}"))
        except (orjson.JSONDecodeError, ValidationError) as e:
            return answer_json({"error": str(e)}, 400)
        choices = order.model_dump()
        return answer_json(asdict(self._faults.add(choices.pop("kind"), **choices)), 201)

    async def _read_log(self, request: Request) -> Response:
        try:
            after, wait = int(first(request, "after", "0")), float(first(request, "wait", "0"))
        except ValueError:
            return answer_json({"error": "after and wait are numbers"}, 400)
        with trio.move_on_after(min(max(wait, 0), MAX_WAIT_SECONDS)):
            await self._log.wait_beyond(after)
        acts: list[dict[str, Any]] = [
            {"number": act.number, "at": act.at, "kind": act.kind, **act.facts} for act in self._log.since(after)
        ]
        return answer_json({"acts": acts, "last": self._log.last})


def first(request: Request, name: str, default: str) -> str:
    """A query parameter, or its default."""
    values = request.query.get(name)
    return values[0] if values else default
