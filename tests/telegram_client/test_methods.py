"""Typed wrappers: what goes out, what comes back."""

import pytest

from telegram_client import methods
from telegram_client.errors import ServerTrouble
from telegram_client.multipart import InputFile
from tests.fakes.transport import Script, make_client, ok


async def call(function, *args, answer=True, **kwargs):
    script = Script()
    name = "".join(part.capitalize() for part in function.__name__.split("_"))
    script.answers[name[0].lower() + name[1:]] = [ok(answer)]
    result = await function(make_client(script), *args, **kwargs)
    return script.calls, result


async def test_get_me_tells_who_the_bot_is():
    calls, user = await call(methods.get_me, answer={"id": 5, "is_bot": True, "first_name": "A", "username": "a_bot"})
    assert calls == [("getMe", {})]
    assert user.username == "a_bot"


async def test_result_of_another_shape_is_server_trouble():
    with pytest.raises(ServerTrouble, match="getMe"):
        await call(methods.get_me, answer={"nothing": 1})


async def test_get_updates_asks_from_the_offset():
    calls, _ = await call(methods.get_updates, 8, timeout_seconds=25, limit=3, answer=[])
    assert calls == [("getUpdates", {"timeout": 25, "limit": 3, "allowed_updates": [], "offset": 8})]


async def test_first_get_updates_has_no_offset():
    calls, _ = await call(methods.get_updates, None, timeout_seconds=0, answer=[])
    assert calls == [("getUpdates", {"timeout": 0, "limit": 100, "allowed_updates": []})]


async def test_message_is_html_without_preview_unless_said():
    calls, message_id = await call(methods.send_message, 42, "<b>x</b>", answer={"message_id": 9})
    assert calls[0][1] == {
        "chat_id": 42,
        "text": "<b>x</b>",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    assert message_id == 9


async def test_plain_message_with_keyboard_and_preview():
    calls, _ = await call(
        methods.send_message, 42, "x", reply_markup={"inline_keyboard": []}, link_preview=True, is_html=False
    )
    assert calls[0][1] == {"chat_id": 42, "text": "x", "reply_markup": {"inline_keyboard": []}}


async def test_answer_without_a_message_id_gives_none():
    _, message_id = await call(methods.send_message, 42, "x", answer=True)
    assert message_id is None


async def test_edit_names_chat_and_message():
    calls, _ = await call(methods.edit_message_text, 42, 7, "x", reply_markup={"inline_keyboard": []})
    assert calls[0][1]["message_id"] == 7
    assert calls[0][1]["reply_markup"] == {"inline_keyboard": []}
    calls, _ = await call(methods.edit_message_text, 42, 7, "x", is_html=False, link_preview=True)
    assert calls[0][1] == {"chat_id": 42, "message_id": 7, "text": "x"}


async def test_buttons_can_be_changed_or_taken_away():
    calls, _ = await call(methods.edit_message_reply_markup, 42, 7)
    assert calls[0][1] == {"chat_id": 42, "message_id": 7}
    calls, _ = await call(methods.edit_message_reply_markup, 42, 7, {"inline_keyboard": []})
    assert "reply_markup" in calls[0][1]


async def test_message_can_be_deleted():
    calls, _ = await call(methods.delete_message, 42, 7)
    assert calls == [("deleteMessage", {"chat_id": 42, "message_id": 7})]


async def test_press_is_answered_with_or_without_words():
    calls, _ = await call(methods.answer_callback_query, "id")
    assert calls[0][1] == {"callback_query_id": "id"}
    calls, _ = await call(methods.answer_callback_query, "id", "w" * 300, is_alert=True)
    assert calls[0][1] == {"callback_query_id": "id", "text": "w" * 200, "show_alert": True}


async def test_typing_is_shown():
    calls, _ = await call(methods.send_chat_action, 42)
    assert calls[0][1] == {"chat_id": 42, "action": "typing"}


async def test_document_is_uploaded():
    calls, message_id = await call(
        methods.send_document, 42, InputFile("cv.txt", b"words"), caption="mine", answer={"message_id": 3}
    )
    assert b"words" in calls[0][1]
    assert b"mine" in calls[0][1]
    assert message_id == 3


async def test_file_says_where_it_is():
    _, file = await call(methods.get_file, "F", answer={"file_id": "F", "file_path": "documents/1.pdf"})
    assert file.file_path == "documents/1.pdf"


async def test_webhook_is_set_without_dropping_updates():
    calls, _ = await call(methods.set_webhook, "https://x", secret="s", max_connections=7)
    [(method, params)] = calls
    assert method == "setWebhook"
    assert (params["url"], params["secret_token"], params["max_connections"]) == ("https://x", "s", 7)
    assert (params["allowed_updates"], params["drop_pending_updates"]) == ([], False)


async def test_webhook_is_found_and_deleted_without_dropping_updates():
    _, info = await call(methods.get_webhook_info, answer={"url": "https://x", "pending_update_count": 4})
    assert info.url == "https://x"
    calls, _ = await call(methods.delete_webhook)
    assert calls[0][1] == {"drop_pending_updates": False}


async def test_commands_are_set_per_language():
    calls, _ = await call(methods.set_my_commands, [("help", "Help")], language_code="en")
    assert calls[0][1] == {"commands": [{"command": "help", "description": "Help"}], "language_code": "en"}
    calls, _ = await call(methods.set_my_commands, [("help", "Help")])
    assert "language_code" not in calls[0][1]
