"""Buttons on vacancy cards reach the hunt's decisions."""

import pytest

from daemon.autopilot import news
from daemon.outbox.message import Button, Text
from tests.daemon.bot.vacancy_rows import make_row
from tests.fakes.conversation import keys


@pytest.mark.parametrize(
    ("before", "action", "after", "said"),
    [
        ("waiting_for_you", news.SEND, ("letter_ready", "approved"), "send"),
        ("waiting_for_you", news.SKIP, ("screened_out", "skipped"), "skip"),
        ("waiting_for_you", news.NEVER, ("screened_out", "never_employer"), "never"),
        ("handed_over", news.APPLIED, ("applied", "person_applied"), "applied"),
        ("applied", news.SEND, ("applied", None), "late"),
    ],
)
async def test_press_moves_the_vacancy(bot, before, action, after, said):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.vacancies.insert_new(make_row("1", before)))
        heard = await bot.chat.press_button(Button(Text("x"), action, "hh/1"))
        assert f"press autopilot.decision.{said}" in keys(heard)
        row = await bot.store.vacancies.get(7, "hh", "1")
        assert (row.state, row.reason) == after


async def test_second_press_changes_nothing(bot):
    async with bot.running():
        await bot.onboard()
        await bot.store.write(bot.store.vacancies.insert_new(make_row("1", "waiting_for_you")))
        button = Button(Text("x"), news.SEND, "hh/1")
        await bot.chat.press_button(button)
        assert keys(await bot.chat.press_button(button)) == ["press autopilot.decision.late"]


async def test_card_of_somebody_else_is_not_found(bot):
    async with bot.running():
        await bot.store.write(bot.store.vacancies.insert_new(make_row("1", "waiting_for_you", user_id=8)))
        heard = await bot.chat.press_button(Button(Text("x"), news.SEND, "hh/1"))
        assert keys(heard) == ["press autopilot.decision.late"]
        assert (await bot.store.vacancies.get(8, "hh", "1")).state == "waiting_for_you"
