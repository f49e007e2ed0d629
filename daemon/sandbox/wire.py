"""How a double's answer looks on the wire; the server sends it, the faults cut it in half."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.sandbox.service import Response


def head_of(answer: Response) -> bytes:
    """Status line and headers. 204 and 304 carry no length, as HTTP demands; everything else does."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status not in {204, 304}:
        lines.append(f"content-length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")


def serialise(answer: Response) -> bytes:
    """The whole answer as bytes."""
    return head_of(answer) + answer.body
