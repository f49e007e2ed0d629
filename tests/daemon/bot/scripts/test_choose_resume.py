"""Which resume: one of the board's, a pasted one in several messages, or another one later."""

import pytest

from daemon.boards.board import BoardTrouble
from tests.fakes.board import make_resume
from tests.fakes.conversation import keys

LONG = "Бухгалтер\nПять лет веду учёт в торговой компании, знаю 1С, налоги и отчётность. Навыки: 1С, Excel."


async def to_resume(bot):
    await bot.chat.say("/start")
    await bot.chat.press(0)
    await bot.chat.press(0)
    return await bot.return_from_board()


async def to_paste(bot):
    await to_resume(bot)
    return await bot.chat.press("onboarding.button.paste")


async def test_first_resume_offered_is_the_recommended_one(bot):
    bot.board.resumes = {"a": make_resume("a", title="Старое"), "b": make_resume("b", title="Новое")}
    async with bot.running():
        question = (await to_resume(bot))[-1]
        labels = [row[0].label for row in question.keyboard]
        assert [getattr(label, "text", None) for label in labels[:2]] == ["Старое", "Новое"]
        await bot.chat.press(1)
        assert (await bot.store.profiles.get(7)).resume_id == "b"


async def test_person_without_resumes_pastes_one(bot):
    bot.board.resumes = {}
    async with bot.running():
        assert keys(await to_resume(bot))[-2:] == ["onboarding.no_resumes", "onboarding.paste"]


async def test_pasted_resume_may_come_in_parts(bot):
    async with bot.running():
        await to_paste(bot)
        assert keys(await bot.chat.say(LONG)) == ["onboarding.paste_more"]
        assert keys(await bot.chat.say("Ещё умею вести кадры.")) == [
            "edit onboarding.paste_more",
            "onboarding.paste_more",
        ]
        assert keys(await bot.chat.press(0))[-1] == "onboarding.model"
        resume = await bot.services().resumes.load(7)
        assert "Пять лет веду учёт" in resume.text
        assert "вести кадры" in resume.text


async def test_pasted_resume_is_at_rest_only_sealed(bot):
    async with bot.running():
        await to_paste(bot)
        await bot.chat.say(LONG)
        await bot.chat.press(0)
        tables = ("journal_entries", "journals", "profiles")
        rows = [row for table in tables for row in await bot.store.fetch_all(f"SELECT * FROM {table}")]  # noqa: S608 - constants only
        assert rows
        assert not [row for row in rows if "торговой" in str(row)]


@pytest.mark.parametrize("text", ["привет", "🙂" * 20, " " * 500 + "да"])
async def test_greeting_is_no_resume(bot, text):
    async with bot.running():
        await to_paste(bot)
        assert keys(await bot.chat.say(text)) == ["onboarding.paste_short"]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ({"photo": [{}]}, "dialogs.text_please"),
        ({"sticker": {}}, "dialogs.text_please"),
        ({"voice": {}}, "dialogs.text_please"),
        ({"document": {"file_id": "f"}}, "dialogs.text_please"),
        ({"text": LONG, "forward_origin": {"type": "user"}}, "dialogs.forwarded"),
        ({"text": "я" * 21_000}, "dialogs.too_long"),
    ],
)
async def test_what_can_not_be_read_gets_an_answer_and_the_place_is_kept(bot, message, hint):
    async with bot.running():
        await to_paste(bot)
        assert keys(await bot.chat.send(message)) == [hint]
        assert keys(await bot.chat.say("/start")) == ["onboarding.paste"]


async def test_ten_thousand_characters_are_a_resume(bot):
    async with bot.running():
        await to_paste(bot)
        assert keys(await bot.chat.say("Инженер. " + "очень длинно " * 800)) == ["onboarding.paste_more"]


async def test_more_than_anybody_reads_ends_the_paste(bot):
    async with bot.running():
        await to_paste(bot)
        await bot.chat.say("Инженер. " + "очень длинно " * 800)
        assert keys(await bot.chat.say("ещё длиннее " * 1000))[-1] == "onboarding.model"


async def test_board_in_trouble_is_asked_again_or_given_up(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.press(0)
        bot.board.fail_next("fetch_resume", BoardTrouble(), BoardTrouble())
        await bot.return_from_board()
        assert keys(await bot.chat.press(0))[-1] == "onboarding.board_trouble"
        assert keys(await bot.chat.press(0))[-1] == "onboarding.board_trouble"
        heard = keys(await bot.chat.press("onboarding.button.paste"))
        assert heard[1:] == ["onboarding.resumes_refused", "onboarding.paste"]


async def test_resume_can_be_chosen_again(bot):
    bot.board.resumes = {"a": make_resume("a", title="Первое"), "b": make_resume("b", title="Второе")}
    async with bot.running():
        await bot.onboard()
        assert keys(await bot.chat.say("/resume")) == ["onboarding.resume"]
        assert keys(await bot.chat.press(1)) == ["edit dialogs.chosen", "onboarding.resume_changed"]
        assert (await bot.store.profiles.get(7)).title == "Второе"


async def test_consent_to_the_model_is_kept_with_its_version(bot):
    async with bot.running():
        await to_resume(bot)
        await bot.chat.press(0)
        await bot.chat.press(0)
        row = await bot.store.consents.get(7, "model")
        assert row.is_given
        assert row.version
        assert await bot.services().rights.may_ask_model(7)


async def test_resume_without_a_title_can_still_be_chosen(bot):
    bot.board.resumes = {"a": make_resume("a", title=""), "b": make_resume("b", title="Очень длинное " * 20)}
    async with bot.running():
        labels = [row[0].label for row in (await to_resume(bot))[-1].keyboard[:2]]
        assert [0 < len(label.text) <= 60 for label in labels] == [True, True]
        assert keys(await bot.chat.press(0))[-1] == "onboarding.model"
