"""Transport: the one seam below the client; swapped for a fake in tests.

Contract (tests/contracts/test_transport_contract.py): a call that is cancelled gives its connection back closed, never
half-read; every failure is a `NetworkTrouble` that says whether the request may have been sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `path` holds the bot token: it is never shown (`repr=False`)."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer, body read whole and decoded."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds allowed for each part of a call."""

    connect: float = 10.0
    write: float = 10.0
    first_byte: float = 15.0
    total: float = 30.0


class Transport(Protocol):
    """Sends one HTTP request to the Bot API server."""

    async def send(self, request: HttpRequest, deadlines: Deadlines) -> HttpResponse:
        """Raises `NetworkTrouble`."""

    async def aclose(self) -> None:
        """Closes idle connections."""
