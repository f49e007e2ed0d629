"""/history: newest first, a page at a time, turned in place."""

from daemon.bot.handlers.history import PAGE
from tests.daemon.bot.conftest import TEXTS
from tests.daemon.bot.vacancy_rows import make_row
from tests.fakes.conversation import keys


async def fill(bot, count, **fields):
    for number in range(count):
        row = make_row(str(number), "applied", changed_at=number, **fields)
        await bot.store.write(bot.store.vacancies.insert_new(row))


def titles(parcel):
    text = TEXTS.render(parcel.text, "ru")
    return [line.split("Вакансия ")[1].split("<")[0] for line in text.splitlines() if "Вакансия" in line]


async def test_nothing_yet_says_so(bot):
    async with bot.running():
        assert keys(await bot.chat.say("/history")) == ["bot.history_empty"]


async def test_newest_come_first_and_pages_are_turned_in_place(bot):
    await fill(bot, PAGE + 3)
    async with bot.running():
        [card] = await bot.chat.say("/history")
        assert titles(card) == [str(number) for number in range(PAGE + 2, 2, -1)]
        _, older = await bot.chat.press("bot.button.older")
        assert (older.act, older.card) == ("edit", "history")
        assert titles(older) == ["2", "1", "0"]
        assert [button.label.key for row in older.keyboard for button in row] == ["bot.button.newer"]
        _, newer = await bot.chat.press_button(older.keyboard[0][0])
        assert titles(newer) == titles(card)


async def test_states_and_reasons_are_told(bot):
    await bot.store.write(bot.store.vacancies.insert_new(make_row("1", "refused", reason="test_required")))
    await bot.store.write(bot.store.vacancies.insert_new(make_row("2", "screened_out", reason="archived")))
    async with bot.running():
        [card] = await bot.chat.say("/history")
        text = TEXTS.render(card.text, "ru")
        assert "не получилось: нужно пройти тест на сайте" in text
        assert "Вакансия 2" not in text


async def test_titles_are_never_markup(bot):
    await fill(bot, 1, title='<b>Вакансия 1</b> & "co"', employer="<script>")
    async with bot.running():
        [card] = await bot.chat.say("/history")
        text = TEXTS.render(card.text, "ru")
        assert "&lt;b&gt;Вакансия" in text
        assert "<script>" not in text


async def test_page_beyond_the_end_is_answered(bot):
    await fill(bot, PAGE + 1)
    async with bot.running():
        await bot.chat.say("/history")
        button = bot.chat.find_button("bot.button.older")
        await bot.store.write(bot.store.vacancies.delete(7))
        assert keys(await bot.chat.press_button(button)) == ["press bot.history_empty"]
