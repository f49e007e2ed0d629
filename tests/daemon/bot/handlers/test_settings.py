"""/settings: changed in place by buttons, before a hunt exists and after."""

import pytest

from daemon.outbox.message import Button, Text
from tests.daemon.bot.conftest import TEXTS


async def card(bot):
    [parcel] = await bot.chat.say("/settings")
    return TEXTS.render(parcel.text, "ru")


async def choose(bot, page, action, argument):
    await bot.chat.press_button(Button(Text("x"), "settings", page))
    return await bot.chat.press_button(Button(Text("x"), action, argument))


async def test_settings_can_be_chosen_before_the_first_hunt(bot):
    async with bot.running():
        assert "не больше 40" in await card(bot)
        _, shown = await choose(bot, "limit", "limit", "20")
        assert "не больше 20" in TEXTS.render(shown.text, "ru")
        assert (await bot.hunt()).daily_limit == 20
        await bot.onboard()
        hunt = await bot.hunt()
        assert (hunt.daily_limit, hunt.wish) == (20, "running")


async def test_approval_is_a_choice_with_auto_first(bot):
    async with bot.running():
        await bot.onboard()
        await card(bot)
        page = (await bot.chat.press("bot.button.approval"))[1]
        assert [row[0].label.key for row in page.keyboard] == [
            "bot.button.approval_auto",
            "bot.button.approval_approve",
            "bot.button.back",
        ]
        await bot.chat.press_button(page.keyboard[1][0])
        assert (await bot.hunt()).approval == "approve"
        assert "сначала показываю вам" in await card(bot)


@pytest.mark.parametrize(
    ("action", "argument"), [("limit", "100000"), ("limit", "-1"), ("approval", "never"), ("limit", "")]
)
async def test_values_that_were_never_offered_change_nothing(bot, action, argument):
    async with bot.running():
        await bot.onboard()
        before = await bot.hunt()
        await bot.chat.press_button(Button(Text("x"), action, argument))
        assert await bot.hunt() == before


async def test_way_back_shows_the_front(bot):
    async with bot.running():
        await card(bot)
        _, page = await bot.chat.press("bot.button.limit")
        assert page.text.key == "bot.settings.limit_page"
        _, front = await bot.chat.press_button(page.keyboard[-1][0])
        assert "Настройки" in TEXTS.render(front.text, "ru")


async def test_card_leads_to_words_and_language(bot):
    async with bot.running():
        await card(bot)
        assert (await bot.chat.press("bot.button.language"))[1].text.key == "bot.language"
        await card(bot)
        assert (await bot.chat.press("bot.button.words"))[1].text.key == "onboarding.words"
