"""What the Bot API server accepts: texts, captions and keyboards, each refusal in the server's words.

Pure functions from a method's parameters to checked values; raise `MethodRefused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from daemon.sandbox.telegram_errors import CAPTION_TOO_LONG, EMPTY_TEXT, TOO_LONG, bad_request
from daemon.sandbox.telegram_text import (
    MAX_CAPTION,
    MAX_TEXT,
    EntitiesRefused,
    FormattedText,
    parse_html,
    utf16_length,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Markup = dict[str, Any]

MARKUP_KINDS = ("inline_keyboard", "keyboard", "remove_keyboard", "force_reply")
BUTTON_KINDS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
    "pay",
)
BUTTON_STYLES = {"danger", "success", "primary"}
MAX_BUTTONS = 100
COMMAND_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
CHAT_ACTIONS = frozenset({
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
})  # fmt: skip


def integer(parameters: Mapping[str, Any], name: str, default: int = 0) -> int:
    """An integer parameter, sent as a number or as text."""
    value = parameters.get(name)
    if value in {None, ""}:
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f'can\'t parse "{name}": expected an Integer') from None


def flag(parameters: Mapping[str, Any], name: str) -> bool:
    """A Boolean parameter, sent as JSON or as text."""
    return parameters.get(name) in {True, "true", "True", "1"}


def structure(parameters: Mapping[str, Any], name: str, what: str) -> Any:
    """A JSON-serialised parameter; JSON bodies may carry it as it is."""
    value = parameters.get(name)
    if not isinstance(value, str | bytes):
        return value
    if not value:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise bad_request(f"can't parse {what} JSON object") from None


def read_text(parameters: Mapping[str, Any]) -> FormattedText:
    """`text` with its `parse_mode` or `entities`."""
    formatted = _formatted(parameters, "text", "entities")
    if not formatted.text:
        raise bad_request(EMPTY_TEXT)
    if utf16_length(formatted.text) > MAX_TEXT:
        raise bad_request(TOO_LONG)
    return formatted


def read_caption(parameters: Mapping[str, Any]) -> FormattedText:
    """`caption` with its `parse_mode`; may be empty."""
    formatted = _formatted(parameters, "caption", "caption_entities")
    if utf16_length(formatted.text) > MAX_CAPTION:
        raise bad_request(CAPTION_TOO_LONG)
    return formatted


def _formatted(parameters: Mapping[str, Any], name: str, entities_name: str) -> FormattedText:
    source = parameters.get(name)
    if source is None:
        return FormattedText("")
    if not isinstance(source, str):
        raise bad_request(f'can\'t parse "{name}": expected a String')
    mode = str(parameters.get("parse_mode") or "").lower()
    if mode == "html":
        try:
            return parse_html(source)
        except EntitiesRefused as e:
            raise bad_request(f"can't parse entities: {e}") from None
    if mode:
        raise bad_request("unsupported parse_mode")
    return FormattedText(source.strip(), list(structure(parameters, entities_name, "entities") or []))


def read_markup(parameters: Mapping[str, Any]) -> Markup | None:
    """`reply_markup`: shape, limits, and each button."""
    markup = structure(parameters, "reply_markup", "reply keyboard markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if not any(kind in markup for kind in MARKUP_KINDS):
        return None  # the server takes an object it does not know for "no markup"
    if "inline_keyboard" in markup:
        return {"inline_keyboard": _inline_rows(markup["inline_keyboard"])}
    if "keyboard" in markup:
        return {**markup, "keyboard": _reply_rows(markup["keyboard"])}
    return markup


def _rows(rows: Any, what: str) -> list[list[Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(f'field "{what}" of the markup must be an Array of Arrays')
    return [row for row in rows if row]


def _inline_rows(rows: Any) -> list[list[dict[str, Any]]]:
    checked = [[_inline_button(button) for button in row] for row in _rows(rows, "inline_keyboard")]
    if sum(len(row) for row in checked) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return checked


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad_request("can't parse inline keyboard button: text of the button must be non-empty")
    kinds = [kind for kind in BUTTON_KINDS if kind in button]
    if not kinds:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise bad_request("can't parse inline keyboard button: exactly one of the optional fields must be used")
    if button.get("style") not in {None, *BUTTON_STYLES}:
        raise bad_request("invalid button style specified")
    _check_button(kinds[0], button[kinds[0]])
    return button


def _check_button(kind: str, value: Any) -> None:
    if kind == "callback_data" and not (isinstance(value, str) and 1 <= len(value.encode()) <= 64):
        raise bad_request("BUTTON_DATA_INVALID")
    if kind == "copy_text":
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str) or not 1 <= utf16_length(text) <= 256:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if kind == "url":
        _check_url(value)


def _check_url(value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise bad_request("BUTTON_URL_INVALID")
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL") from None
    if parts.scheme == "tg":
        return
    if parts.scheme not in {"http", "https"}:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Unsupported URL protocol")
    if not host or " " in value:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")


def _reply_rows(rows: Any) -> list[list[dict[str, Any]]]:
    return [[_reply_button(button) for button in row] for row in _rows(rows, "keyboard")]


def _reply_button(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"]:
        raise bad_request("can't parse keyboard button: text of the button must be non-empty")
    return button


def read_commands(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """`commands` of setMyCommands."""
    commands = structure(parameters, "commands", "commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad_request("expected an Array of BotCommand")
    for command in commands:
        name = str(command.get("command", "")).removeprefix("/") if isinstance(command, dict) else ""
        if not 1 <= len(name) <= 32 or not set(name) <= COMMAND_LETTERS:
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return commands
