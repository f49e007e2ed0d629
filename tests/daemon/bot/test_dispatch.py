"""Whoever sends whatever: strangers, groups, forged and ancient buttons, old keyboards, unknown updates."""

import pytest

from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.message import Button, Text
from tests.fakes.conversation import keys


async def user(bot, user_id=7):
    return await bot.store.users.get(user_id)


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("uk", "ru"), ("kk", "ru"), ("be", "ru"), ("en-GB", "en"), ("de", "en"), (None, "ru")],
)
async def test_stranger_is_registered_in_the_language_of_their_client(bot, code, language):
    bot.chat.language_code = code
    async with bot.running():
        await bot.chat.say("/help")
        assert (await user(bot)).language == language


async def test_stranger_who_presses_is_registered(bot):
    async with bot.running():
        assert keys(await bot.chat.press_button(Button(Text("x"), "status"))) == ["bot.no_hunt"]
        assert await user(bot) is not None


async def test_stranger_in_a_dialog_is_registered_with_it(bot):
    async with bot.running():
        await bot.chat.say("/start")
        assert await user(bot) is not None


async def test_known_person_keeps_their_language(bot):
    async with bot.running():
        await bot.chat.say("/language")
        await bot.chat.press(1)
        await bot.chat.say("/help")
        assert (await user(bot)).language == "en"


async def test_blocked_person_who_writes_again_can_be_reached(bot):
    async with bot.running():
        await bot.chat.say("/help")
        await bot.store.write(bot.store.users.set_blocked(7, 5))
        await bot.chat.say("/help")
        assert (await user(bot)).blocked_at is None


# Buttons.


async def test_button_of_another_person_does_nothing_and_says_so(bot):
    async with bot.running():
        other = bot.chat.beside(8)
        await bot.chat.say("/start")
        await other.say("/start")
        mine = bot.chat.find_button(0)
        stolen = bot.signer.sign(7, mine.action, mine.argument)
        assert keys(await other.press_data(stolen)) == ["press bot.strange_button"]
        assert keys(await other.say("/start")) == ["onboarding.language"]


@pytest.mark.parametrize("data", ["", "x", "answer:1.2.forged", "🙂" * 16, "a:b.c", "answer:" + "9" * 50])
async def test_button_of_no_signature_does_nothing_and_says_so(bot, data):
    async with bot.running():
        assert keys(await bot.chat.press_data(data)) == ["press bot.strange_button"]


async def test_button_of_another_bot_or_year_does_nothing_and_says_so(bot):
    async with bot.running():
        other_key = ButtonSigner(b"o" * 32).sign(7, "status", "")
        assert keys(await bot.chat.press_data(other_key)) == ["press bot.strange_button"]
        unknown = bot.signer.sign(7, "action_of_last_year", "")
        assert keys(await bot.chat.press_data(unknown)) == ["press bot.strange_button"]


# Keyboards and groups.


async def test_old_keyboard_button_is_answered_and_upgraded(bot):
    async with bot.running():
        await bot.onboard()
        heard = await bot.chat.say("📊 Мой прогресс")
        assert heard[0].text.key == "bot.menu_updated"
        assert heard[0].has_menu
        assert heard[1].text.key == "bot.lines"


async def test_old_keyboard_button_that_begins_a_dialog_is_upgraded_too(bot):
    async with bot.running():
        heard = keys(await bot.chat.say("▶️ Запустить автопилот"))
        assert heard == ["bot.menu_updated", "onboarding.hello", "onboarding.language"]


def group_message(text, chat_type="supergroup"):
    chat = {"id": -100, "type": chat_type, "title": "Группа"}
    return {"message": {"message_id": 1, "date": 0, "chat": chat, "from": {"id": 7}, "text": text}}


@pytest.mark.parametrize("chat_type", ["group", "supergroup", "channel"])
async def test_group_is_told_to_write_in_private(bot, chat_type):
    async with bot.running():
        assert keys(await bot.chat.update(group_message("/start@AuroraBot", chat_type))) == ["bot.private_only"]
        assert await user(bot) is None


async def test_group_chatter_is_left_alone(bot):
    async with bot.running():
        assert await bot.chat.update(group_message("всем привет")) == []


async def test_press_in_a_group_is_answered(bot):
    async with bot.running():
        chat = {"id": -100, "type": "group"}
        query = {"id": "q", "from": {"id": 7}, "data": "x", "message": {"message_id": 1, "date": 0, "chat": chat}}
        assert keys(await bot.chat.update({"callback_query": query})) == ["press bot.private_only"]


@pytest.mark.parametrize(
    "content",
    [
        {"inline_query": {"id": "1", "from": {"id": 7}, "query": ""}},
        {"channel_post": {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "channel"}}},
        {"something_of_2030": {"from": {"id": 7}}},
        {"poll": {"id": "1"}},
    ],
)
async def test_update_of_an_unknown_kind_is_no_trouble(bot, content):
    async with bot.running():
        assert await bot.chat.update(content) == []


async def test_empty_arrival_is_no_trouble(bot):
    async with bot.running():
        assert await bot.chat.event("unheard_of") == []
