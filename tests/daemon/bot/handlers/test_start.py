"""/start, /cancel, and everything nobody has a command for: there is always an answer."""

import pytest

from daemon.outbox.payload import SAY
from tests.fakes.conversation import keys


@pytest.mark.parametrize(
    ("wish", "key"), [("running", "bot.back_running"), ("paused", "bot.back_paused"), ("stopped", "bot.back_stopped")]
)
async def test_start_welcomes_back_who_is_set_up(bot, wish, key):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.hunts.set_wish(7, wish, by="person", reason="", now=0))
        [answer] = await bot.chat.say("/start")
        assert (answer.text.key, answer.has_menu) == (key, True)
        assert (await bot.hunt()).wish == wish


async def test_start_is_the_way_back_from_a_captcha(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.hunts.rest(7, None, "captcha", "https://board.example/captcha"))
        await bot.chat.say("/start captcha")
        assert (await bot.hunt()).rest_reason is None


async def test_start_does_not_end_a_rest_for_the_limit(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.hunts.rest(7, 99, "limit"))
        await bot.chat.say("/start")
        assert (await bot.hunt()).rest_reason == "limit"


async def test_cancel_leaves_and_says_how_to_go_on(bot):
    async with bot.running():
        await bot.chat.say("/start")
        assert keys(await bot.chat.say("/cancel")) == ["edit onboarding.language", "bot.left"]
        assert keys(await bot.chat.say("/cancel")) == ["bot.nothing_to_leave"]


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ({"text": "привет"}, "bot.not_understood"),
        ({"text": "\u202eпривет 🙂 " + "а" * 10_000}, "bot.not_understood"),
        ({"text": "/nonsense"}, "bot.unknown_command"),
        ({"text": "/"}, "bot.unknown_command"),
        ({"sticker": {"file_id": "x"}}, "bot.only_text"),
        ({"photo": [{}], "caption": "/start"}, "bot.only_text"),
        ({"voice": {}}, "bot.only_text"),
        ({"location": {"latitude": 1}}, "bot.only_text"),
        ({"contact": {"phone_number": "1"}}, "bot.only_text"),
        ({"dice": {"emoji": "🎲"}}, "bot.only_text"),
        ({"text": "вот", "forward_origin": {"type": "channel"}}, "bot.not_understood"),
    ],
)
async def test_anything_gets_one_answer(bot, message, key):
    async with bot.running():
        assert keys(await bot.chat.send(message)) == [key]


async def test_edited_message_gets_an_answer(bot):
    async with bot.running():
        edited = {"message_id": 1, "date": 0, "chat": bot.chat.chat, "from": bot.chat.person, "text": "иначе"}
        assert keys(await bot.chat.update({"edited_message": edited})) == ["bot.edit_unread"]


@pytest.mark.parametrize("command", ["/help", "/privacy", "/terms", "/paysupport", "/status", "/settings", "/history"])
async def test_command_in_the_middle_is_answered_and_the_place_is_kept(bot, command):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        button = bot.chat.find_button(0)
        [answer] = await bot.chat.say(command)
        assert answer.act == SAY
        assert keys(await bot.chat.press_button(button)) == ["edit dialogs.chosen", "onboarding.connect"]


async def test_double_press_counts_once(bot):
    async with bot.running():
        await bot.chat.say("/start")
        button = bot.chat.find_button(0)
        assert keys(await bot.chat.press_button(button)) == ["edit dialogs.chosen", "onboarding.consent"]
        assert keys(await bot.chat.press_button(button)) == ["press dialogs.question_closed"]
        assert keys(await bot.chat.say("/start")) == ["onboarding.consent"]
