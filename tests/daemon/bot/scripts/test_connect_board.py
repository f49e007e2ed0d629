"""The board's login as a person lives through it: by the browser, by a pasted address, refused, late, or not at all."""

import pytest
import trio

from daemon.boards.board import BoardTrouble
from tests.fakes.conversation import keys

RETURN = "http://127.0.0.1:8080/oauth/hh/callback"


async def to_login(bot):
    await bot.chat.say("/start")
    await bot.chat.press(0)
    return await bot.chat.press(0)


async def test_login_is_one_link_and_a_way_without(bot):
    async with bot.running():
        question = (await to_login(bot))[-1]
        assert [len(row) for row in question.keyboard] == [1, 1]
        assert question.keyboard[0][0].url.startswith("https://board.example/oauth/authorize?state=")
        assert question.keyboard[1][0].label.key == "onboarding.button.without_login"


async def test_pasted_address_does_what_the_browser_would(bot):
    async with bot.running():
        await to_login(bot)
        state = bot.state_of_link()
        heard = keys(await bot.chat.say(f"вот: {RETURN}?code=code-ivan&state={state} спасибо"))
        assert heard == [
            "edit onboarding.connect",
            "onboarding.checking",
            "onboarding.connected_auto",
            "onboarding.resume",
        ]


async def test_typed_address_is_at_rest_only_sealed(bot):
    async with bot.running():
        await to_login(bot)
        state = bot.state_of_link()
        bot.board.delay_seconds = 3600
        await bot.chat.say(f"{RETURN}?code=code-ivan&state={state}")
        rows = await bot.store.fetch_all("SELECT value FROM journal_entries")
        assert rows
        assert not [row for row in rows if "code-ivan" in row[0]]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("готово", "not_an_address"),
        ("https://hh.ru/applicant/resumes", "wrong_address"),
        ("https://board.example/oauth/authorize?state=1", "authorize_page"),
        (RETURN, "no_state"),
        (f"{RETURN}?state=abc", "no_code"),
    ],
)
async def test_what_is_no_return_is_explained_and_the_question_stays(bot, text, hint):
    async with bot.running():
        await to_login(bot)
        assert keys(await bot.chat.say(text)) == [f"onboarding.return.{hint}"]
        assert keys(await bot.chat.say("/connect")) == ["onboarding.connect"]


async def test_address_of_another_login_gets_a_new_link(bot):
    async with bot.running():
        await to_login(bot)
        heard = keys(await bot.chat.say(f"{RETURN}?code=code-ivan&state=unknown"))
        assert heard == ["edit onboarding.connect", "onboarding.return.unknown_state", "onboarding.connect"]


async def test_address_of_somebody_else_is_refused(bot):
    async with bot.running():
        await to_login(bot)
        mine = bot.state_of_link()
        other = bot.chat.beside(8)
        await other.say("/start")
        await other.press(0)
        await other.press(0)
        heard = keys(await other.say(f"{RETURN}?code=code-ivan&state={mine}"))
        assert "onboarding.return.other_person" in heard


async def test_said_no_at_the_board_gets_another_try(bot):
    async with bot.running():
        await to_login(bot)
        heard = keys(await bot.return_from_board(error="access_denied"))
        assert heard == ["edit onboarding.connect", "onboarding.login_refused", "onboarding.connect"]


async def test_spent_code_gets_another_try(bot):
    async with bot.running():
        await to_login(bot)
        assert keys(await bot.return_from_board(code="junk"))[1:] == ["onboarding.login_failed", "onboarding.connect"]


async def test_board_in_trouble_is_asked_again_with_the_same_code(bot):
    bot.board.fail_next("exchange_code", BoardTrouble(), BoardTrouble())
    async with bot.running():
        await to_login(bot)
        assert keys(await bot.return_from_board())[-1] == "onboarding.board_trouble"
        assert keys(await bot.chat.press(0))[-1] == "onboarding.board_trouble"
        assert keys(await bot.chat.press(0))[1:] == ["onboarding.connected_auto", "onboarding.resume"]


async def test_board_that_refuses_applicants_means_assisting(bot):
    bot.board.close_door("list_resumes", "apply")
    async with bot.running():
        await to_login(bot)
        heard = keys(await bot.return_from_board())[1:]
        assert heard == ["onboarding.connected_assisted", "onboarding.resumes_refused", "onboarding.paste"]


async def test_board_that_gives_no_login_at_all_means_pasting(bot):
    bot.board.close_door("exchange_code")
    async with bot.running():
        await to_login(bot)
        assert keys(await bot.return_from_board())[1:] == ["onboarding.login_closed", "onboarding.paste"]


async def test_without_a_login_a_resume_is_pasted(bot):
    async with bot.running():
        await to_login(bot)
        assert keys(await bot.chat.press(0)) == ["edit dialogs.chosen", "onboarding.paste"]


async def test_link_that_got_old_is_replaced_on_demand(bot, autojump_clock):
    async with bot.running():
        await to_login(bot)
        old = bot.login_link()
        await trio.sleep(14 * 60 + 1)
        assert keys(await bot.fire_timers()) == ["edit onboarding.connect", "onboarding.link_expired"]
        assert keys(await bot.chat.press(0)) == ["edit dialogs.chosen", "onboarding.connect"]
        assert bot.login_link() != old
        assert keys(await bot.return_from_board())[-1] == "onboarding.resume"


async def test_nobody_is_asked_twice_whether_they_want_a_new_link(bot, autojump_clock):
    async with bot.running():
        await to_login(bot)
        await trio.sleep(14 * 60 + 1)
        await bot.fire_timers()
        await trio.sleep(86_400)
        assert await bot.fire_timers() == []
        assert keys(await bot.chat.press(1))[-1] == "onboarding.put_off"


async def test_connect_renews_a_login_and_wakes_the_hunt(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.hunts.rest(7, None, "login_lost"))
        assert keys(await bot.chat.say("/connect")) == ["onboarding.connect"]
        assert keys(await bot.return_from_board(code="code-anna"))[1:] == [
            "onboarding.connected_auto",
            "onboarding.connected_done",
        ]
        assert (await bot.hunt()).rest_reason is None


async def test_return_without_an_open_dialog_is_finished_all_the_same(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/connect")
        await bot.chat.say("/cancel")
        assert keys(await bot.return_from_board(code="code-anna")) == [
            "onboarding.connected_auto",
            "onboarding.connected_done",
        ]


async def test_return_in_the_middle_of_another_question_says_what_to_do(bot):
    async with bot.running():
        await to_login(bot)
        await bot.chat.press(0)
        assert keys(await bot.return_from_board()) == ["bot.returned_too_late"]
        assert keys(await bot.chat.say("/start")) == ["onboarding.paste"]


async def test_connect_without_a_login_says_how_to_come_back(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/connect")
        assert keys(await bot.chat.press(0)) == ["edit dialogs.chosen", "onboarding.without_login"]


async def test_new_login_does_not_lift_the_limit_of_the_board(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.hunts.rest(7, 99, "limit"))
        await bot.chat.say("/connect")
        await bot.return_from_board(code="code-anna")
        assert (await bot.hunt()).rest_reason == "limit"


async def test_waiting_hunt_is_rung_after_a_new_login(bot):
    async with bot.running(), bot.store.listen("hunt:7") as bell:
        await bot.onboard()
        await bell.wait(0)
        await bot.chat.say("/connect")
        assert not await bell.wait(0)
        await bot.return_from_board(code="code-anna")
        assert await bell.wait(0)
