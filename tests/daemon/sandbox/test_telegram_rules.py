"""What the server accepts as text and keyboard; each refusal in its words."""

from __future__ import annotations

import orjson
import pytest

from daemon.sandbox.telegram_errors import MethodRefused
from daemon.sandbox.telegram_rules import flag, integer, read_caption, read_commands, read_markup, read_text


def refusal(function, parameters):
    with pytest.raises(MethodRefused) as caught:
        function(parameters)
    assert caught.value.code == 400
    return caught.value.description


def inline(*buttons):
    return {"reply_markup": {"inline_keyboard": [list(buttons)]}}


@pytest.mark.parametrize("text", [None, "", "  \n ", "<b></b>"])
def test_an_empty_text_is_refused(text):
    assert refusal(read_text, {"text": text, "parse_mode": "HTML"}) == "Bad Request: message text is empty"


def test_length_is_counted_after_the_entities_are_parsed():
    source = "<b>" + "👍" * 2048 + "</b>&amp;"
    assert refusal(read_text, {"text": source, "parse_mode": "HTML"}) == "Bad Request: message is too long"
    assert len(read_text({"text": source[:-5], "parse_mode": "html"}).text) == 2048


def test_plain_text_is_not_parsed():
    assert read_text({"text": " <b> & "}).text == "<b> &"


def test_entities_may_be_given_ready():
    entities = [{"type": "bold", "offset": 0, "length": 1}]
    assert read_text({"text": "x", "entities": orjson.dumps(entities).decode()}).entities == entities


def test_broken_html_is_refused_with_its_place():
    assert refusal(read_text, {"text": "<x>", "parse_mode": "HTML"}) == (
        'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0'
    )


def test_other_markup_languages_are_not_part_of_this_world():
    assert refusal(read_text, {"text": "x", "parse_mode": "MarkdownV2"}) == "Bad Request: unsupported parse_mode"
    assert "expected a String" in refusal(read_text, {"text": 5})


def test_a_caption_may_be_empty_but_not_long():
    assert read_caption({}).text == ""
    assert refusal(read_caption, {"caption": "x" * 1025}) == "Bad Request: message caption is too long"


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "x", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": "д" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "copy_text": {"text": ""}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "x", "copy_text": {"text": "a" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        (
            {"text": "x", "url": "ftp://a.ru"},
            "inline keyboard button URL 'ftp://a.ru' is invalid: Unsupported URL protocol",
        ),
        ({"text": "x", "url": "http://"}, "inline keyboard button URL 'http://' is invalid: Wrong HTTP URL"),
        ({"text": "x", "url": "http://[1"}, "inline keyboard button URL 'http://[1' is invalid: Wrong HTTP URL"),
        ({"text": "x", "url": ""}, "BUTTON_URL_INVALID"),
        ({"text": "x"}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "url": "http://a", "callback_data": "b"}, "exactly one of the optional fields must be used"),
        ({"text": " ", "callback_data": "b"}, "text of the button must be non-empty"),
        ({"text": "x", "callback_data": "b", "style": "pink"}, "invalid button style specified"),
        ("x", "expected an Object"),
    ],
)
def test_a_button_that_breaks_the_rules_is_refused(button, words):
    assert words in refusal(read_markup, inline(button))


@pytest.mark.parametrize(
    "button",
    [
        {"text": "x", "callback_data": "a" * 64},
        {"text": "x", "callback_data": "д" * 32, "style": "success"},
        {"text": "x", "url": "http://127.0.0.1:8080/x?y=z"},
        {"text": "x", "url": "tg://user?id=1"},
        {"text": "x", "copy_text": {"text": "a" * 256}},
    ],
)
def test_a_good_button_passes(button):
    assert read_markup(inline(button)) == {"inline_keyboard": [[button]]}


def test_markup_may_come_as_text():
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    assert read_markup({"reply_markup": orjson.dumps(markup).decode()}) == markup


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("{", "can't parse reply keyboard markup JSON object"),
        ("[]", "object expected as reply markup"),
        ({"inline_keyboard": "x"}, "must be an Array of Arrays"),
        ({"inline_keyboard": [{"text": "x"}]}, "must be an Array of Arrays"),
        ({"inline_keyboard": [[{"text": "x", "callback_data": "y"}] * 101]}, "reply markup is too long"),
        ({"keyboard": [[{"text": ""}]]}, "can't parse keyboard button"),
    ],
)
def test_a_keyboard_of_the_wrong_shape_is_refused(markup, words):
    assert words in refusal(read_markup, {"reply_markup": markup})


def test_reply_keyboards_take_plain_words():
    markup = read_markup({"reply_markup": {"keyboard": [["Статус", {"text": "Стоп"}], []], "resize_keyboard": True}})
    assert markup == {"keyboard": [[{"text": "Статус"}, {"text": "Стоп"}]], "resize_keyboard": True}


@pytest.mark.parametrize("markup", [None, "", {}, {"unknown": 1}])
def test_no_markup_is_none(markup):
    assert read_markup({"reply_markup": markup}) is None


def test_removing_a_keyboard_passes_through():
    assert read_markup({"reply_markup": {"remove_keyboard": True}}) == {"remove_keyboard": True}


def test_numbers_and_flags_come_as_text_or_json():
    assert integer({"x": "5"}, "x") == integer({"x": 5}, "x") == integer({}, "x", 5) == integer({"x": ""}, "x", 5) == 5
    assert "expected an Integer" in refusal(lambda p: integer(p, "x"), {"x": "five"})
    assert flag({"x": True}, "x")
    assert flag({"x": "true"}, "x")
    assert not flag({"x": "false"}, "x")
    assert not flag({}, "x")


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Start", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "", "description": "x"}], "BOT_COMMAND_INVALID"),
        (["start"], "BOT_COMMAND_INVALID"),
        ([{"command": "start", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ("no", "can't parse commands JSON object"),
        ({}, "expected an Array of BotCommand"),
    ],
)
def test_commands_that_break_the_rules_are_refused(commands, words):
    assert words in refusal(read_commands, {"commands": commands})


def test_good_commands_pass():
    commands = [{"command": "start", "description": "Начать"}]
    assert read_commands({"commands": orjson.dumps(commands).decode()}) == commands
