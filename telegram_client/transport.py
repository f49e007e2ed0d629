"""Transport: the one seam below the client; swapped for a fake in tests.

Contract (tests/contracts/test_transport_contract.py): a call that is cancelled gives its connection back closed, never
half-read; every failure is a `NetworkTrouble` that says whether the request may have been carried out, or a
`ServerTrouble` where the server answered nonsense. `http_transport.py` is the real one, on Trio streams.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `path` holds the bot token: it is never shown (`repr=False`)."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    is_repeatable: bool = False
    """Done twice it is the same as done once, so that it may go out again when a connection died under it."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer, body read whole and decoded."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpStream:
    """One answer whose body is still coming. Iterating raises what `send` raises."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


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
        """Raises `NetworkTrouble`, or `AnswerTooLarge` for a body larger than it is willing to hold."""

    def stream(self, request: HttpRequest, deadlines: Deadlines) -> AbstractAsyncContextManager[HttpStream]:
        """The answer piece by piece; the connection is closed at the end of the block."""

    async def aclose(self) -> None:
        """Closes idle connections."""
