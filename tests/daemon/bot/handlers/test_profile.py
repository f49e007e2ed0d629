"""/connect /resume /query for people who have agreed to nothing yet."""

import pytest

from tests.fakes.conversation import keys


@pytest.mark.parametrize("command", ["/connect", "/resume", "/query"])
async def test_nothing_is_connected_before_consent(bot, command):
    async with bot.running():
        assert keys(await bot.chat.say(command)) == ["onboarding.hello", "onboarding.language"]


@pytest.mark.parametrize("command", ["/connect", "/resume", "/query"])
async def test_open_question_about_something_else_is_said_to_come_first(bot, command):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/settings")
        (question,) = keys(await bot.chat.press("bot.button.words"))
        assert keys(await bot.chat.say(command)) == ["dialogs.this_first", question]


async def test_first_dialog_leads_to_its_parts_by_itself(bot):
    async with bot.running():
        *_, question = keys(await bot.chat.say("/start"))
        assert keys(await bot.chat.say("/resume")) == [question]


async def test_dialog_left_in_the_middle_does_not_block_its_parts(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        await bot.chat.say("/cancel")
        assert keys(await bot.chat.say("/connect")) == ["onboarding.connect"]


async def test_event_nobody_waits_for_is_no_trouble(bot):
    async with bot.running():
        assert await bot.chat.event("timer_due", timer="gone") == []
        assert await bot.chat.event("something_of_a_later_release") == []
