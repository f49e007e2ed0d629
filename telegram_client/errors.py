"""TelegramError and its children: by whose fault it is and what may be done next.

TelegramError
├── AnsweredError(code, description)   the Bot API said no
│   ├── RetryAfter(seconds)            too fast: wait this long
│   ├── Conflict(kind)                 somebody else polls, or a webhook is set
│   ├── Unauthorized                   the token is not (or no longer) valid
│   ├── Forbidden(kind)                this chat does not want us: blocked, deactivated, kicked, ...
│   └── BadRequest(kind)               this request can't be done: not_modified, message_gone, too_long, ...
├── ServerTrouble                      their side: 5xx, no JSON, an answer of unbelievable size
│   └── AnswerTooLarge                 more bytes than the client is willing to hold
└── NetworkTrouble(sent)               no answer; `sent` says whether the request may have been carried out

`ERROR_TEXTS` is the one table of Bot API texts that the client tells apart; the Bot API documents none of them, so
each line names where it was read. A text nobody knows becomes kind `other`, never a crash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ForbiddenKind = Literal["blocked", "deactivated", "kicked", "not_started", "other"]
BadRequestKind = Literal[
    "not_modified",
    "message_gone",
    "chat_not_found",
    "too_long",
    "query_too_old",
    "malformed_text",
    "empty_text",
    "bad_button",
    "no_rights",
    "file_too_big",
    "file_gone",
    "migrated",
    "method_unknown",
    "other",
]
ConflictKind = Literal["second_poller", "webhook_set", "other"]


class TelegramError(Exception):
    """The Bot API could not be used."""

    began_well = False
    """The answer began as a success (status 200) and can't be read to its end: most likely it was carried out."""


class AnsweredError(TelegramError):
    """The Bot API said no."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters or {}


class RetryAfter(AnsweredError):
    """Too many requests."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None, seconds: float) -> None:
        super().__init__(code, description, parameters)
        self.seconds = seconds


class Conflict(AnsweredError):
    """Somebody else takes this bot's updates."""

    kind: ConflictKind = "other"


class Unauthorized(AnsweredError):
    """The bot token is not valid."""


class Forbidden(AnsweredError):
    """This chat does not want this bot."""

    kind: ForbiddenKind = "other"


class BadRequest(AnsweredError):
    """The Bot API can't do this."""

    kind: BadRequestKind = "other"

    @property
    def migrate_to_chat_id(self) -> int | None:
        """The supergroup this group became."""
        chat_id = self.parameters.get("migrate_to_chat_id")
        return chat_id if isinstance(chat_id, int) else None


class ServerTrouble(TelegramError):
    """The Bot API server is in trouble; whether it carried the request out is not known."""


class AnswerTooLarge(ServerTrouble):
    """The answer is larger than this client is willing to hold."""


class NetworkTrouble(TelegramError):
    """No answer came. `sent`: the request may have been carried out."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ErrorText(NamedTuple):
    """One text of the Bot API that means something to us."""

    code: int
    part: str
    """Found in the description, in lower case."""
    kind: str
    source: str


_CLIENT = "tdlib/telegram-bot-api telegram-bot-api/Client.cpp"
_TDLIB = "tdlib/td td/telegram (MessagesManager, DialogManager, MessageEntity)"
_SERVER = "error name of Telegram's servers, passed on by Client.cpp fail_query_with_error"

ERROR_TEXTS: tuple[ErrorText, ...] = (
    ErrorText(400, "message is not modified", "not_modified", f"{_CLIENT} (MESSAGE_NOT_MODIFIED)"),
    ErrorText(400, "message to edit not found", "message_gone", f"{_CLIENT} check_message"),
    ErrorText(400, "message to delete not found", "message_gone", f"{_CLIENT} check_message"),
    ErrorText(400, "message to be replied not found", "message_gone", f"{_CLIENT} check_reply_parameters"),
    ErrorText(400, "message can't be edited", "message_gone", _TDLIB),
    ErrorText(400, "message can't be deleted", "message_gone", f"{_CLIENT} (MESSAGE_DELETE_FORBIDDEN)"),
    ErrorText(400, "message_id_invalid", "message_gone", _SERVER),
    ErrorText(400, "chat not found", "chat_not_found", f"{_CLIENT} check_chat"),
    ErrorText(400, "user not found", "chat_not_found", f"{_CLIENT} check_user"),
    ErrorText(400, "peer_id_invalid", "chat_not_found", _SERVER),
    ErrorText(400, "message is too long", "too_long", _TDLIB),
    ErrorText(400, "message_too_long", "too_long", _SERVER),
    ErrorText(400, "caption is too long", "too_long", _TDLIB),
    ErrorText(400, "query is too old", "query_too_old", f"{_CLIENT} (QUERY_ID_INVALID)"),
    ErrorText(400, "query_id_invalid", "query_too_old", _SERVER),
    ErrorText(400, "can't parse entities", "malformed_text", f"{_CLIENT} get_formatted_text"),
    ErrorText(400, "message text is empty", "empty_text", f"{_CLIENT} get_formatted_text"),
    ErrorText(400, "text must be non-empty", "empty_text", _TDLIB),
    ErrorText(400, "button_data_invalid", "bad_button", _SERVER),
    ErrorText(400, "button_url_invalid", "bad_button", _SERVER),
    ErrorText(400, "button url", "bad_button", _TDLIB),
    ErrorText(400, "reply markup is too long", "bad_button", f"{_CLIENT} (REPLY_MARKUP_TOO_LONG)"),
    ErrorText(400, "rights to send", "no_rights", _TDLIB),
    ErrorText(400, "chat_write_forbidden", "no_rights", _SERVER),
    ErrorText(400, "file is too big", "file_too_big", f"{_CLIENT} do_get_file"),
    ErrorText(413, "request entity too large", "file_too_big", "front server of api.telegram.org"),
    ErrorText(400, "wrong file_id", "file_gone", f"{_CLIENT} check_remote_file_id"),
    ErrorText(400, "invalid file_id", "file_gone", f"{_CLIENT} check_remote_file_id"),
    ErrorText(400, "upgraded to a supergroup", "migrated", f"{_CLIENT} check_chat"),
    ErrorText(404, "method not found", "method_unknown", f"{_CLIENT} on_cmd"),
    ErrorText(403, "bot was blocked by the user", "blocked", f"{_CLIENT} (USER_IS_BLOCKED)"),
    ErrorText(403, "user is deactivated", "deactivated", f"{_CLIENT} (INPUT_USER_DEACTIVATED)"),
    ErrorText(403, "bot was kicked", "kicked", f"{_CLIENT} check_chat_access"),
    ErrorText(403, "bot is not a member", "kicked", f"{_CLIENT} check_chat_access"),
    ErrorText(403, "group chat was deleted", "kicked", f"{_CLIENT} check_chat_access"),
    ErrorText(403, "can't initiate conversation", "not_started", f"{_CLIENT} check_chat_access"),
    ErrorText(409, "terminated by other getupdates", "second_poller", f"{_CLIENT} abort_long_poll"),
    ErrorText(409, "terminated by setwebhook", "webhook_set", f"{_CLIENT} abort_long_poll"),
    ErrorText(409, "webhook is active", "webhook_set", f"{_CLIENT} process_get_updates_query"),
)

_RETRY_TEXT = re.compile(r"retry after (\d+)")


def _kind_of(code: int, description: str) -> str:
    lowered = description.lower()
    for line in ERROR_TEXTS:
        if line.code == code and line.part in lowered:
            return line.kind
    return "other"


def _retry_seconds(description: str, parameters: Mapping[str, Any]) -> float:
    seconds = parameters.get("retry_after")
    if isinstance(seconds, int | float) and seconds >= 0:
        return float(seconds)
    match = _RETRY_TEXT.search(description.lower())
    return float(match.group(1)) if match else 1.0


def make_error(code: int, description: str, parameters: Mapping[str, Any] | None = None) -> TelegramError:
    """The error for an answer whose `ok` is false."""
    known: Mapping[str, Any] = parameters or {}
    if code == 429:
        return RetryAfter(code, description, known, _retry_seconds(description, known))
    if code >= 500:
        return ServerTrouble(f"{code} {description}")
    kind = _kind_of(code, description)
    # An address with a token nobody knows is answered 404 like an unknown page, not 401.
    if code == 401 or (code == 404 and kind != "method_unknown"):
        return Unauthorized(code, description, known)
    error: Conflict | Forbidden | BadRequest
    if code == 409:
        error = Conflict(code, description, known)
    elif code == 403:
        error = Forbidden(code, description, known)
    else:
        error = BadRequest(code, description, known)
    error.kind = kind  # type: ignore[assignment]  # the table holds the kinds of each code; a test checks them
    return error
