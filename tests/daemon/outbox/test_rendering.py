"""From a parcel to what goes on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.outbox.buttons import ForgedButton
from daemon.outbox.message import Button, CopyButton, Text, UrlButton, Verbatim
from daemon.outbox.payload import SAY, Parcel
from daemon.outbox.rendering import Renderer
from telegram_client.formatting import strip_tags, units
from tests.daemon.outbox.conftest import MENU, SIGNER, TEXTS

RENDERER = Renderer(TEXTS, SIGNER, MENU)
LINK = UrlButton(Verbatim("Login & go"), "http://127.0.0.1:8080/?a=1&b=2")


def test_language_is_chosen_when_it_is_sent():
    parcel = Parcel(SAY, Text("t.hello", {"name": "<Аня>"}))
    assert RENDERER.render(parcel, 42, "ru").pieces == ("<b>Привет</b>, &lt;Аня&gt;",)
    assert RENDERER.render(parcel, 42, "en").pieces == ("<b>Hello</b>, &lt;Аня&gt;",)


def test_body_stands_below_in_a_folded_quotation():
    parcel = Parcel(SAY, Text("t.ok"), body="a < b")
    assert RENDERER.render(parcel, 42, "en").pieces == ("Yes\n\n<blockquote expandable>a &lt; b</blockquote>",)
    assert RENDERER.render(Parcel(SAY, body="x"), 42, "en").pieces == ("<blockquote expandable>x</blockquote>",)


def test_buttons_are_signed_for_their_person():
    parcel = Parcel(SAY, Text("t.ok"), keyboard=((Button(Text("t.ok"), "send", "7", "success"),),))
    [[wire]] = RENDERER.render(parcel, 42, "en").reply_markup["inline_keyboard"]
    assert (wire["text"], wire["style"]) == ("Yes", "success")
    assert SIGNER.open(42, wire["callback_data"]) == ("send", "7")
    with pytest.raises(ForgedButton):
        SIGNER.open(43, wire["callback_data"])


def test_other_buttons_carry_their_content():
    parcel = Parcel(SAY, Text("t.ok"), keyboard=((LINK, CopyButton(Verbatim("Copy"), "x" * 300)),))
    [[link, copy]] = RENDERER.render(parcel, 42, "en").reply_markup["inline_keyboard"]
    assert link == {"text": "Login & go", "url": LINK.url}
    assert copy == {"text": "Copy", "copy_text": {"text": "x" * 256}}


def test_button_without_words_has_a_label():
    parcel = Parcel(SAY, Text("t.ok"), keyboard=((Button(Verbatim(""), "x"),),))
    assert RENDERER.render(parcel, 42, "en").reply_markup["inline_keyboard"][0][0]["text"] == "…"


def test_menu_is_the_reply_keyboard_in_the_persons_language():
    markup = RENDERER.render(Parcel(SAY, Text("t.ok"), has_menu=True), 42, "en").reply_markup
    assert markup["keyboard"] == [[{"text": "Yes"}, {"text": "Меню"}]]
    assert RENDERER.render(Parcel(SAY, Text("t.ok")), 42, "en").reply_markup is None


def test_long_text_is_cut_into_messages():
    pieces = RENDERER.render(Parcel(SAY, Text("t.plain", {"text": "я" * 10_000})), 42, "ru").pieces
    assert [units(piece) for piece in pieces] == [4096, 4096, 1808]


def test_blank_text_has_no_pieces():
    assert RENDERER.render(Parcel(SAY, Text("t.empty")), 42, "ru").pieces == ()
    assert RENDERER.render(Parcel(SAY, Text("t.plain", {"text": ""})), 42, "ru").pieces == ()


@given(st.text(st.characters(), min_size=1), st.text(st.characters()))
def test_whatever_people_write_can_be_sent(words, body):
    parcel = Parcel(SAY, Text("t.plain", {"text": words}), body=body)
    for piece in RENDERER.render(parcel, 42, "ru").pieces:
        assert piece.encode()
        assert units(strip_tags(piece)) <= 4096


def test_press_is_answered_in_one_plain_line():
    assert RENDERER.words(Parcel("acknowledge", Text("t.hello", {"name": "A&B"})), "en") == "Hello, A&B"
    assert RENDERER.words(Parcel("acknowledge"), "en") is None


def test_links_can_be_said_as_text():
    parcel = Parcel(SAY, Text("t.ok"), keyboard=((LINK,), (Button(Verbatim("Go"), "go"),)))
    assert RENDERER.links_as_text(parcel, "en") == "Login &amp; go: http://127.0.0.1:8080/?a=1&amp;b=2"
    assert RENDERER.without_links(parcel).keyboard == ((Button(Verbatim("Go"), "go"),),)
