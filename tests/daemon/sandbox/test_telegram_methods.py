"""Each method as a bot meets it, through the double's door."""

from __future__ import annotations

import pytest
import trio

from daemon.clock import SECOND
from daemon.sandbox.telegram_methods import DELETE_WINDOW_SECONDS, METHODS, QUERY_LIVES_SECONDS
from daemon.sandbox.telegram_updates import Webhook

KEYBOARD = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}, {"text": "hh", "url": "http://127.0.0.1/x"}]]}


async def test_get_me_names_the_bot(bot):
    me = await bot.call("getMe")
    assert me["is_bot"] is True
    assert me["username"].endswith("bot")


async def test_a_sent_message_comes_back_as_the_server_keeps_it(bot, anna):
    sent = await bot.call(
        "sendMessage", chat_id=anna, text="<b>Да</b> &amp; нет", parse_mode="HTML", reply_markup=KEYBOARD
    )
    assert sent["text"] == "Да & нет"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["reply_markup"] == KEYBOARD
    assert sent["chat"]["id"] == anna


async def test_a_message_stands_in_the_log_with_links_and_buttons(bot, anna, world_log):
    text = '<a href="https://hh.ru/vacancy/7">Сварщик</a>'
    await bot.call("sendMessage", chat_id=str(anna), text=text, parse_mode="HTML", reply_markup=KEYBOARD)
    act = list(world_log.acts("message"))[-1]
    assert act.get("text") == "Сварщик"
    assert act.get("links") == "https://hh.ru/vacancy/7\nhttp://127.0.0.1/x"
    assert act.get("buttons") == "Да\nhh"


@pytest.mark.parametrize(
    ("chat_id", "words"),
    [
        (None, "Bad Request: chat_id is empty"),
        ("@somebody", "Bad Request: chat not found"),
        (404, "Bad Request: chat not found"),
    ],
)
async def test_a_chat_that_is_none_is_refused(bot, chat_id, words):
    assert await bot.refusal("sendMessage", chat_id=chat_id, text="x") == words


async def test_a_blocked_bot_is_told_so(bot, people, anna):
    people.block(anna)
    assert await bot.refusal("sendMessage", chat_id=anna, text="x") == "Forbidden: bot was blocked by the user"
    people.unblock(anna)
    await bot.call("sendMessage", chat_id=anna, text="x")


async def test_reply_keyboards_stay_until_removed(bot, anna, telegram):
    await bot.call("sendMessage", chat_id=anna, text="x", reply_markup={"keyboard": [["Статус"]]})
    assert telegram.state.reply_keyboards[anna]["keyboard"] == [[{"text": "Статус"}]]
    await bot.call("sendMessage", chat_id=anna, text="y")
    assert anna in telegram.state.reply_keyboards
    await bot.call("sendMessage", chat_id=anna, text="z", reply_markup={"remove_keyboard": True})
    assert anna not in telegram.state.reply_keyboards


async def test_an_edit_changes_text_and_keyboard(bot, anna, world_log):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    edited = await bot.call("editMessageText", chat_id=anna, message_id=sent["message_id"], text="b")
    assert edited["text"] == "b"
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= edited["date"]
    assert [act.get("text") for act in world_log.acts("edit")] == ["b"]


async def test_an_edit_that_changes_nothing_is_refused(bot, anna):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    where = {"chat_id": anna, "message_id": sent["message_id"]}
    words = await bot.refusal("editMessageText", **where, text=" a ", reply_markup=KEYBOARD)
    assert words.startswith("Bad Request: message is not modified: specified new message content and reply markup are")
    words = await bot.refusal("editMessageReplyMarkup", **where, reply_markup=KEYBOARD)
    assert words.startswith("Bad Request: message is not modified")


async def test_a_keyboard_can_be_taken_off_alone(bot, anna):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    edited = await bot.call("editMessageReplyMarkup", chat_id=anna, message_id=sent["message_id"])
    assert (edited["text"], "reply_markup" in edited) == ("a", False)


async def test_only_messages_of_the_bot_can_be_edited(bot, anna, people):
    theirs = people.messages(anna)[0].message_id
    assert (
        await bot.refusal("editMessageText", chat_id=anna, message_id=theirs, text="x")
        == "Bad Request: message can't be edited"
    )
    assert (
        await bot.refusal("editMessageText", chat_id=anna, message_id=999, text="x")
        == "Bad Request: message to edit not found"
    )


async def test_a_message_can_be_deleted_for_two_days(bot, anna, autojump_clock):
    first = await bot.call("sendMessage", chat_id=anna, text="a")
    second = await bot.call("sendMessage", chat_id=anna, text="b")
    assert await bot.call("deleteMessage", chat_id=anna, message_id=first["message_id"]) is True
    assert (
        await bot.refusal("deleteMessage", chat_id=anna, message_id=first["message_id"])
        == "Bad Request: message to delete not found"
    )
    await trio.sleep(DELETE_WINDOW_SECONDS + 1)
    assert "can't be deleted" in await bot.refusal("deleteMessage", chat_id=anna, message_id=second["message_id"])


async def test_a_press_is_answered_once(bot, anna, people, world_log):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    query = people.press(anna, sent["message_id"])
    assert await bot.call("answerCallbackQuery", callback_query_id=query, text="Хорошо") is True
    assert (await bot.refusal("answerCallbackQuery", callback_query_id=query)).startswith(
        "Bad Request: query is too old"
    )
    assert [act.get("text") for act in world_log.acts("press_answered")] == ["Хорошо"]


async def test_a_press_waits_for_its_answer_only_so_long(bot, anna, people, autojump_clock):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    query = people.press(anna, sent["message_id"])
    await trio.sleep(QUERY_LIVES_SECONDS + 1)
    assert (await bot.refusal("answerCallbackQuery", callback_query_id=query)).startswith(
        "Bad Request: query is too old"
    )


async def test_an_answer_to_a_press_is_short(bot, anna, people):
    sent = await bot.call("sendMessage", chat_id=anna, text="a", reply_markup=KEYBOARD)
    query = people.press(anna, sent["message_id"])
    assert (
        await bot.refusal("answerCallbackQuery", callback_query_id=query, text="x" * 201)
        == "Bad Request: MESSAGE_TOO_LONG"
    )


async def test_webhook_and_polling_exclude_each_other(bot):
    assert "HTTPS" in await bot.refusal("setWebhook", url="http://example.com")
    await bot.call("setWebhook", url="https://example.com/hook")
    assert (await bot.call("getWebhookInfo"))["url"] == "https://example.com/hook"
    assert "webhook is active" in await bot.refusal("getUpdates")
    await bot.call("deleteWebhook", drop_pending_updates=True)
    assert await bot.call("getUpdates") == []
    assert (await bot.call("getWebhookInfo"))["url"] == ""


async def test_webhook_takes_a_secret_of_plain_letters(bot):
    await bot.call("setWebhook", url="http://127.0.0.1:8080/hook", secret_token="Abc_-9", max_connections=500)
    assert bot.double.state.updates.webhook == Webhook("http://127.0.0.1:8080/hook", "Abc_-9", 100)
    assert "unallowed" in await bot.refusal("setWebhook", url="https://example.com", secret_token="ключ")


async def test_updates_come_by_polling(bot, anna, autojump_clock):
    first = (await bot.call("getUpdates", limit=1))[0]
    assert first["message"]["text"] == "/start"
    assert first["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert await bot.call("getUpdates", offset=first["update_id"] + 1, timeout=1, allowed_updates='["message"]') == []


async def test_commands_are_kept_by_scope_and_language(bot):
    commands = [{"command": "start", "description": "Начать"}]
    await bot.call("setMyCommands", commands=commands, language_code="ru", scope={"type": "all_private_chats"})
    assert await bot.call("getMyCommands") == []
    assert await bot.call("getMyCommands", language_code="ru", scope='{"type": "all_private_chats"}') == commands
    await bot.call("deleteMyCommands", language_code="ru", scope={"type": "all_private_chats"})
    assert await bot.call("getMyCommands", language_code="ru", scope={"type": "all_private_chats"}) == []


async def test_chat_actions_are_checked(bot, anna, world_log):
    assert await bot.call("sendChatAction", chat_id=anna, action="typing") is True
    assert (
        await bot.refusal("sendChatAction", chat_id=anna, action="dance")
        == "Bad Request: wrong parameter action in request"
    )
    assert world_log.count("chat_action") == 1


async def test_a_file_of_a_person_can_be_fetched(bot, anna, people):
    document = people.send_document(anna, "cv.txt", b"resume").extra["document"]
    found = await bot.call("getFile", file_id=document["file_id"])
    assert (found["file_size"], found["file_path"].endswith(".txt")) == (6, True)
    assert await bot.refusal("getFile", file_id="nothing") == "Bad Request: invalid file_id"


async def test_a_file_over_twenty_megabytes_cannot_be_fetched(bot, anna, people):
    document = people.send_document(anna, "big.bin", bytes(20 * 1024 * 1024 + 1)).extra["document"]
    assert await bot.refusal("getFile", file_id=document["file_id"]) == "Bad Request: file is too big"


async def test_a_document_can_be_sent_again_by_its_id(bot, anna, people):
    document = people.send_document(anna, "cv.txt", b"resume").extra["document"]
    sent = await bot.call(
        "sendDocument", chat_id=anna, document=document["file_id"], caption="<b>x</b>", parse_mode="HTML"
    )
    assert (sent["document"]["file_size"], sent["caption"]) == (6, "x")
    assert await bot.refusal("sendDocument", chat_id=anna, document="no") == "Bad Request: wrong file_id"
    assert await bot.refusal("sendDocument", chat_id=anna) == "Bad Request: there is no document in the request"


async def test_methods_for_looks_are_accepted(bot):
    assert await bot.call("setMyDescription", description="x") is True


def test_names_are_kept_in_lower_case():
    assert all(name == name.lower() for name in METHODS)
    assert QUERY_LIVES_SECONDS * SECOND < 24 * 3600 * SECOND
