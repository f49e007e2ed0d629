"""The search query: used as written, edited, written anew, changed later."""

import pytest

from daemon.errors import Temporary
from tests.fakes.conversation import keys


async def to_query(bot):
    await bot.chat.say("/start")
    await bot.chat.press(0)
    await bot.chat.press(0)
    await bot.return_from_board()
    await bot.chat.press(0)
    return await bot.chat.press(0)


async def test_query_is_shown_before_it_is_used(bot):
    async with bot.running():
        question = (await to_query(bot))[-1]
        assert question.body == "NAME:(Разработчик) AND v1"
        assert await bot.hunt() is None


async def test_edited_query_is_read_by_the_parser(bot):
    async with bot.running():
        await to_query(bot)
        assert keys(await bot.chat.press("onboarding.button.query_edit"))[-1] == "onboarding.query_edit"
        shown = (await bot.chat.say("python or  golang"))[-1]
        assert shown.text.key == "onboarding.query"
        assert shown.body == "python OR golang"
        await bot.chat.press(0)
        assert (await bot.hunt()).query == "python OR golang"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("salary:100", "unknown_field"),
        ("(python", "unclosed_bracket"),
        ("NOT python", "only_not"),
        ("python; DROP TABLE {", "unknown_sign"),
        ("слово " * 2000, "too_long"),
    ],
)
async def test_query_that_does_not_parse_is_explained_and_asked_again(bot, text, reason):
    async with bot.running():
        await to_query(bot)
        await bot.chat.press("onboarding.button.query_edit")
        assert keys(await bot.chat.say(text)) == [f"autopilot.query.{reason}"]
        assert keys(await bot.chat.say("бухгалтер"))[-1] == "onboarding.query"


async def test_another_query_can_be_asked_for(bot):
    async with bot.running():
        await to_query(bot)
        again = (await bot.chat.press("onboarding.button.query_another"))[-1]
        assert again.body == "NAME:(Разработчик) AND v2"


async def test_writer_that_fails_lets_the_person_type(bot, expected_errors):
    class NoQueries:
        async def write_query(self, user_id, resume):
            raise Temporary

    bot.queries = NoQueries()
    async with bot.running():
        assert keys(await to_query(bot))[-1] == "onboarding.query_type"
        assert keys(await bot.chat.say("бухгалтер"))[-1] == "onboarding.query"


async def test_query_in_use_is_shown_and_changed(bot):
    async with bot.running():
        await bot.onboard()
        shown = (await bot.chat.say("/query"))[-1]
        assert (shown.text.key, shown.body) == ("onboarding.query", "NAME:(Разработчик) AND v1")
        await bot.chat.press("onboarding.button.query_edit")
        await bot.chat.say("java")
        assert keys(await bot.chat.press(0))[-1] == "onboarding.query_set"
        hunt = await bot.hunt()
        assert (hunt.query, hunt.wish) == ("java", "running")


async def test_query_that_stays_changes_nothing(bot):
    async with bot.running():
        await bot.onboard()
        version = (await bot.hunt()).version
        await bot.chat.say("/query")
        assert keys(await bot.chat.press(0))[-1] == "onboarding.query_kept"
        assert (await bot.hunt()).version == version


async def test_query_without_a_resume_leads_through_what_is_missing(bot):
    async with bot.running():
        assert keys(await bot.chat.say("/query")) == ["onboarding.hello", "onboarding.language"]
