"""Service: a simulated outside server as a pure function, so that one world serves sockets and virtual time alike.

`server.py` mounts services on loopback sockets; tests mount the same services in memory under Trio's mock clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, body read whole."""

    method: str
    path: str
    """Below the service's mount point, starting with a slash, percent-decoded."""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ConnectionCut(Exception):
    """The service ends the connection instead of answering, after `sent` bytes of a broken answer."""

    def __init__(self, sent: bytes = b"") -> None:
        super().__init__("connection cut by the simulated world")
        self.sent = sent


class Service(Protocol):
    """A simulated server."""

    async def handle(self, request: Request) -> Response:
        """Answers, or raises `ConnectionCut`."""


def answer_json(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json; charset=utf-8"}, orjson.dumps(value))
