"""Rows of the outbox, written and read."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.outbox.message import Button, CopyButton, Text, UrlButton, Verbatim
from daemon.outbox.payload import ACKNOWLEDGE, SAY, Parcel, UnreadablePayload, decode, encode

LABELS = st.builds(Text, st.text(max_size=5), st.just({})) | st.builds(Verbatim, st.text(max_size=5))
WORDS = st.text(st.characters(codec="utf-8"), max_size=9)
BUTTONS = (
    st.builds(Button, LABELS, st.just("go"), WORDS, st.none() | st.just("danger"))
    | st.builds(UrlButton, LABELS, WORDS)
    | st.builds(CopyButton, LABELS, WORDS)
)
PARCELS = st.builds(
    Parcel,
    act=st.sampled_from([SAY, "edit", ACKNOWLEDGE]),
    text=st.none() | st.builds(Text, WORDS, st.dictionaries(WORDS, WORDS | st.integers(-9, 9) | st.none(), max_size=3)),
    body=st.none() | WORDS,
    keyboard=st.lists(st.lists(BUTTONS, max_size=2).map(tuple), max_size=2).map(tuple),
    has_menu=st.booleans(),
    card=st.none() | WORDS,
    link_preview=st.booleans(),
    is_notice=st.booleans(),
    callback_query_id=st.none() | WORDS,
    is_alert=st.booleans(),
    parts_sent=st.integers(0, 3),
)


@given(PARCELS)
def test_row_is_read_as_it_was_written(parcel):
    assert decode(orjson.loads(orjson.dumps(encode(parcel)))) == parcel


def test_defaults_take_no_room():
    assert encode(Parcel(SAY, Text("a.b"))) == {"act": "say", "text": ["a.b", {}]}


def test_row_of_a_later_release_is_read_as_far_as_known():
    assert decode({"act": "say", "text": ["a.b", {}], "effect": "confetti"}) == Parcel(SAY, Text("a.b"))


def test_text_inside_a_text_is_read_as_it_was_written():
    inner = Text("a.choice", {"city": "Казань"})
    parcel = Parcel(SAY, Text("a.chosen", {"choice": inner, "typed": Verbatim("<b>")}))
    read = decode(orjson.loads(orjson.dumps(encode(parcel))))
    assert read.text == Text("a.chosen", {"choice": inner, "typed": "<b>"})


@pytest.mark.parametrize("payload", [{}, {"act": "say", "text": 5}, {"act": "say", "keyboard": [[{}]]}, [], None])
def test_row_of_another_shape_is_unreadable(payload):
    with pytest.raises(UnreadablePayload):
        decode(payload)
