"""Typed wrappers for the Bot API methods we use, one function each.

What a person sees travels as HTML; keyboards are made by `markup.py`. Every function raises `TelegramError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from telegram_client.errors import ServerTrouble
from telegram_client.transport import Deadlines
from telegram_client.types import File, User, WebhookInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telegram_client.client import TelegramClient
    from telegram_client.multipart import InputFile

ModelT = TypeVar("ModelT", bound=BaseModel)

_NO_PREVIEW = {"is_disabled": True}
_UPLOAD = Deadlines(write=120.0, first_byte=60.0, total=180.0)
_POLL_SLACK_SECONDS = 10.0


def _read(model: type[ModelT], method: str, result: Any) -> ModelT:
    try:
        return model.model_validate(result)
    except ValidationError:
        raise ServerTrouble(f"{method} was answered with a result of another shape") from None


def message_id_of(result: Any) -> int | None:
    """Id of the message a method made; None when the answer holds none (an edit may answer `true`)."""
    message_id = result.get("message_id") if isinstance(result, dict) else None
    return message_id if isinstance(message_id, int) else None


async def get_me(client: TelegramClient) -> User:
    """Who this bot is: the judge of a token."""
    return _read(User, "getMe", await client.call("getMe"))


async def get_updates(client: TelegramClient, offset: int | None, *, timeout_seconds: int, limit: int = 100) -> Any:
    """The raw batch from `offset` on; asking for it confirms everything before. Waits up to `timeout_seconds`.

    Asks for Telegram's own choice of kinds: left out, a choice that some other program once made for this bot stays.
    """
    params: dict[str, Any] = {"timeout": timeout_seconds, "limit": limit, "allowed_updates": []}
    if offset is not None:
        params["offset"] = offset
    patience = timeout_seconds + _POLL_SLACK_SECONDS
    deadlines = Deadlines(first_byte=patience, total=patience + _POLL_SLACK_SECONDS)
    return await client.call("getUpdates", params, deadlines=deadlines)


async def send_message(
    client: TelegramClient,
    chat_id: int,
    text: str,
    *,
    reply_markup: Mapping[str, Any] | None = None,
    link_preview: bool = False,
    is_html: bool = True,
) -> int | None:
    """Sends a text; its message id."""
    params = _dress({"chat_id": chat_id, "text": text}, reply_markup, link_preview=link_preview, is_html=is_html)
    return message_id_of(await client.call("sendMessage", params))


async def edit_message_text(
    client: TelegramClient,
    chat_id: int,
    message_id: int,
    text: str,
    *,
    reply_markup: Mapping[str, Any] | None = None,
    link_preview: bool = False,
    is_html: bool = True,
) -> None:
    """Changes the text and the buttons of a message; without `reply_markup` the buttons go."""
    params = {"chat_id": chat_id, "message_id": message_id, "text": text}
    _dress(params, reply_markup, link_preview=link_preview, is_html=is_html)
    await client.call("editMessageText", params)


def _dress(
    params: dict[str, Any], reply_markup: Mapping[str, Any] | None, *, link_preview: bool, is_html: bool
) -> dict[str, Any]:
    if is_html:
        params["parse_mode"] = "HTML"
    if not link_preview:
        params["link_preview_options"] = _NO_PREVIEW
    if reply_markup is not None:
        params["reply_markup"] = reply_markup
    return params


async def edit_message_reply_markup(
    client: TelegramClient, chat_id: int, message_id: int, reply_markup: Mapping[str, Any] | None = None
) -> None:
    """Changes the buttons of a message; None takes them away."""
    params: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
    if reply_markup is not None:
        params["reply_markup"] = reply_markup
    await client.call("editMessageReplyMarkup", params)


async def delete_message(client: TelegramClient, chat_id: int, message_id: int) -> None:
    """Deletes a message of the last 48 hours."""
    await client.call("deleteMessage", {"chat_id": chat_id, "message_id": message_id})


async def answer_callback_query(
    client: TelegramClient, callback_query_id: str, text: str | None = None, *, is_alert: bool = False
) -> None:
    """Ends the waiting circle on a pressed button, with up to 200 characters of words."""
    params: dict[str, Any] = {"callback_query_id": callback_query_id}
    if text:
        params["text"] = text[:200]
    if is_alert:
        params["show_alert"] = True
    await client.call("answerCallbackQuery", params)


async def send_chat_action(client: TelegramClient, chat_id: int, action: str = "typing") -> None:
    """Shows for five seconds what the bot is doing."""
    await client.call("sendChatAction", {"chat_id": chat_id, "action": action})


async def send_document(
    client: TelegramClient, chat_id: int, document: InputFile, *, caption: str | None = None
) -> int | None:
    """Sends a file of at most 50 MB; its message id."""
    params: dict[str, Any] = {"chat_id": chat_id, "document": document}
    if caption:
        params |= {"caption": caption, "parse_mode": "HTML"}
    return message_id_of(await client.call("sendDocument", params, deadlines=_UPLOAD))


async def get_file(client: TelegramClient, file_id: str) -> File:
    """Where a file can be fetched for the next hour; at most 20 MB on the public server."""
    return _read(File, "getFile", await client.call("getFile", {"file_id": file_id}))


async def get_webhook_info(client: TelegramClient) -> WebhookInfo:
    """What is set as webhook."""
    return _read(WebhookInfo, "getWebhookInfo", await client.call("getWebhookInfo"))


async def set_webhook(client: TelegramClient, url: str, *, secret: str, max_connections: int) -> None:
    """From now on updates are brought to `url`, `secret` with each in a header. Those waiting stay."""
    params: dict[str, Any] = {"url": url, "secret_token": secret, "max_connections": max_connections}
    # An empty list: the usual kinds. Left out it would mean those that somebody has once asked for.
    await client.call("setWebhook", {**params, "allowed_updates": [], "drop_pending_updates": False})


async def delete_webhook(client: TelegramClient) -> None:
    """Takes a webhook away, so that `getUpdates` works; updates that wait stay."""
    await client.call("deleteWebhook", {"drop_pending_updates": False})


async def set_my_commands(
    client: TelegramClient, commands: Sequence[tuple[str, str]], *, language_code: str | None = None
) -> None:
    """The list of commands (name and description) people see behind the menu button."""
    params: dict[str, Any] = {"commands": [{"command": name, "description": words} for name, words in commands]}
    if language_code:
        params["language_code"] = language_code
    await client.call("setMyCommands", params)
