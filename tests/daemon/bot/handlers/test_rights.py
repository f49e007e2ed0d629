"""/delete asks back; the harmless answer stands first."""

from tests.fakes.conversation import keys


async def test_deletion_is_asked_back_with_keeping_first(bot):
    async with bot.running():
        [question] = await bot.chat.say("/delete")
        assert [row[0].argument for row in question.keyboard] == ["no", "yes"]


async def test_old_deletion_button_still_needs_only_itself(bot):
    async with bot.running():
        await bot.chat.say("/delete")
        await bot.chat.press(0)
        button = bot.chat.find_button(1)
        assert keys(await bot.chat.press_button(button))[-1] == "onboarding.deleted"
        assert keys(await bot.chat.press_button(button))[-1] == "onboarding.deleted"
