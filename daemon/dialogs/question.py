"""What a dialog waits for (a question, outside work, a time), as it is kept in the journal's row.

The row holds a question's whole message, so that the question can be asked again, a press can be judged and the
answered message can be edited without waking the script. Its id is in every button: a press on anything but the open
question is recognised as old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daemon.dialogs.dialog import Option
from daemon.dialogs.steps import Ask, Do, Sleep
from daemon.outbox.message import Button, OutgoingMessage, Text, UrlButton, Verbatim
from daemon.outbox.payload import decode_text, encode_text

if TYPE_CHECKING:
    from daemon.dialogs.steps import Stop
    from daemon.outbox.message import InlineKeyboard
    from store.ids import ChatId

ANSWER = "answer"
"""Action of the buttons of questions; their argument is `QUESTION_ID.NUMBER_OF_THE_OPTION`."""

_CARDS = 8
"""Questions of a chat take turns with this many card names, so that cards don't pile up."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question somebody has been asked."""

    question_id: str
    number: int
    text: Text
    body: Verbatim | None = None
    options: tuple[Option, ...] = ()
    links: tuple[UrlButton, ...] = ()
    takes_text: bool = False
    events: tuple[str, ...] = ()
    timer: str | None = None
    """Key of the timer that ends the waiting."""

    @property
    def card(self) -> str:
        """Name under which the question's message can be edited."""
        return f"question:{self.number % _CARDS}"

    def message(self, chat_id: ChatId) -> OutgoingMessage:
        """The question as it is sent."""
        links: InlineKeyboard = tuple((link,) for link in self.links)
        options: InlineKeyboard = tuple(
            (Button(option.label, ANSWER, f"{self.question_id}.{index}", option.style),)
            for index, option in enumerate(self.options)
        )
        return OutgoingMessage(chat_id, self.text, body=self.body, keyboard=links + options, card=self.card)

    def option_pressed(self, argument: str) -> Option | None:
        """The option behind a button's argument; None: the button belongs to another question."""
        question_id, _, index = argument.rpartition(".")
        if question_id != self.question_id or not index.isdecimal() or int(index) >= len(self.options):
            return None
        return self.options[int(index)]


@dataclass(frozen=True, slots=True)
class Working:
    """The dialog waits for a `do`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sleeping:
    """The dialog waits for a time."""

    due_at: int
    timer: str


Waiting = OpenQuestion | Working | Sleeping


def encode_waiting(waiting: Waiting) -> dict[str, Any]:
    """As the journal's row keeps it. The kind stands first: that is how dialogs at work are found."""
    match waiting:
        case OpenQuestion():
            return {"kind": "ask", **_encode_question(waiting)}
        case Working(name):
            return {"kind": "do", "name": name}
        case Sleeping(due_at, timer):
            return {"kind": "sleep", "due_at": due_at, "timer": timer}


def decode_waiting(value: dict[str, Any]) -> Waiting:
    """From the journal's row."""
    if value["kind"] == "do":
        return Working(value["name"])
    if value["kind"] == "sleep":
        return Sleeping(value["due_at"], value["timer"])
    return _decode_question(value)


def _encode_question(question: OpenQuestion) -> dict[str, Any]:
    """As plain JSON."""
    return {
        "id": question.question_id,
        "number": question.number,
        "text": encode_text(question.text),
        "body": question.body.text if question.body else None,
        "options": [[option.value, encode_text(option.label), option.style] for option in question.options],
        "links": [[encode_text(link.label), link.url] for link in question.links],
        "takes_text": question.takes_text,
        "events": list(question.events),
        "timer": question.timer,
    }


def _decode_question(value: dict[str, Any]) -> OpenQuestion:
    """From plain JSON."""
    text = decode_text(value["text"])
    if isinstance(text, Verbatim):
        raise TypeError("a question has a key")
    return OpenQuestion(
        question_id=value["id"],
        number=value["number"],
        text=text,
        body=None if value["body"] is None else Verbatim(value["body"]),
        options=tuple(Option(key, decode_text(label), style) for key, label, style in value["options"]),
        links=tuple(UrlButton(decode_text(label), url) for label, url in value["links"]),
        takes_text=value["takes_text"],
        events=tuple(value["events"]),
        timer=value["timer"],
    )


def make_question_id(opened_at: int, number: int) -> str:
    """Short, and no other dialog's: when the dialog was opened, and its how-manieth commit this is."""
    return f"{_in_base36(opened_at)}-{_in_base36(number)}"


def _in_base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def is_same_place(waiting: Waiting | None, stop: Stop) -> bool:
    """Whether a script that rests there waits for what is on disk."""
    match waiting, stop:
        case OpenQuestion(), Ask():
            options = [option.value for option in stop.options]
            return (
                waiting.text.key == stop.text.key
                and [option.value for option in waiting.options] == options
                and waiting.takes_text == (stop.accept is not None)
                and waiting.events == stop.events
            )
        case Working(), Do():
            return waiting.name == stop.name
        case Sleeping(), Sleep():
            return waiting.due_at == stop.due_at
        case _:
            return False
