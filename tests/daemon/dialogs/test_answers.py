"""Judging what arrives for a waiting dialog."""

import pytest

from daemon.dialogs.answers import LONGEST_TEXT, Hint, Taken, judge_event, judge_message, judge_press
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected
from daemon.dialogs.question import OpenQuestion, Sleeping, Working
from daemon.inbox.router import Event, Incoming
from daemon.outbox.message import Text
from store.write import NOTHING
from telegram_client.types import Update

YES = Option("yes", Text("t.yes"))
PRESS = OpenQuestion("q", 1, Text("t.sure"), options=(YES,))
TYPED = OpenQuestion("q", 1, Text("t.city"), takes_text=True, events=("board_returned",), timer="dialog:7:q")
LINK = OpenQuestion("q", 1, Text("t.link"), events=("board_returned",))


def message(**fields):
    raw = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}, **fields}
    return Incoming("update:1", 7, 7, 0, NOTHING, update=Update.parse({"update_id": 1, "message": raw}))


def reject(text):
    raise AnswerRejected(Text("t.no", {"length": len(text)}))


def test_press_on_the_open_question_is_an_answer():
    taken = judge_press(PRESS, "q.0")
    assert isinstance(taken, Taken)
    assert (taken.entry.kind, taken.entry.name, taken.entry.value) == ("answered", "t.sure", {"option": "yes"})
    assert taken.choice == YES.label


@pytest.mark.parametrize("waiting", [PRESS, TYPED, Sleeping(5, "t"), None])
def test_press_on_anything_else_is_told_so(waiting):
    assert judge_press(waiting, "old.0") == Hint(Text("dialogs.question_closed"))


def test_press_while_something_is_done_is_told_to_wait():
    assert judge_press(Working("fetch"), "q.0") == Hint(Text("dialogs.one_moment"))


@pytest.mark.parametrize(
    ("waiting", "key"),
    [
        (PRESS, "dialogs.press_a_button"),
        (LINK, "dialogs.open_the_link"),
        (Working("fetch"), "dialogs.one_moment"),
        (Sleeping(5, "t"), "dialogs.waiting"),
        (None, "dialogs.waiting"),
    ],
)
def test_text_nobody_asked_for_gets_words_that_help(waiting, key):
    assert judge_message(waiting, None, message(text="Казань")) == Hint(Text(key))


def test_text_is_cleaned_by_the_script():
    taken = judge_message(TYPED, str.upper, message(text="омск"))
    assert taken.entry.value == {"text": "ОМСК"}


def test_text_the_script_does_not_like_gets_its_hint():
    assert judge_message(TYPED, reject, message(text="омск")) == Hint(Text("t.no", {"length": 4}))


def test_longest_text_is_still_an_answer():
    assert isinstance(judge_message(TYPED, str.strip, message(text="a" * LONGEST_TEXT)), Taken)
    hint = judge_message(TYPED, str.strip, message(text="a" * (LONGEST_TEXT + 1)))
    assert hint == Hint(Text("dialogs.too_long", {"n": LONGEST_TEXT + 1}))


@pytest.mark.parametrize("fields", [{"photo": [{}], "caption": "Омск"}, {"sticker": {}}, {"voice": {}}, {}])
def test_what_is_no_text_is_no_answer(fields):
    assert judge_message(TYPED, str.strip, message(**fields)) == Hint(Text("dialogs.text_please"))


def test_forwarded_text_is_nobodys_own():
    hint = judge_message(TYPED, str.strip, message(text="Омск", forward_origin={"type": "user"}))
    assert hint == Hint(Text("dialogs.forwarded"))


def test_event_answers_the_question_that_waits_for_it():
    taken = judge_event(TYPED, Event("board_returned", {"code": "x"}))
    assert taken.entry.value == {"event": "board_returned", "data": {"code": "x"}}
    assert judge_event(PRESS, Event("board_returned", {})) is None
    assert judge_event(Working("fetch"), Event("board_returned", {})) is None


@pytest.mark.parametrize(
    ("waiting", "timer", "kind"),
    [
        (TYPED, "dialog:7:q", "timed_out"),
        (TYPED, "dialog:7:old", None),
        (PRESS, "dialog:7:q", None),
        (Sleeping(5, "dialog:7:s"), "dialog:7:s", "slept"),
        (Sleeping(5, "dialog:7:s"), "dialog:7:q", None),
        (Working("fetch"), "dialog:7:q", None),
    ],
)
def test_timer_ends_only_its_own_waiting(waiting, timer, kind):
    taken = judge_event(waiting, Event("timer_due", {"timer": timer}))
    assert (taken.entry.kind if taken else None) == kind
