"""The address at which the browser ended after the board's login page, as the web door gets it or a person pastes it.

Pasting is for people whose browser can't reach this machine: the page fails to load, and what they need stands in the
address line. They paste it with blanks, line breaks and words around it, or paste something else altogether; each
mistake has its own answer (`onboarding.return.…` in the catalogue).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from daemon.errors import DaemonError

RETURN_PATH = "/oauth/{board}/callback"
RETURN_REASONS = (
    "not_an_address",
    "wrong_address",
    "authorize_page",
    "no_state",
    "no_code",
    "unknown_state",
    "other_person",
    "too_late",
    "already_used",
)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
_MAX_CHARS = 4096


class ReturnRejected(DaemonError):
    """This is no return from the board's login; `reason` is one of `RETURN_REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no return from a login: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """What a return says: either a code or the board's error (`access_denied`: the person said no)."""

    state: str
    code: str | None
    error: str | None


def return_url(public_url: str, board: str) -> str:
    """Where the board's login page sends the browser."""
    return public_url.rstrip("/") + RETURN_PATH.format(board=board)


def parse_address(text: str, expected_url: str) -> ReturnAddress:
    """The return in a pasted text. Raises `ReturnRejected`."""
    text = text[:_MAX_CHARS]
    try:
        return _parse(text, expected_url)
    except ReturnRejected as rejected:
        if rejected.reason not in {"no_state", "no_code"}:
            raise
        # Programs break long addresses into lines; nothing in an address is a line break.
        return _parse("".join(text.split()), expected_url)


def read_return(state: str | None, code: str | None, error: str | None) -> ReturnAddress:
    """The return from its parameters. Raises `ReturnRejected`."""
    if not state:
        raise ReturnRejected("no_state")
    if not code and not error:
        raise ReturnRejected("no_code")
    return ReturnAddress(state, code or None, None if code else error)


def _parse(text: str, expected_url: str) -> ReturnAddress:
    match = _ADDRESS.search(text)
    if match is None:
        raise ReturnRejected("not_an_address")
    try:
        parts = urlsplit(match.group().rstrip("\"'»>)].,;"))
    except ValueError:  # a bracket that is never closed
        raise ReturnRejected("not_an_address") from None
    expected = urlsplit(expected_url)
    if (_place(parts.netloc), parts.path.rstrip("/")) != (_place(expected.netloc), expected.path):
        raise ReturnRejected("authorize_page" if parts.path.rstrip("/").endswith("/authorize") else "wrong_address")
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return read_return(fields.get("state"), fields.get("code"), fields.get("error"))


def _place(netloc: str) -> str:
    host, colon, port = netloc.rpartition(":") if netloc.rpartition(":")[2].isdigit() else (netloc, "", "")
    place = "localhost" if host.lower() in _LOCAL else host.lower()
    return f"{place}{colon}{port}"
