"""Keyboards on the wire."""

from telegram_client.markup import InlineButton, inline_keyboard, no_reply_keyboard, reply_keyboard


def test_inline_button_carries_exactly_its_kind():
    assert InlineButton("Send", callback_data="s:1.x", style="success").on_wire() == {
        "text": "Send",
        "callback_data": "s:1.x",
        "style": "success",
    }
    assert InlineButton("Open", url="https://example.org").on_wire() == {"text": "Open", "url": "https://example.org"}
    assert InlineButton("Copy", copy_text="42").on_wire() == {"text": "Copy", "copy_text": {"text": "42"}}


def test_bare_inline_button_is_only_its_text():
    assert InlineButton("x").on_wire() == {"text": "x"}


def test_inline_keyboard_leaves_out_empty_rows():
    keyboard = inline_keyboard([[InlineButton("a", callback_data="a")], []])
    assert keyboard == {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    assert inline_keyboard([]) == {"inline_keyboard": []}


def test_reply_keyboard_stays_and_fits_the_screen():
    keyboard = reply_keyboard([["One", "Two"], []])
    assert keyboard["keyboard"] == [[{"text": "One"}, {"text": "Two"}]]
    assert keyboard["resize_keyboard"]
    assert keyboard["is_persistent"]


def test_reply_keyboard_can_be_taken_away():
    assert no_reply_keyboard() == {"remove_keyboard": True}
