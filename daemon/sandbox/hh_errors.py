"""The simulated board's refusals, in the bodies the real one sends. Raised by every handler, answered by `hh.py`."""

from __future__ import annotations

from typing import Any

from daemon.sandbox.service import Response, answer_json

OAUTH_ERRORS = {
    "token_expired": "token-expired",
    "token_revoked": "token-revoked",
    "bad_authorization": "bad-auth-type",
    "application_not_found": "client-id-deleted",
}
"""`errors[].value` -> top-level `oauth_error`; the other values come without one."""


class Refusal(Exception):
    """The board says no; `answer` is the whole HTTP answer."""

    def __init__(self, value: str, answer: Response) -> None:
        super().__init__(value)
        self.value = value
        self.answer = answer


def refuse(status: int, kind: str, value: str | None = None, **more: Any) -> Refusal:
    """An error in the board's common body: `errors`, `description`, and whatever this error adds."""
    error: dict[str, Any] = {"type": kind}
    if value is not None:
        error["value"] = value
    reasons = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 425: "Too Early", 429: "Too Many Requests"}
    body = {"description": reasons.get(status, "Error"), "errors": [error], **more}
    return Refusal(value or kind, answer_json(body, status))


def refuse_argument(name: str, *, reason: str = "invalid") -> Refusal:
    """400 for one bad argument, said in the three ways the board says it."""
    body = {
        "description": "Bad Request",
        "errors": [{"type": "bad_argument", "value": name, "reason": reason}],
        "bad_argument": name,
        "bad_arguments": [{"name": name, "description": f"bad argument: {name}"}],
    }
    return Refusal("bad_argument", answer_json(body, 400))


def refuse_oauth(value: str) -> Refusal:
    """403 because of the token."""
    if value in OAUTH_ERRORS:
        return refuse(403, "oauth", value, oauth_error=OAUTH_ERRORS[value])
    return refuse(403, "oauth", value)


def refuse_negotiation(status: int, value: str) -> Refusal:
    """400 or 403 because of the application."""
    return refuse(status, "negotiations", value)


def refuse_grant(error: str, description: str, status: int = 400) -> Refusal:
    """The token endpoint's own style of error."""
    return Refusal(description, answer_json({"error": error, "error_description": description}, status))


def refuse_bare(status: int) -> Refusal:
    """A refusal without any body, as the anonymous API of today gives."""
    return Refusal(str(status), Response(status))


def not_found() -> Refusal:
    """404."""
    return refuse(404, "not_found")
