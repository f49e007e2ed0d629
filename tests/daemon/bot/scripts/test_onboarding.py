"""A newcomer's way: first buttons lead to a running hunt, and nothing gets lost when it is left or interrupted."""

import pytest

from tests.fakes.conversation import keys


async def test_first_buttons_lead_to_a_running_autopilot(bot):
    async with bot.running():
        chat = bot.chat
        assert keys(await chat.say("/start")) == ["onboarding.hello", "onboarding.language"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.consent"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.connect"]
        returned = keys(await bot.return_from_board())
        assert returned == ["edit onboarding.connect", "onboarding.connected_auto", "onboarding.resume"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.model"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.query_writing", "onboarding.query"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.start_auto"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "onboarding.started"]
        hunt = await bot.hunt()
        assert (hunt.wish, hunt.query, hunt.approval) == ("running", "NAME:(Разработчик) AND v1", "auto")


async def test_every_step_survives_a_restart(bot):
    chat = bot.chat
    said = []
    async with bot.running():
        said += await chat.say("/start")
    for _ in range(2):
        async with bot.running():
            said += await chat.press(0)
    async with bot.running():
        said += await bot.return_from_board()
    for _ in range(4):
        async with bot.running():
            said += await chat.press(0)
    assert (await bot.hunt()).wish == "running"
    news = [key for key in keys(said) if not key.startswith("edit")]
    assert len(news) == len(set(news)), news


async def test_consent_comes_before_anything_is_kept(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        assert keys(await bot.chat.press(1))[-1] == "onboarding.no_consent"
        assert await bot.hunt() is None
        assert not await bot.engine.has_dialog(bot.chat.chat_id)
        assert keys(await bot.chat.say("/autopilot"))[-1] == "onboarding.language"


async def test_left_dialog_goes_on_with_what_is_missing(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        await bot.return_from_board()
        assert keys(await bot.chat.say("/cancel"))[-1] == "bot.left"
        assert keys(await bot.chat.say("/autopilot")) == ["onboarding.resume"]


@pytest.mark.parametrize("command", ["/start", "/connect", "/autopilot", "/resume", "/query", "/START@AuroraBot x"])
async def test_open_question_is_asked_again(bot, command):
    async with bot.running():
        await bot.chat.say("/start")
        assert keys(await bot.chat.say(command)) == ["onboarding.language"]


async def test_language_chosen_is_the_language_spoken(bot):
    async with bot.running():
        await bot.chat.say("/start")
        answers = await bot.chat.press("bot.language_name.en")
        assert keys(answers) == ["edit dialogs.chosen", "bot.language_set", "onboarding.consent"]
        assert (await bot.store.users.get(bot.chat.chat_id)).language == "en"


async def test_refused_model_means_templates(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        await bot.return_from_board()
        await bot.chat.press(0)
        assert "onboarding.model_refused" in keys(await bot.chat.press(1))
        assert not await bot.services().rights.may_ask_model(bot.chat.chat_id)


async def test_without_a_model_nobody_is_asked_about_it(bot):
    bot.has_model = False
    async with bot.running():
        await bot.onboard()
        assert "onboarding.model" not in keys(bot.chat.heard)
        assert (await bot.hunt()).wish == "running"


async def test_start_can_wait(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        await bot.return_from_board()
        for _ in range(3):
            await bot.chat.press(0)
        assert keys(await bot.chat.press(1))[-1] == "onboarding.ready"
        assert (await bot.hunt()).wish == "stopped"
        assert keys(await bot.chat.say("/autopilot")) == ["bot.running"]


async def test_without_a_board_resume_and_query_can_be_prepared(bot):
    bot.has_board = False
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        assert keys(await bot.chat.press(0))[1:] == ["onboarding.no_board", "onboarding.paste"]
        await bot.chat.say("Бухгалтер. " + "Пять лет веду учёт в торговой компании, знаю 1С и налоги. " * 3)
        await bot.chat.press(0)
        await bot.chat.press(0)
        assert keys(await bot.chat.press(0))[-1] == "onboarding.ready_without_board"
        assert keys(await bot.chat.say("/autopilot")) == ["bot.no_board"]
        assert keys(await bot.chat.say("/connect")) == ["onboarding.no_board"]


PASTED = "Желаемая должность: бухгалтер\nПять лет веду учёт в торговой компании, знаю 1С, налоги и отчётность."


async def test_whole_story_with_every_door_of_the_board_shut(bot):
    bot.board.close_door("list_resumes", "fetch_resume", "apply", "find_application")
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        await bot.return_from_board()
        await bot.chat.say(PASTED)
        for expected in ("onboarding.model", "onboarding.query", "onboarding.start_assisted", "onboarding.started"):
            assert keys(await bot.chat.press(0))[-1] == expected
        assert (await bot.hunt()).wish == "running"
        assert keys(bot.chat.heard).count("onboarding.connected_assisted") == 1
        await bot.chat.say("/pause")
        assert keys(await bot.chat.say("/autopilot")) == ["bot.running"]


async def test_whole_story_without_any_login(bot):
    async with bot.running():
        await bot.chat.say("/start")
        for _ in range(3):
            await bot.chat.press(0)
        await bot.chat.say(PASTED)
        for _ in range(4):
            await bot.chat.press(0)
        assert (await bot.hunt()).wish == "running"
        assert keys(await bot.chat.say("/start")) == ["bot.back_running"]


async def test_whole_story_by_a_pasted_address(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        address = f"http://127.0.0.1:8080/oauth/hh/callback?code=code-ivan&state={bot.state_of_link()}"
        await bot.chat.say(address)
        for _ in range(4):
            await bot.chat.press(0)
        assert (await bot.hunt()).wish == "running"


async def test_two_starts_in_a_row_ask_once_more_and_no_more(bot):
    bot.chat.is_settling = False
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.say("/start")
        await bot.chat.settle()
        assert keys(bot.chat.heard).count("onboarding.hello") == 1


async def test_every_question_recommends_its_first_button(bot):
    """No first button leads out of onboarding: not "later", not "no", not the other language."""
    async with bot.running():
        await bot.onboard()
    firsts = [
        parcel.keyboard[0][0].label.key
        for parcel in bot.chat.heard
        if parcel.act == "say" and parcel.keyboard and hasattr(parcel.keyboard[0][0].label, "key")
    ]
    assert firsts == [
        "bot.language_name.ru",
        "onboarding.button.agree",
        "onboarding.button.login",
        "onboarding.button.model_yes",
        "onboarding.button.query_use",
        "onboarding.button.start",
    ]
