"""Judges what arrived for a waiting dialog: an answer, something to be put right in words, or nothing of its business.

Whatever a person does while a question is open gets words that help, and the question stays open until they answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.dialogs.dialog import Answer
from daemon.dialogs.errors import AnswerRejected
from daemon.dialogs.journal import TIMER_DUE
from daemon.dialogs.question import OpenQuestion, Sleeping, Working
from daemon.dialogs.running import Entry, encode_answer
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.dialogs.dialog import Accept, Option
    from daemon.dialogs.question import Waiting
    from daemon.inbox.router import Event, Incoming
    from daemon.outbox.message import Verbatim

LONGEST_TEXT = 20_000
"""Characters of a typed answer; beyond it nobody types, and no script wants it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer: what is journaled, and what was chosen, to be shown in the question's message."""

    entry: Entry
    choice: Text | Verbatim | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """No answer: what the person is told."""

    text: Text


Verdict = Taken | Hint | None
"""None: an event that nobody waits for any more."""


def judge_press(waiting: Waiting | None, argument: str) -> Taken | Hint:
    """A press on a question's button."""
    if isinstance(waiting, Working):
        return Hint(Text("dialogs.one_moment"))
    option: Option | None = waiting.option_pressed(argument) if isinstance(waiting, OpenQuestion) else None
    if not isinstance(waiting, OpenQuestion) or option is None:
        return Hint(Text("dialogs.question_closed"))
    return Taken(Entry("answered", waiting.text.key, encode_answer(Answer(option=option.value))), option.label)


def judge_event(waiting: Waiting | None, event: Event) -> Taken | None:
    """A due timer, or something outside that a question waits for."""
    if event.name == TIMER_DUE:
        key = event.data.get("timer")
        match waiting:
            case OpenQuestion(timer=timer, text=text) if timer is not None and timer == key:
                return Taken(Entry("timed_out", text.key, None))
            case Sleeping(timer=timer) if timer == key:
                return Taken(Entry("slept", "", None))
            case _:
                return None
    if isinstance(waiting, OpenQuestion) and event.name in waiting.events:
        return Taken(Entry("answered", waiting.text.key, encode_answer(Answer(event=event))))
    return None


def judge_message(waiting: Waiting | None, accept: Accept | None, incoming: Incoming) -> Taken | Hint:
    """Anything a person sends that is no command: text, a picture, a forwarded message."""
    if not isinstance(waiting, OpenQuestion):
        return Hint(Text("dialogs.one_moment" if isinstance(waiting, Working) else "dialogs.waiting"))
    if accept is None:
        return Hint(Text("dialogs.press_a_button" if waiting.options else "dialogs.open_the_link"))
    try:
        text = accept(_text_of(incoming))
    except AnswerRejected as rejected:
        return Hint(rejected.hint)
    return Taken(Entry("answered", waiting.text.key, encode_answer(Answer(text=text))))


def _text_of(incoming: Incoming) -> str:
    """The person's own words, of a length somebody may want. Raises `AnswerRejected`."""
    message = incoming.update.message if incoming.update is not None else None
    if message is None or message.text is None:
        raise AnswerRejected(Text("dialogs.text_please"))
    if message.forward_origin is not None:
        raise AnswerRejected(Text("dialogs.forwarded"))
    if len(message.text) > LONGEST_TEXT:
        raise AnswerRejected(Text("dialogs.too_long", {"n": len(message.text)}))
    return message.text
