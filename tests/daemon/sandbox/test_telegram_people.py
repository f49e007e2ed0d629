"""What people can do to the bot."""

from __future__ import annotations

import pytest

from daemon.sandbox.telegram_people import FIRST_PERSON, NothingToPress

KEYBOARD = {
    "inline_keyboard": [[{"text": "Да", "callback_data": "yes"}], [{"text": "hh", "url": "http://127.0.0.1/x"}]]
}


async def updates(bot):
    return await bot.call("getUpdates")


async def last(bot, kind):
    return (await updates(bot))[-1][kind]


async def test_people_get_their_own_ids(people):
    first, second = people.add("Анна"), people.add("Ben", language="en", user_id=100_500)
    third = people.add("Вера")
    assert (second.user_id, third.user_id) == (100_500, 100_501)
    assert first.user_id == FIRST_PERSON


async def test_a_text_becomes_an_update(bot, people, anna, world_log):
    people.send_text(anna, "привет")
    message = await last(bot, "message")
    assert (message["text"], message["from"]["language_code"], "entities" in message) == ("привет", "ru", False)
    act = list(world_log.acts("update"))[-1]
    assert (act.get("chat"), act.get("what"), act.get("holds"), act.get("text")) == (anna, "message", "text", "привет")


async def test_a_long_text_comes_in_pieces(bot, people, anna):
    people.send_text(anna, "👍" * 5000)
    lengths = [len(update["message"]["text"]) for update in (await updates(bot))[1:]]
    assert lengths == [2048, 2048, 904]


async def test_a_press_carries_the_buttons_data(bot, people, anna):
    sent = await bot.call("sendMessage", chat_id=anna, text="?", reply_markup=KEYBOARD)
    query = people.press(anna, sent["message_id"])
    update = await last(bot, "callback_query")
    assert (update["id"], update["data"], update["from"]["id"]) == (query, "yes", anna)
    assert update["message"]["message_id"] == sent["message_id"]


async def test_only_what_is_there_can_be_pressed(bot, people, anna):
    sent = await bot.call("sendMessage", chat_id=anna, text="?", reply_markup=KEYBOARD)
    for row, column in ((0, 1), (2, 0)):
        with pytest.raises(NothingToPress):
            people.press(anna, sent["message_id"], row, column)
    with pytest.raises(NothingToPress, match="sends nothing"):
        people.press(anna, sent["message_id"], 1, 0)
    with pytest.raises(NothingToPress, match="no message"):
        people.press(anna, 999)


async def test_a_button_of_last_year_can_still_be_pressed(bot, people, anna):
    people.press_data(anna, 12345, "old:data")
    update = await last(bot, "callback_query")
    assert update["data"] == "old:data"
    assert "message" not in update


@pytest.mark.parametrize("what", ["sticker", "photo", "document"])
async def test_things_come_where_text_is_asked(bot, people, anna, what):
    send = {
        "sticker": lambda: people.send_sticker(anna),
        "photo": lambda: people.send_photo(anna, "смотри"),
        "document": lambda: people.send_document(anna, "a.txt", b"x"),
    }
    send[what]()
    message = await last(bot, "message")
    assert what in message
    assert "text" not in message
    assert message.get("caption") == ("смотри" if what == "photo" else None)


async def test_a_forwarded_message_says_so(bot, people, anna):
    people.forward_text(anna, "вакансия")
    message = await last(bot, "message")
    assert message["forward_origin"]["type"] == "hidden_user"
    assert message["text"] == "вакансия"


async def test_a_person_may_edit_what_they_wrote(bot, people, anna):
    sent = people.send_text(anna, "раз")
    people.edit_text(anna, sent.message_id, "два")
    assert (await last(bot, "edited_message"))["text"] == "два"


async def test_blocking_tells_the_bot_and_writing_unblocks(bot, people, anna):
    people.block(anna)
    people.block(anna)
    member = await last(bot, "my_chat_member")
    assert (member["old_chat_member"]["status"], member["new_chat_member"]["status"]) == ("member", "kicked")
    people.send_text(anna, "/start")
    kinds = [next(k for k in update if k != "update_id") for update in (await updates(bot))[1:]]
    assert kinds == ["my_chat_member", "my_chat_member", "message"]


async def test_a_deleted_account_cannot_be_written_to(bot, people, anna):
    people.deactivate(anna)
    assert await bot.refusal("sendMessage", chat_id=anna, text="x") == "Forbidden: user is deactivated"


async def test_the_newest_message_of_the_bot_is_found(bot, people, anna):
    assert people.last_from_bot(anna) is None
    await bot.call("sendMessage", chat_id=anna, text="a")
    people.send_text(anna, "b")
    assert people.last_from_bot(anna).text == "a"
