"""Refusals of the Bot API server, in its own words.

Texts as the public server gives them (tdlib/telegram-bot-api `Client.cpp`, td `MessageEntity.cpp`): clients tell errors
apart by them, so a double with other words would prove nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.sandbox.service import Response, answer_json

if TYPE_CHECKING:
    from collections.abc import Mapping

POLL_TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
TERMINATED_BY_WEBHOOK = "Conflict: terminated by setWebhook request"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
QUERY_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
CHAT_NOT_FOUND = "Bad Request: chat not found"
EDIT_NOT_FOUND = "Bad Request: message to edit not found"
DELETE_NOT_FOUND = "Bad Request: message to delete not found"
CANT_EDIT = "Bad Request: message can't be edited"
CANT_DELETE = "Bad Request: message can't be deleted for everyone"
EMPTY_TEXT = "Bad Request: message text is empty"
TOO_LONG = "Bad Request: message is too long"
CAPTION_TOO_LONG = "Bad Request: message caption is too long"
BLOCKED = "Forbidden: bot was blocked by the user"
DEACTIVATED = "Forbidden: user is deactivated"
NOT_STARTED = "Forbidden: bot can't initiate conversation with a user"
KICKED = "Forbidden: bot was kicked from the group chat"


class MethodRefused(Exception):
    """A method was not carried out."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_response(self) -> Response:
        """The refusal on the wire."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = dict(self.parameters)
        return answer_json(body, self.code)


def bad_request(text: str) -> MethodRefused:
    """400; `text` with or without the leading "Bad Request: "."""
    return MethodRefused(400, text if text.startswith("Bad Request: ") else f"Bad Request: {text}")


def conflict(text: str) -> MethodRefused:
    """409."""
    return MethodRefused(409, text)


def forbidden(text: str) -> MethodRefused:
    """403."""
    return MethodRefused(403, text)


def too_many_requests(seconds: int) -> MethodRefused:
    """429."""
    return MethodRefused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
