"""Methods of the simulated Bot API, one function each, and the table that finds them by name.

A method takes the state and its parameters, and returns what the server answers under `result`. Methods that a bot
calls only for its looks (descriptions, the menu button) are accepted and noted, nothing more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from daemon.clock import SECOND
from daemon.sandbox.telegram_errors import (
    CANT_DELETE,
    CANT_EDIT,
    DELETE_NOT_FOUND,
    EDIT_NOT_FOUND,
    NOT_MODIFIED,
    QUERY_TOO_OLD,
    bad_request,
)
from daemon.sandbox.telegram_rules import (
    CHAT_ACTIONS,
    flag,
    integer,
    read_caption,
    read_commands,
    read_markup,
    read_text,
    structure,
)
from daemon.sandbox.telegram_text import utf16_length

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from daemon.sandbox.forms import Form
    from daemon.sandbox.telegram_state import ChatMessage, Id, StoredFile, TelegramState

    Method = Callable[[TelegramState, Form], Awaitable[Any]]

QUERY_LIVES_SECONDS = 60
DELETE_WINDOW_SECONDS = 48 * 3600
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
COUNTED = frozenset({"sendmessage", "senddocument", "editmessagetext", "editmessagereplymarkup"})
"""Methods that the speed limits count."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def read_chat_id(parameters: Mapping[str, Any]) -> Id:
    """`chat_id` as a number; names of channels are not part of this world."""
    value = parameters.get("chat_id")
    if value in {None, ""}:
        raise bad_request("chat_id is empty")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request("chat not found") from None


async def get_updates(state: TelegramState, form: Form) -> Any:
    """Long polling; see `telegram_updates.py`."""
    p = form.fields
    return await state.updates.fetch(
        integer(p, "offset"),
        integer(p, "limit", 100),
        integer(p, "timeout"),
        structure(p, "allowed_updates", "allowed updates"),
    )


async def get_me(state: TelegramState, _form: Form) -> Any:
    """The bot itself."""
    return {
        **state.bot_user(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def set_webhook(state: TelegramState, form: Form) -> Any:
    """Only https addresses, as the server demands; on loopback also http, as a server of one's own (`--local`) does."""
    p = form.fields
    url, secret = form.text("url"), form.text("secret_token")
    if url and not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    if flag(p, "drop_pending_updates"):
        state.updates.drop_pending()
    state.updates.set_webhook(url, secret, min(max(integer(p, "max_connections", 40), 1), 100))
    state.log.note("webhook", is_set=bool(url))
    return True


async def delete_webhook(state: TelegramState, form: Form) -> Any:
    """Back to getUpdates."""
    if flag(form.fields, "drop_pending_updates"):
        state.updates.drop_pending()
    state.updates.set_webhook("")
    state.log.note("webhook", is_set=False)
    return True


async def get_webhook_info(state: TelegramState, _form: Form) -> Any:
    """What is set."""
    updates = state.updates
    info = {
        "url": updates.webhook.url if updates.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": updates.pending,
    }
    if updates.last_failure:
        at, text = updates.last_failure
        info |= {"last_error_date": at // SECOND, "last_error_message": text}
    return info


async def send_message(state: TelegramState, form: Form) -> Any:
    """A text with a keyboard."""
    p = form.fields
    chat_id = read_chat_id(p)
    state.find_chat(chat_id)
    formatted = read_text(p)
    markup = read_markup(p)
    message = state.add_message(
        chat_id, None, text=formatted.text, entities=formatted.entities, markup=_inline_only(markup)
    )
    _keep_reply_keyboard(state, chat_id, markup)
    _note_message(state, "message", message)
    return state.message_object(message)


async def send_document(state: TelegramState, form: Form) -> Any:
    """A file, uploaded or by its id."""
    p = form.fields
    chat_id = read_chat_id(p)
    state.find_chat(chat_id)
    caption = read_caption(p)
    markup = read_markup(p)
    document = _read_document(state, form)
    extra: dict[str, Any] = {"document": document}
    if caption.text:
        extra["caption"] = caption.text
    message = state.add_message(chat_id, None, markup=_inline_only(markup), extra=extra)
    _note_message(state, "message", message, document=document["file_name"])
    return state.message_object(message)


async def edit_message_text(state: TelegramState, form: Form) -> Any:
    """New text and keyboard for a message of the bot."""
    p = form.fields
    message = _own_message(state, p, EDIT_NOT_FOUND, CANT_EDIT)
    formatted = read_text(p)
    markup = _inline_only(read_markup(p))
    before = message.content()
    message_after = (formatted.text, formatted.entities, list((markup or {}).get("inline_keyboard", [])))
    if message_after == before:
        raise bad_request(NOT_MODIFIED)
    message.text, message.entities, message.markup = formatted.text, formatted.entities, markup
    return _edited(state, message)


async def edit_message_reply_markup(state: TelegramState, form: Form) -> Any:
    """New keyboard for a message of the bot."""
    message = _own_message(state, form.fields, EDIT_NOT_FOUND, CANT_EDIT)
    markup = _inline_only(read_markup(form.fields))
    if list((markup or {}).get("inline_keyboard", [])) == message.inline_rows:
        raise bad_request(NOT_MODIFIED)
    message.markup = markup
    return _edited(state, message)


async def delete_message(state: TelegramState, form: Form) -> Any:
    """Gone for everybody; only within 48 hours."""
    message = _find_message(state, form.fields, DELETE_NOT_FOUND)
    if state.clock.now() - message.sent_at > DELETE_WINDOW_SECONDS * SECOND:
        raise bad_request(CANT_DELETE)
    del state.messages[message.chat_id, message.message_id]
    state.log.note("deleted", chat=message.chat_id, message=message.message_id)
    return True


async def answer_callback_query(state: TelegramState, form: Form) -> Any:
    """Each press is answered once, and soon."""
    query = state.queries.get(form.text("callback_query_id"))
    if utf16_length(form.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    if query is None or query.is_answered:
        raise bad_request(QUERY_TOO_OLD)
    if state.clock.now() - query.pressed_at > QUERY_LIVES_SECONDS * SECOND:
        state.log.note("press_answered_late", query=query.query_id, chat=query.user_id)
        raise bad_request(QUERY_TOO_OLD)
    query.is_answered = True
    state.log.note(
        "press_answered",
        query=query.query_id,
        chat=query.user_id,
        text=form.text("text"),
        is_alert=flag(form.fields, "show_alert"),
    )
    return True


async def send_chat_action(state: TelegramState, form: Form) -> Any:
    """Shows that the bot is typing or the like."""
    chat_id = read_chat_id(form.fields)
    state.find_chat(chat_id)
    if form.text("action") not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    state.log.note("chat_action", chat=chat_id, action=form.text("action"))
    return True


async def set_my_commands(state: TelegramState, form: Form) -> Any:
    """Commands per scope and language."""
    state.commands[_commands_key(form)] = read_commands(form.fields)
    return True


async def get_my_commands(state: TelegramState, form: Form) -> Any:
    """What was set."""
    return state.commands.get(_commands_key(form), [])


async def delete_my_commands(state: TelegramState, form: Form) -> Any:
    """Back to none."""
    state.commands.pop(_commands_key(form), None)
    return True


async def get_file(state: TelegramState, form: Form) -> Any:
    """Where a file can be downloaded."""
    stored = state.files.get(form.text("file_id"))
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.content) > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {**_file_object(stored), "file_path": stored.path}


async def accept_quietly(_state: TelegramState, _form: Form) -> Any:
    """A method that changes nothing anybody in this world looks at."""
    return True


METHODS: Mapping[str, Method] = {
    "getupdates": get_updates,
    "getme": get_me,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "sendmessage": send_message,
    "senddocument": send_document,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "sendchataction": send_chat_action,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "getfile": get_file,
    "setmydescription": accept_quietly,
    "setmyshortdescription": accept_quietly,
    "setchatmenubutton": accept_quietly,
    "sendmessagedraft": accept_quietly,
}
"""By lower-case name: the server does not care about case."""


def _commands_key(form: Form) -> tuple[str, str]:
    scope = structure(form.fields, "scope", "bot command scope") or {}
    return str(scope.get("type", "default")), form.text("language_code")


def _inline_only(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    return markup if markup and markup.get("inline_keyboard") else None


def _keep_reply_keyboard(state: TelegramState, chat_id: Id, markup: dict[str, Any] | None) -> None:
    if markup and "keyboard" in markup:
        state.reply_keyboards[chat_id] = markup
    elif markup and markup.get("remove_keyboard"):
        state.reply_keyboards.pop(chat_id, None)


def _find_message(state: TelegramState, parameters: Mapping[str, Any], missing: str) -> ChatMessage:
    chat_id = read_chat_id(parameters)
    state.find_chat(chat_id)
    message = state.messages.get((chat_id, integer(parameters, "message_id")))
    if message is None:
        raise bad_request(missing)
    return message


def _own_message(state: TelegramState, parameters: Mapping[str, Any], missing: str, foreign: str) -> ChatMessage:
    message = _find_message(state, parameters, missing)
    if message.sender_id is not None:
        raise bad_request(foreign)
    return message


def _edited(state: TelegramState, message: ChatMessage) -> Any:
    message.edited_at = state.clock.now()
    _note_message(state, "edit", message)
    return state.message_object(message)


def _note_message(state: TelegramState, kind: str, message: ChatMessage, **facts: str) -> None:
    buttons = [button for row in message.inline_rows for button in row]
    links = [entity["url"] for entity in message.entities if entity["type"] == "text_link"]
    links += [button["url"] for button in buttons if "url" in button]
    state.log.note(
        kind,
        chat=message.chat_id,
        message=message.message_id,
        text=message.text or str(message.extra.get("caption", "")),
        links="\n".join(links),
        buttons="\n".join(button["text"] for button in buttons),
        **facts,
    )


def _read_document(state: TelegramState, form: Form) -> dict[str, Any]:
    uploaded = form.files.get("document") or form.files.get(form.text("document").removeprefix("attach://"))
    if uploaded is None:
        stored = state.files.get(form.text("document"))
        if stored is None:
            raise bad_request("there is no document in the request" if not form.text("document") else "wrong file_id")
        return {**_file_object(stored), "file_name": stored.path.rpartition("/")[2]}
    if not uploaded.content:
        raise bad_request("file must be non-empty")
    if len(uploaded.content) > MAX_UPLOAD_BYTES:
        raise bad_request("file is too big")
    stored = state.add_file(uploaded.name, uploaded.content)
    return {**_file_object(stored), "file_name": uploaded.name, "mime_type": uploaded.content_type}


def _file_object(stored: StoredFile) -> dict[str, Any]:
    return {"file_id": stored.file_id, "file_unique_id": stored.file_id[-12:], "file_size": len(stored.content)}
