"""Requests and replies of the admin protocol: one JSON message each.

    → {"id": 1, "verb": "why", "args": {"user": 42}}
    ← {"id": 1, "ok": true, "reply": {...}, "more": false}
    ← {"id": 1, "ok": false, "error": {"kind": "unknown_verb", "text": "..."}, "more": false}

A stream answers many times with `"more": true` and the same id. Used by the socket's door and by its client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.errors import DaemonError


class AdminError(DaemonError):
    """The request can't be answered; `kind` is for machines, the text for the operator."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Request(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: int | Annotated[str, Field(max_length=64)]
    verb: Annotated[str, Field(max_length=64)]
    args: dict[str, Any] = {}


class ErrorBody(BaseModel):
    """Why there is no reply."""

    kind: str
    text: str


class Answer(BaseModel):
    """What a client gets."""

    id: int | str | None
    ok: bool
    reply: Any = None
    error: ErrorBody | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is well; `body` is the verb's reply dataclass."""

    id: int | str
    reply: object
    more: bool = False
    ok: bool = True


def read_request(message: str | bytes) -> Request:
    """Raises `AdminError` for anything that is no request."""
    try:
        return Request.model_validate_json(message)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the message"
        raise AdminError("bad_request", f'{place}: {first["msg"]}; expected {{"id", "verb", "args"}}') from None


def write_reply(request_id: int | str, reply: object, *, more: bool = False) -> str:
    """The message for a reply."""
    return orjson.dumps(Reply(request_id, reply, more), option=orjson.OPT_NON_STR_KEYS).decode()


def write_error(request_id: int | str | None, error: AdminError) -> str:
    """The message for an error; id None when the request's own could not be read."""
    body = {"id": request_id, "ok": False, "error": {"kind": error.kind, "text": str(error)}, "more": False}
    return orjson.dumps(body).decode()


def read_answer(message: str | bytes) -> Answer:
    """Raises `AdminError` when it is none: the other side is another program."""
    try:
        return Answer.model_validate_json(message)
    except ValidationError:
        raise AdminError("bad_answer", "the daemon's answer can't be read: is it the same version?") from None
