"""Messages mended as Telegram's refusals say."""

import pytest

from daemon.outbox.attempt import Attempt
from daemon.outbox.message import Button, Text, UrlButton, Verbatim
from daemon.outbox.payload import SAY, Parcel
from daemon.outbox.rendering import Renderer
from telegram_client.errors import BadRequest
from tests.daemon.outbox.conftest import SIGNER, TEXTS
from tests.fakes.transport import Script, failure, make_client, ok

RENDERER = Renderer(TEXTS, SIGNER)
SENT = ok({"message_id": 5})
MALFORMED = failure(400, "Bad Request: can't parse entities: Unexpected end tag at byte offset 9")
TOO_LONG = failure(400, "Bad Request: message is too long")
BAD_LINK = failure(400, "Bad Request: inline keyboard button URL 'http://127.0.0.1' is invalid: Wrong HTTP URL")


def attempt_of(parcel):
    return Attempt.of(RENDERER, parcel, 42, "en")


async def send_all(parcel, *answers):
    script = Script(sendMessage=list(answers))
    attempt = attempt_of(parcel)
    while attempt.is_left:
        await attempt.send_next(make_client(script))
    return [params for _, params in script.calls]


async def test_pieces_go_in_order_and_buttons_with_the_last():
    parcel = Parcel(SAY, Text("t.plain", {"text": "x" * 5000}), keyboard=((Button(Verbatim("a"), "a"),),))
    first, second = await send_all(parcel, SENT)
    assert (len(first["text"]), len(second["text"])) == (4096, 904)
    assert "reply_markup" not in first
    assert "reply_markup" in second


async def test_sending_goes_on_after_the_pieces_that_are_out():
    [call] = await send_all(Parcel(SAY, Text("t.plain", {"text": "x" * 5000}), parts_sent=1), SENT)
    assert len(call["text"]) == 904


async def test_markup_telegram_can_not_read_is_sent_as_plain_text():
    refused, plain = await send_all(Parcel(SAY, Text("t.hello", {"name": "<3"})), MALFORMED, SENT)
    assert refused["parse_mode"] == "HTML"
    assert "parse_mode" not in plain
    assert plain["text"] == "Hello, <3"


async def test_plain_text_that_is_refused_too_is_an_error():
    with pytest.raises(BadRequest):
        await send_all(Parcel(SAY, Text("t.ok")), MALFORMED)


async def test_text_too_long_for_telegram_is_cut_smaller():
    calls = await send_all(Parcel(SAY, Text("t.plain", {"text": "x" * 4000})), TOO_LONG, SENT)
    assert [len(call["text"]) for call in calls] == [4000, 2048, 1952]


async def test_plain_text_is_cut_smaller_too():
    calls = await send_all(Parcel(SAY, Text("t.plain", {"text": "😀" * 1500})), MALFORMED, TOO_LONG, SENT)
    assert "".join(call["text"] for call in calls[2:]) == "😀" * 1500


async def test_text_that_is_always_too_long_is_an_error():
    with pytest.raises(BadRequest):
        await send_all(Parcel(SAY, Text("t.plain", {"text": "x" * 4000})), TOO_LONG)


async def test_link_telegram_refuses_is_said_as_text():
    keyboard = ((UrlButton(Verbatim("Login"), "http://127.0.0.1/"), Button(Verbatim("Later"), "later")),)
    _, mended = await send_all(Parcel(SAY, Text("t.ok"), keyboard=keyboard), BAD_LINK, SENT)
    assert mended["text"] == "Yes\n\nLogin: http://127.0.0.1/"
    assert [button["text"] for button in mended["reply_markup"]["inline_keyboard"][0]] == ["Later"]


async def test_button_that_is_refused_for_another_reason_is_an_error():
    keyboard = ((Button(Verbatim("Later"), "later"),),)
    with pytest.raises(BadRequest):
        await send_all(Parcel(SAY, Text("t.ok"), keyboard=keyboard), BAD_LINK)


async def test_edit_puts_the_first_piece_into_the_message():
    script = Script(editMessageText=[MALFORMED, ok(True)])
    await attempt_of(Parcel("edit", Text("t.hello", {"name": "x"}))).edit(make_client(script), 7)
    assert [params["message_id"] for _, params in script.calls] == [7, 7]
    assert script.calls[1][1]["text"] == "Hello, x"


async def test_edit_that_is_refused_is_an_error():
    with pytest.raises(BadRequest):
        await attempt_of(Parcel("edit", Text("t.ok"))).edit(
            make_client(Script(editMessageText=failure(400, "Bad Request: message is not modified"))), 7
        )
