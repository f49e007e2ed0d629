"""/language: the one spoken now stands first; the other one is a press away."""

from daemon.outbox.message import Button, Text
from tests.fakes.conversation import keys


async def test_language_is_changed_by_a_press(bot):
    async with bot.running():
        [question] = await bot.chat.say("/language")
        assert [button.argument for button in question.keyboard[0]] == ["ru", "en"]
        answers = await bot.chat.press(1)
        assert keys(answers) == ["bot.language_set"]
        assert answers[-1].has_menu
        assert (await bot.store.users.get(7)).language == "en"
        [question] = await bot.chat.say("/language")
        assert [button.argument for button in question.keyboard[0]] == ["en", "ru"]


async def test_second_press_is_answered_without_a_second_message(bot):
    async with bot.running():
        await bot.chat.say("/language")
        assert keys(await bot.chat.press_button(Button(Text("x"), "language", "en"))) == ["bot.language_set"]
        again = await bot.chat.press_button(Button(Text("x"), "language", "en"))
        assert keys(again) == ["press bot.language_set"]


async def test_language_nobody_speaks_is_ignored(bot):
    async with bot.running():
        await bot.chat.press_button(Button(Text("x"), "language", "tlh"))
        assert (await bot.store.users.get(7)).language == "ru"
