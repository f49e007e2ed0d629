"""Faults by switch: what a network and a server can do wrong, told to happen at a place, so many times or so often.

`Faults.around(name, service)` is the service with its faults. The control API (`control.py`), the crash machine and
tests flip the switches. Whether a fault strikes is decided by a seeded random source: the same seed, the same trouble.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, get_args

import trio

from daemon.sandbox.service import ConnectionCut, Request, Response, Service, answer_json
from daemon.sandbox.wire import head_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from daemon.sandbox.world_log import WorldLog

FaultKind = Literal[
    "latency",
    "slow_answer",
    "error",
    "too_many",
    "reset_before",
    "reset_after",
    "half_answer",
    "broken_json",
    "html",
    "hang",
    "huge_body",
    "late_commit",
]
"""latency: executed and answered `seconds` later · slow_answer: executed at once, answered `seconds` later · error:
`status`, not executed · too_many: 429 · reset_before / reset_after: connection cut before / after execution ·
half_answer: executed, half of it sent, then cut · broken_json, html, huge_body: executed, an unreadable answer ·
hang: never answers · late_commit: cut at once, executed `seconds` later."""

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
HUGE_BODY_BYTES = 10 * 1024 * 1024
_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(slots=True)
class Fault:
    """One switch that is on."""

    fault_id: int
    kind: FaultKind
    service: str = "*"
    method: str = "*"
    path: str = "*"
    """A shell pattern over the path below the service's mount point."""
    count: int | None = None
    """How many more times it strikes; None: until it is switched off."""
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 503
    struck: int = field(default=0, init=False)

    def concerns(self, service: str, request: Request) -> bool:
        """Whether this request is one of those the switch is about."""
        if self.count is not None and self.struck >= self.count:
            return False
        wanted = ((service, self.service), (request.method, self.method), (request.path, self.path))
        return all(fnmatchcase(value, pattern) for value, pattern in wanted)


class Faults:
    """All switches of one world. `nursery` outlives requests: a late commit happens after its connection is gone."""

    def __init__(self, random_source: random.Random, log: WorldLog, nursery: trio.Nursery) -> None:
        self._random = random_source
        self._log = log
        self._nursery = nursery
        self._faults: dict[int, Fault] = {}
        self._next_id = 1

    def add(self, kind: FaultKind, **choices: Any) -> Fault:
        """Switches a fault on. `choices` are the fields of `Fault`."""
        fault = Fault(self._next_id, kind, **choices)
        self._next_id += 1
        self._faults[fault.fault_id] = fault
        self._log.note("fault_on", fault=fault.fault_id, what=kind, service=fault.service, path=fault.path)
        return fault

    def remove(self, fault_id: int) -> bool:
        """Switches a fault off; False when there was none of that number."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Switches all faults off."""
        self._faults.clear()

    def listing(self) -> Iterable[Fault]:
        """The switches that are on, oldest first."""
        return tuple(self._faults.values())

    def around(self, name: str, service: Service) -> Service:
        """The service with its faults."""
        return FaultyService(name, service, self)

    def strike(self, service: str, request: Request) -> Fault | None:
        """The first switch that hits this request; counts it."""
        for fault in self._faults.values():
            if fault.concerns(service, request) and self._random.random() < fault.probability:
                fault.struck += 1
                self._log.note("fault", what=fault.kind, service=service, method=request.method, fault=fault.fault_id)
                return fault
        return None

    def commit_late(self, service: Service, request: Request, seconds: float) -> None:
        """Executes the request `seconds` from now, with nobody to answer to."""

        async def execute() -> None:
            await trio.sleep(seconds)
            with suppress(ConnectionCut):  # nobody is connected any more
                await service.handle(request)

        self._nursery.start_soon(execute, name=f"late commit {request.method}")


class FaultyService:
    """A service whose connection, answers and timing are as bad as the switches say."""

    def __init__(self, name: str, service: Service, faults: Faults) -> None:
        self._name = name
        self._service = service
        self._faults = faults

    async def handle(self, request: Request) -> Response:
        """Answers, or not, as the first striking fault says."""
        fault = self._faults.strike(self._name, request)
        if fault is None:
            return await self._service.handle(request)
        if fault.kind in {"error", "too_many", "reset_before", "hang", "late_commit"}:
            return await self._refuse(fault, request)
        if fault.kind == "latency":
            await trio.sleep(fault.seconds)
            return await self._service.handle(request)
        answer = await self._service.handle(request)
        if fault.kind == "slow_answer":
            await trio.sleep(fault.seconds)
            return answer
        return _spoil(fault.kind, answer)

    async def _refuse(self, fault: Fault, request: Request) -> Response:
        """The faults that keep the request from being executed now."""
        if fault.kind == "error":
            return Response(fault.status, {"content-type": "text/html"}, _HTML)
        if fault.kind == "too_many":
            return _too_many(self._name, max(1, round(fault.seconds)))
        if fault.kind == "hang":
            await trio.sleep_forever()
        if fault.kind == "late_commit":
            self._faults.commit_late(self._service, request, fault.seconds)
        raise ConnectionCut


def _too_many(service: str, seconds: int) -> Response:
    body: dict[str, Any] = {"errors": [{"type": "too_many_requests"}]}
    if service == "telegram":
        text = f"Too Many Requests: retry after {seconds}"
        body = {"ok": False, "error_code": 429, "description": text, "parameters": {"retry_after": seconds}}
    answer = answer_json(body, 429)
    return Response(429, {**answer.headers, "retry-after": str(seconds)}, answer.body)


def _spoil(kind: FaultKind, answer: Response) -> Response:
    """An executed request's answer, made useless."""
    if kind == "reset_after":
        raise ConnectionCut
    if kind == "half_answer":
        raise ConnectionCut(head_of(answer) + answer.body[: len(answer.body) // 2])
    if kind == "broken_json":
        return Response(answer.status, answer.headers, answer.body[: len(answer.body) // 2] + b'{"')
    if kind == "html":
        return Response(200, {"content-type": "text/html; charset=utf-8"}, _HTML)
    return Response(answer.status, answer.headers, b'"' + b"A" * HUGE_BODY_BYTES)
