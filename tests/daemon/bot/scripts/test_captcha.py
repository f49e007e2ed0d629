"""A captcha in the middle of onboarding: handed over, never worked around, and the dialog goes on afterwards."""

import pytest

from daemon.boards.board import CaptchaRequired
from tests.fakes.conversation import keys

URL = "https://board.example/captcha?x=1"


async def to_login(bot):
    await bot.chat.say("/start")
    await bot.chat.press(0)
    await bot.chat.press(0)


@pytest.mark.parametrize(("call", "times"), [("list_resumes", 2), ("fetch_resume", 1)])
async def test_captcha_is_handed_over_and_the_dialog_goes_on(bot, call, times):
    # The probe after a login lets the first one pass: it asks for the same list.
    bot.board.fail_next(call, *[CaptchaRequired(URL)] * times)
    async with bot.running():
        await to_login(bot)
        heard = await bot.return_from_board()
        if call == "fetch_resume":
            heard = await bot.chat.press(0)
        question = heard[-1]
        assert question.text.key == "onboarding.captcha"
        assert question.keyboard[0][0].url.startswith(URL)
        heard = keys(await bot.chat.press("onboarding.button.captcha_solved"))
        assert heard[-1] == ("onboarding.model" if call == "fetch_resume" else "onboarding.resume")


async def test_captcha_that_comes_again_is_asked_again(bot):
    bot.board.fail_next("fetch_resume", CaptchaRequired(URL), CaptchaRequired(URL))
    async with bot.running():
        await to_login(bot)
        await bot.return_from_board()
        await bot.chat.press(0)
        assert keys(await bot.chat.press(0))[-1] == "onboarding.captcha"
        assert keys(await bot.chat.press(0))[-1] == "onboarding.model"


async def test_captcha_without_an_address_still_has_a_way_on(bot):
    bot.board.fail_next("fetch_resume", CaptchaRequired(""))
    async with bot.running():
        await to_login(bot)
        await bot.return_from_board()
        await bot.chat.press(0)
        assert keys(await bot.chat.press("onboarding.button.captcha_solved"))[-1] == "onboarding.model"


async def test_captcha_survives_a_restart(bot):
    bot.board.fail_next("fetch_resume", CaptchaRequired(URL))
    async with bot.running():
        await to_login(bot)
        await bot.return_from_board()
        await bot.chat.press(0)
    async with bot.running():
        assert keys(await bot.chat.press(0))[-1] == "onboarding.model"
