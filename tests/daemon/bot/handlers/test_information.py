"""/help /privacy /terms /paysupport: one new message each, at once, also in bursts."""

import pytest

from daemon.bot.routes import ROUTES
from daemon.outbox.message import Text
from tests.daemon.bot.conftest import TEXTS
from tests.fakes.conversation import keys

COMMANDS = {
    "/help": "bot.help",
    "/privacy": "bot.privacy_with_model",
    "/terms": "bot.terms",
    "/paysupport": "bot.paysupport",
}


@pytest.mark.parametrize(("command", "key"), COMMANDS.items())
async def test_command_is_one_new_message(bot, command, key):
    async with bot.running():
        assert keys(await bot.chat.say(command)) == [key]


async def test_burst_is_answered_in_order(bot):
    bot.chat.is_settling = False
    async with bot.running():
        for command in list(COMMANDS) * 5:
            await bot.chat.say(command)
    assert keys(bot.chat.heard) == list(COMMANDS.values()) * 5


async def test_privacy_does_not_speak_of_a_model_that_is_not_there(bot):
    bot.has_model = False
    async with bot.running():
        assert keys(await bot.chat.say("/privacy")) == ["bot.privacy"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_help_names_every_command(language):
    text = TEXTS.plain(Text("bot.help"), language)
    missing = [name for name in ROUTES.commands if name not in {"start", "help"} and f"/{name}" not in text]
    assert missing == []
