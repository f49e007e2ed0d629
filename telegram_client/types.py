"""Pydantic models of the Bot API objects we read.

Only what is read is named; unknown fields and new kinds of update pass, since Telegram adds both at any time without
warning. `Update.parse` is strict about the rest and raises `UnreadableUpdate`: the lanes keep such a row and bury it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_MOST_ID = 2**63 - 1


class UnreadableUpdate(Exception):
    """This update has not the shape the Bot API documents."""


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class User(_Object):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(_Object):
    """A private chat, group, supergroup or channel."""

    id: int
    type: str = "private"
    title: str | None = None
    username: str | None = None

    @property
    def is_private(self) -> bool:
        """Whether only one person is in it."""
        return self.type == "private"


class Document(_Object):
    """A file somebody sent."""

    file_id: str
    file_unique_id: str = ""
    file_name: str | None = None
    mime_type: str | None = None
    file_size: int | None = None


class File(_Object):
    """A file that can be downloaded for an hour."""

    file_id: str
    file_unique_id: str = ""
    file_size: int | None = None
    file_path: str | None = None


class Message(_Object):
    """A message."""

    message_id: int
    date: int = 0
    chat: Chat
    from_: User | None = Field(default=None, alias="from")
    text: str | None = None
    caption: str | None = None
    document: Document | None = None
    forward_origin: Any = None
    reply_to_message: Any = None
    photo: Any = None
    sticker: Any = None
    voice: Any = None
    successful_payment: Any = None
    migrate_to_chat_id: int | None = None


class CallbackMessage(_Object):
    """The message a pressed button belongs to; old ones come without their content (`date` 0)."""

    message_id: int
    date: int = 0
    chat: Chat
    text: str | None = None


class CallbackQuery(_Object):
    """A pressed inline button."""

    id: str
    from_: User = Field(alias="from")
    message: CallbackMessage | None = None
    data: str | None = None


class ChatMember(_Object):
    """Somebody's standing in a chat."""

    status: str
    user: User | None = None


class ChatMemberUpdated(_Object):
    """A standing that changed: `my_chat_member` with `kicked` means that the person blocked the bot."""

    chat: Chat
    from_: User = Field(alias="from")
    new_chat_member: ChatMember


class WebhookInfo(_Object):
    """What is set as this bot's webhook."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    """Unix seconds of the last delivery that failed; 0: none did."""
    last_error_message: str = ""


class Update(_Object):
    """One update. Of the kinds that are not named here only `kind`, `chat_id` and `user_id` are known."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None
    kind: str = ""
    """Name of the field that carries the content; empty when there is none."""
    chat_id: int | None = None
    """The chat it belongs to: the person's own one for kinds that know only a person."""
    user_id: int | None = None
    """The person behind it; None for posts of channels and the like."""

    @classmethod
    def parse(cls, raw: object) -> Update:
        """Raises `UnreadableUpdate`, whose text never holds what a person wrote."""
        if not isinstance(raw, dict):
            raise UnreadableUpdate("an update is not an object")
        kind, chat_id, user_id = read_origin(raw)
        try:
            # A content field named like one of ours (`kind`, `chat_id`) must not stand in for it.
            return cls.model_validate({**raw, "kind": kind, "chat_id": chat_id, "user_id": user_id})
        except ValidationError as error:
            raise UnreadableUpdate(_what_is_wrong(error)) from None


def _what_is_wrong(error: ValidationError) -> str:
    places = {".".join(str(part) for part in line["loc"]) + ": " + line["type"] for line in error.errors()}
    return "; ".join(sorted(places)[:5])


def _id_of(holder: object) -> int | None:
    if isinstance(holder, dict):
        number = holder.get("id")
        # A bool is an int too, and what no database can keep is no id of anybody.
        if type(number) is int and -_MOST_ID <= number <= _MOST_ID:
            return number
    return None


def read_origin(raw: dict[str, Any]) -> tuple[str, int | None, int | None]:
    """Kind, chat and person of a raw update, whatever its kind; None where it names none. Never raises."""
    for kind, content in raw.items():
        if kind == "update_id" or not isinstance(content, dict):
            continue
        user_id = _id_of(content.get("from"))
        if user_id is None:
            user_id = _id_of(content.get("user"))
        chat_id = _id_of(content.get("chat"))
        if chat_id is None:
            message = content.get("message")
            chat_id = _id_of(message.get("chat")) if isinstance(message, dict) else None
        return kind, user_id if chat_id is None else chat_id, user_id
    return next((kind for kind in raw if kind != "update_id"), ""), None, None
