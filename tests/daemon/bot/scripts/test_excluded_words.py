"""Words a vacancy must not hold: typed, kept, cleared."""

import pytest

from daemon.autopilot.wishes import SearchWishes
from tests.fakes.conversation import keys


async def open_words(bot):
    await bot.chat.say("/settings")
    return await bot.chat.press("bot.button.words")


async def words(bot):
    return SearchWishes.parse((await bot.hunt()).excluded).words


async def test_typed_words_are_kept(bot):
    async with bot.running():
        assert keys(await open_words(bot)) == ["onboarding.words"]
        assert keys(await bot.chat.say("продажи, холодные звонки"))[-1] == "onboarding.words_set"
        assert await words(bot) == ("продажи", "холодные звонки")


async def test_other_wishes_stay(bot):
    async with bot.running():
        await bot.onboard()
        wishes = SearchWishes(employers=("Рога и копыта",)).dump()
        await bot.store.write(bot.store.hunts.set_excluded(7, wishes))
        await open_words(bot)
        await bot.chat.say("продажи")
        assert SearchWishes.parse((await bot.hunt()).excluded).employers == ("Рога и копыта",)


async def test_words_are_kept_or_cleared_by_a_button(bot):
    async with bot.running():
        await open_words(bot)
        await bot.chat.say("продажи")
        await open_words(bot)
        assert keys(await bot.chat.press(0))[-1] == "onboarding.words_kept"
        await open_words(bot)
        assert keys(await bot.chat.press("onboarding.button.words_clear"))[-1] == "onboarding.words_cleared"
        assert await words(bot) == ()


@pytest.mark.parametrize("text", ["—", ", ;", "🙂"])
async def test_no_words_are_no_answer(bot, text):
    async with bot.running():
        await open_words(bot)
        assert keys(await bot.chat.say(text)) == ["onboarding.words_none"]
