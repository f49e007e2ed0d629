"""/autopilot /pause /stop change the wish and nothing else."""

import pytest

from tests.fakes.conversation import keys


async def test_pause_and_go_on(bot):
    async with bot.running():
        await bot.onboard()
        assert keys(await bot.chat.say("/pause")) == ["bot.paused"]
        hunt = await bot.hunt()
        assert (hunt.wish, hunt.wish_by) == ("paused", "person")
        assert keys(await bot.chat.say("/autopilot")) == ["bot.running"]
        assert (await bot.hunt()).wish == "running"


async def test_pause_outlives_a_restart(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/pause")
    async with bot.running():
        assert (await bot.hunt()).wish == "paused"


@pytest.mark.parametrize(
    ("commands", "key"),
    [
        (["/autopilot"], "bot.already_running"),
        (["/pause", "/pause"], "bot.already_paused"),
        (["/stop", "/stop"], "bot.already_stopped"),
        (["/stop"], "bot.stopped"),
    ],
)
async def test_wish_that_holds_already_says_so(bot, commands, key):
    async with bot.running():
        await bot.onboard()
        for command in commands:
            heard = await bot.chat.say(command)
        assert keys(heard) == [key]


async def test_open_question_about_something_else_does_not_keep_the_hunt_paused(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/pause")
        await bot.chat.say("/settings")
        (question,) = keys(await bot.chat.press("bot.button.words"))
        assert keys(await bot.chat.say("/autopilot")) == ["bot.running", question]
        assert (await bot.hunt()).wish == "running"
        assert keys(await bot.chat.say("/autopilot")) == ["bot.already_running", question]
        await bot.chat.say("/pause")
        await bot.chat.say("/status")
        assert keys(await bot.chat.press("bot.button.start")) == ["bot.running", question]


@pytest.mark.parametrize("command", ["/pause", "/stop", "/status"])
async def test_without_a_hunt_the_way_to_one_is_told(bot, command):
    async with bot.running():
        assert keys(await bot.chat.say(command)) == ["bot.no_hunt"]


async def test_autopilot_walks_through_what_is_missing(bot):
    async with bot.running():
        assert keys(await bot.chat.say("/autopilot")) == ["onboarding.hello", "onboarding.language"]


async def test_lost_login_is_part_of_what_is_missing(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.board_accounts.set_state(7, "hh", "lost"))
        assert keys(await bot.chat.say("/autopilot")) == ["onboarding.connect"]
        assert keys(await bot.return_from_board(code="code-anna"))[1:] == [
            "onboarding.connected_auto",
            "onboarding.start_auto",
        ]


@pytest.mark.parametrize(
    ("label", "wish"), [("⏸ Пауза", "paused"), ("пауза", "paused"), ("⏹ Стоп", "stopped"), ("⏸ Pause", "paused")]
)
async def test_words_on_the_keyboard_do_the_same(bot, label, wish):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say(label)
        assert (await bot.hunt()).wish == wish
