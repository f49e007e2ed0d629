"""People of the simulated Telegram: what somebody with a phone can do to the bot, one function each.

Used by the story's scripted person, the chat page and the tests. Every act becomes an update and a line in the world's
log; a person can press only what is really there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.clock import SECOND
from daemon.sandbox.telegram_state import BOT_ID, ChatMessage, Id, Person, TelegramState
from daemon.sandbox.telegram_text import utf16_length

if TYPE_CHECKING:
    from daemon.sandbox.telegram import TelegramDouble

FIRST_PERSON = 100_001


class NothingToPress(Exception):
    """There is no such message or button."""


class TelegramPeople:
    """Moves the people in the bot's private chats."""

    def __init__(self, telegram: TelegramDouble) -> None:
        self._state: TelegramState = telegram.state

    def add(self, first_name: str, *, last_name: str = "", language: str = "ru", user_id: Id | None = None) -> Person:
        """A new person who has not pressed Start yet."""
        if user_id is None:
            user_id = max(self._state.people, default=FIRST_PERSON - 1) + 1
        person = Person(user_id, first_name, last_name, language)
        self._state.people[user_id] = person
        self._state.log.note("person_added", chat=user_id, name=first_name, language=language)
        return person

    def messages(self, user_id: Id) -> list[ChatMessage]:
        """The person's chat with the bot, oldest first."""
        return list(self._state.chat_messages(user_id))

    def last_from_bot(self, user_id: Id) -> ChatMessage | None:
        """The newest message of the bot."""
        return next((m for m in reversed(self.messages(user_id)) if m.sender_id is None), None)

    def send_text(self, user_id: Id, text: str, **extra: Any) -> ChatMessage:
        """Types a message. A text over 4096 units arrives in pieces, as phones send it."""
        pieces = _pieces(text)
        for piece in pieces[:-1]:
            self._send(user_id, text=piece, entities=_command_entities(piece))
        return self._send(user_id, text=pieces[-1], entities=_command_entities(pieces[-1]), extra=extra)

    def send_sticker(self, user_id: Id, emoji: str = "👍") -> ChatMessage:
        """A sticker where nobody asked for one."""
        sticker = {"file_id": "CAACAgIAAxkBsticker", "file_unique_id": "sticker", "type": "regular", "emoji": emoji}
        return self._send(user_id, extra={"sticker": {**sticker, "width": 512, "height": 512}})

    def send_photo(self, user_id: Id, caption: str = "") -> ChatMessage:
        """A photo."""
        stored = self._state.add_file("photo.jpg", b"\xff\xd8\xff\xe0 a photo")
        size = {"file_id": stored.file_id, "file_unique_id": stored.file_id[-8:], "width": 90, "height": 90}
        return self._send(user_id, extra={"photo": [size]} | ({"caption": caption} if caption else {}))

    def send_document(self, user_id: Id, name: str, content: bytes, mime_type: str = "text/plain") -> ChatMessage:
        """A file."""
        stored = self._state.add_file(name, content)
        document = {"file_id": stored.file_id, "file_unique_id": stored.file_id[-8:], "file_size": len(content)}
        return self._send(user_id, extra={"document": {**document, "file_name": name, "mime_type": mime_type}})

    def forward_text(self, user_id: Id, text: str, sender_name: str = "Кто-то") -> ChatMessage:
        """A message of somebody else, passed on."""
        origin = {"type": "hidden_user", "date": self._state.clock.now() // SECOND, "sender_user_name": sender_name}
        return self._send(user_id, text=text, extra={"forward_origin": origin})

    def edit_text(self, user_id: Id, message_id: int, text: str) -> None:
        """Changes a message of one's own."""
        message = self._state.messages[user_id, message_id]
        message.text, message.edited_at = text, self._state.clock.now()
        self._state.updates.put("edited_message", self._state.message_object(message), chat=user_id)

    def press(self, user_id: Id, message_id: int, row: int = 0, column: int = 0) -> str:
        """Presses an inline button with data; gives the callback query's id."""
        button = self.button(user_id, message_id, row, column)
        if "callback_data" not in button:
            raise NothingToPress(f"the button {button['text']!r} sends nothing")
        return self.press_data(user_id, message_id, button["callback_data"])

    def button(self, user_id: Id, message_id: int, row: int = 0, column: int = 0) -> dict[str, Any]:
        """The inline button at a place."""
        message = self._state.messages.get((user_id, message_id))
        if message is None:
            raise NothingToPress(f"no message {message_id} in this chat")
        try:
            return message.inline_rows[row][column]
        except IndexError:
            raise NothingToPress(f"message {message_id} has no button {row}, {column}") from None

    def press_data(self, user_id: Id, message_id: int, data: str) -> str:
        """Sends data as a button would: also a button of last year, or one made up."""
        query = self._state.new_query(user_id)
        content: dict[str, Any] = {
            "id": query.query_id,
            "from": self._state.people[user_id].as_user(),
            "chat_instance": str(user_id * 7919),
            "data": data,
        }
        if message := self._state.messages.get((user_id, message_id)):
            content["message"] = self._state.message_object(message)
        self._state.updates.put("callback_query", content, chat=user_id, message=message_id, query=query.query_id)
        return query.query_id

    def block(self, user_id: Id) -> None:
        """Blocks the bot."""
        self._set_blocked(user_id, is_blocked=True)

    def unblock(self, user_id: Id) -> None:
        """Lets the bot write again."""
        self._set_blocked(user_id, is_blocked=False)

    def deactivate(self, user_id: Id) -> None:
        """Deletes the account."""
        self._state.people[user_id].is_deactivated = True
        self._state.log.note("person_deactivated", chat=user_id)

    def _send(self, user_id: Id, **content: Any) -> ChatMessage:
        person = self._state.people[user_id]
        if person.has_blocked:
            self.unblock(user_id)
        person.has_started = True
        message = self._state.add_message(user_id, user_id, **content)
        what = "text" if message.text else next(iter(message.extra), "nothing")
        self._state.updates.put(
            "message",
            self._state.message_object(message),
            chat=user_id,
            message=message.message_id,
            holds=what,
            text=message.text,
        )
        return message

    def _set_blocked(self, user_id: Id, *, is_blocked: bool) -> None:
        person = self._state.people[user_id]
        if person.has_blocked == is_blocked:
            return
        person.has_blocked = is_blocked
        bot = self._state.bot_user()
        member, kicked = {"user": bot, "status": "member"}, {"user": bot, "status": "kicked", "until_date": 0}
        content = {
            "chat": person.as_chat(),
            "from": person.as_user(),
            "date": self._state.clock.now() // SECOND,
            "old_chat_member": member if is_blocked else kicked,
            "new_chat_member": kicked if is_blocked else member,
        }
        self._state.log.note("blocked" if is_blocked else "unblocked", chat=user_id, bot=BOT_ID)
        self._state.updates.put("my_chat_member", content, chat=user_id)


def _command_entities(text: str) -> list[dict[str, Any]]:
    if not text.startswith("/") or len(text) < 2:
        return []
    command = text.split(maxsplit=1)[0]
    return [{"type": "bot_command", "offset": 0, "length": utf16_length(command)}]


def _pieces(text: str, size: int = 4096) -> list[str]:
    pieces: list[str] = []
    piece: list[str] = []
    length = 0
    for c in text:
        width = 2 if ord(c) > 0xFFFF else 1
        if length + width > size:
            pieces.append("".join(piece))
            piece, length = [], 0
        piece.append(c)
        length += width
    return [*pieces, "".join(piece)]
