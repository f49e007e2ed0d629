"""What the simulated Telegram knows: people, chats, messages, files, callback queries, and the bot's own settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.clock import SECOND
from daemon.sandbox.telegram_errors import (
    BLOCKED,
    CHAT_NOT_FOUND,
    DEACTIVATED,
    KICKED,
    NOT_STARTED,
    bad_request,
    forbidden,
)
from daemon.sandbox.telegram_updates import UpdateQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.clock import Clock
    from daemon.sandbox.world_log import WorldLog

Id = int

FIRST_UPDATE_ID = 700_000_001
BOT_ID = 7_000_000_001
BOT_NAME = "Аврора"
BOT_USERNAME = "aurora_world_bot"


@dataclass(slots=True)
class Person:
    """Somebody who talks to the bot in a private chat; chat id and user id are the same."""

    user_id: Id
    first_name: str
    last_name: str = ""
    language: str = "ru"
    has_started: bool = False
    has_blocked: bool = False
    is_deactivated: bool = False

    def as_user(self) -> dict[str, Any]:
        """A `User` object."""
        user = {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language,
        }
        return {**user, "last_name": self.last_name} if self.last_name else user

    def as_chat(self) -> dict[str, Any]:
        """A `Chat` object."""
        chat = {"id": self.user_id, "type": "private", "first_name": self.first_name}
        return {**chat, "last_name": self.last_name} if self.last_name else chat


@dataclass(slots=True)
class Group:
    """A group chat; the bot may have been kicked out."""

    chat_id: Id
    title: str
    has_kicked: bool = False

    def as_chat(self) -> dict[str, Any]:
        """A `Chat` object."""
        return {"id": self.chat_id, "type": "group", "title": self.title}


@dataclass(slots=True)
class ChatMessage:
    """One message in a chat, sent by the bot (`sender_id` None) or by a person."""

    message_id: int
    chat_id: Id
    sender_id: Id | None
    sent_at: int
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    markup: dict[str, Any] | None = None
    edited_at: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """`document`, `sticker`, `photo`, `caption`, `forward_origin`, as they are."""

    @property
    def inline_rows(self) -> list[list[dict[str, Any]]]:
        """The inline keyboard; empty when there is none."""
        return list((self.markup or {}).get("inline_keyboard", []))

    def content(self) -> tuple[Any, ...]:
        """What an edit must change to be one."""
        return (self.text, self.entities, self.inline_rows)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the bot may download."""

    file_id: str
    path: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class CallbackQuery:
    """A press that waits for its answer."""

    query_id: str
    user_id: Id
    pressed_at: int
    is_answered: bool = False


class TelegramState:
    """Everything one bot's server remembers."""

    def __init__(self, token: str, clock: Clock, log: WorldLog) -> None:
        self.token = token
        self.clock = clock
        self.log = log
        self.updates = UpdateQueue(clock, log, FIRST_UPDATE_ID)
        self.people: dict[Id, Person] = {}
        self.groups: dict[Id, Group] = {}
        self.messages: dict[tuple[Id, int], ChatMessage] = {}
        self.queries: dict[str, CallbackQuery] = {}
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.reply_keyboards: dict[Id, dict[str, Any]] = {}
        self._last_message_id = 0
        self._last_query_id = 4_000_000_000_000_000_000

    def bot_user(self) -> dict[str, Any]:
        """The bot as a `User` object."""
        return {"id": BOT_ID, "is_bot": True, "first_name": BOT_NAME, "username": BOT_USERNAME}

    def find_chat(self, chat_id: Id) -> dict[str, Any]:
        """The chat as an object, if the bot may write to it."""
        if person := self.people.get(chat_id):
            if person.is_deactivated:
                raise forbidden(DEACTIVATED)
            if person.has_blocked:
                raise forbidden(BLOCKED)
            if not person.has_started:
                raise forbidden(NOT_STARTED)
            return person.as_chat()
        if group := self.groups.get(chat_id):
            if group.has_kicked:
                raise forbidden(KICKED)
            return group.as_chat()
        raise bad_request(CHAT_NOT_FOUND)

    def add_message(self, chat_id: Id, sender_id: Id | None, **content: Any) -> ChatMessage:
        """A new message at the end of a chat."""
        self._last_message_id += 1
        message = ChatMessage(self._last_message_id, chat_id, sender_id, self.clock.now(), **content)
        self.messages[chat_id, message.message_id] = message
        return message

    def chat_messages(self, chat_id: Id) -> Iterator[ChatMessage]:
        """The messages of one chat, oldest first."""
        return (message for (chat, _), message in self.messages.items() if chat == chat_id)

    def new_query(self, user_id: Id) -> CallbackQuery:
        """A press that the bot has to answer."""
        self._last_query_id += 1
        query = CallbackQuery(str(self._last_query_id), user_id, self.clock.now())
        self.queries[query.query_id] = query
        return query

    def add_file(self, name: str, content: bytes) -> StoredFile:
        """A file for getFile and download."""
        number = len(self.files) + 1
        stored = StoredFile(f"BQACAgIAAxkB{number:08d}", f"documents/file_{number}.{name.rpartition('.')[2]}", content)
        self.files[stored.file_id] = stored
        return stored

    def message_object(self, message: ChatMessage) -> dict[str, Any]:
        """A `Message` object as the bot gets to see it."""
        sender = self.bot_user() if message.sender_id is None else self.people[message.sender_id].as_user()
        holder = self.people.get(message.chat_id) or self.groups[message.chat_id]
        body: dict[str, Any] = {
            "message_id": message.message_id,
            "from": sender,
            "chat": holder.as_chat(),
            "date": message.sent_at // SECOND,
        }
        if message.text:
            body["text"] = message.text
        if message.entities:
            body["entities"] = message.entities
        if message.edited_at is not None:
            body["edit_date"] = message.edited_at // SECOND
        if message.inline_rows:
            body["reply_markup"] = {"inline_keyboard": message.inline_rows}
        return body | message.extra
