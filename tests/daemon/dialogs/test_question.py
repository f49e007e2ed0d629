"""What a dialog waits for, on its way to the disk and back."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.dialogs.dialog import Option
from daemon.dialogs.question import (
    ANSWER,
    OpenQuestion,
    Sleeping,
    Working,
    decode_waiting,
    encode_waiting,
    is_same_place,
    make_question_id,
)
from daemon.dialogs.steps import Ask, Do, Sleep
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.message import Text, UrlButton, Verbatim
from store.ids import ChatId

WORDS = st.text(max_size=6)
LABELS = st.builds(Text, WORDS, st.dictionaries(WORDS, WORDS | st.integers(-(2**53), 2**53), max_size=2)) | st.builds(
    Verbatim, WORDS
)
QUESTIONS = st.builds(
    OpenQuestion,
    question_id=WORDS,
    number=st.integers(0, 10**6),
    text=st.builds(Text, WORDS, st.dictionaries(WORDS, WORDS, max_size=2)),
    body=st.none() | st.builds(Verbatim, WORDS),
    options=st.lists(st.builds(Option, WORDS, LABELS, st.none() | WORDS), max_size=3).map(tuple),
    links=st.lists(st.builds(UrlButton, LABELS, WORDS), max_size=2).map(tuple),
    takes_text=st.booleans(),
    events=st.lists(WORDS, max_size=2).map(tuple),
    timer=st.none() | WORDS,
)


@given(QUESTIONS | st.builds(Working, WORDS) | st.builds(Sleeping, st.integers(0, 2**52), WORDS))
def test_waiting_is_read_as_it_was_written(waiting):
    assert decode_waiting(orjson.loads(orjson.dumps(encode_waiting(waiting)))) == waiting


def question(**changes):
    options = (Option("yes", Text("t.yes"), "success"), Option("no", Verbatim("Нет")))
    fields = {"question_id": "mf3k2a1b-4", "number": 4, "text": Text("t.sure"), "options": options}
    return OpenQuestion(**{**fields, **changes})


def test_links_stand_above_the_answers():
    message = question(links=(UrlButton(Text("t.login"), "https://x"),)).message(ChatId(7))
    assert [type(row[0]).__name__ for row in message.keyboard] == ["UrlButton", "Button", "Button"]
    assert [len(row) for row in message.keyboard] == [1, 1, 1]


def test_button_of_any_question_can_be_signed():
    signer = ButtonSigner(b"k" * 32)
    longest = question(question_id="zzzzzzzzz-zzzzzz", options=tuple(Option(str(n), Text("t.x")) for n in range(100)))
    for row in longest.message(ChatId(2**52)).keyboard:
        assert len(signer.sign(2**52, row[0].action, row[0].argument)) <= 64


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("mf3k2a1b-4.0", "yes"),
        ("mf3k2a1b-4.1", "no"),
        ("mf3k2a1b-4.2", None),
        ("mf3k2a1b-4.-1", None),
        ("mf3k2a1b-4.x", None),
        ("mf3k2a1b-3.0", None),
        ("mf3k2a1b-4", None),
        ("", None),
    ],
)
def test_press_is_found_only_on_its_own_question(argument, value):
    option = question().option_pressed(argument)
    assert (option.value if option else None) == value


def test_neighbouring_questions_have_cards_of_their_own():
    cards = [question(number=number).card for number in range(20)]
    assert all(first != second for first, second in pairwise(cards))
    assert len(set(cards)) == 8


def test_action_of_answers_is_fixed():
    assert question().message(ChatId(7)).keyboard[0][0].action == ANSWER == "answer"


def test_ids_of_questions_are_short_and_their_own():
    ids = {make_question_id(opened_at, number) for opened_at in (0, 35, 1_790_000_000_000) for number in range(40)}
    assert len(ids) == 120
    assert make_question_id(0, 36) == "0-10"
    assert max(map(len, ids)) <= 12


async def nothing():
    """Work that is never done here."""


@pytest.mark.parametrize(
    ("waiting", "stop", "is_same"),
    [
        (Working("fetch"), Do("fetch", nothing), True),
        (Working("fetch"), Do("send", nothing), False),
        (Sleeping(5, "t"), Sleep(5), True),
        (Sleeping(5, "t"), Sleep(6), False),
        (Sleeping(5, "t"), Do("fetch", nothing), False),
        (None, Ask(Text("t.q")), False),
        (OpenQuestion("1", 1, Text("t.q")), Ask(Text("t.q")), True),
        (OpenQuestion("1", 1, Text("t.q")), Ask(Text("t.other")), False),
        (OpenQuestion("1", 1, Text("t.q")), Ask(Text("t.q"), accept=str), False),
        (OpenQuestion("1", 1, Text("t.q")), Ask(Text("t.q"), events=("e",)), False),
        (OpenQuestion("1", 1, Text("t.q")), Ask(Text("t.q"), options=(Option("a", Text("t.a")),)), False),
    ],
)
def test_place_is_the_same_where_the_script_waits_for_what_is_on_disk(waiting, stop, is_same):
    assert is_same_place(waiting, stop) is is_same
