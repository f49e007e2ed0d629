"""/status: wish, counts, and why nothing happens."""

from types import SimpleNamespace

from daemon.outbox.message import Text
from tests.daemon.bot.conftest import TEXTS
from tests.daemon.bot.vacancy_rows import make_row


async def status(bot):
    [card] = await bot.chat.say("/status")
    return TEXTS.render(card.text, "ru"), card


async def test_counts_and_limit_are_shown(bot):
    async with bot.running():
        await bot.onboard()
        now = bot.clock.now()
        for number, state in enumerate(["applied", "applied", "screened_out", "waiting_for_you"]):
            await bot.store.write(bot.store.vacancies.insert_new(make_row(str(number), state, changed_at=now)))
        text, _ = await status(bot)
        assert "Автопилот включён" in text
        assert "Просмотрено 4 вакансии" in text
        assert "2 отклика за сутки из 40" in text
        assert "ждут вашего решения: 1" in text


async def test_closed_gates_explain_themselves(bot):
    async with bot.running():
        await bot.onboard()
        bot.gates = [
            SimpleNamespace(is_open=True, text=Text("autopilot.gate.query.open")),
            SimpleNamespace(is_open=False, text=Text("autopilot.gate.search.closed", {"until": "12:30"})),
        ]
        text, _ = await status(bot)
        assert "• следующий поиск 12:30" in text
        assert "запрос есть" not in text


async def test_first_button_never_stops_the_hunt(bot):
    async with bot.running():
        await bot.onboard()
        for command in ("/status", "/pause", "/status", "/stop", "/status", "/settings", "/delete", "/language"):
            heard = await bot.chat.say(command)
            first = next((card.keyboard[0][0] for card in heard if card.keyboard), None)
            assert first is None or (first.action, first.argument) not in {("pause", ""), ("delete", "yes")}


async def test_card_of_a_paused_hunt_offers_to_go_on_first(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/pause")
        await status(bot)
        await bot.chat.press(0)
        assert (await bot.hunt()).wish == "running"


async def test_card_can_be_refreshed_and_paused_from(bot):
    async with bot.running():
        await bot.onboard()
        await status(bot)
        assert len(await bot.chat.press("bot.button.refresh")) == 2
        await bot.chat.press("bot.button.pause")
        assert (await bot.hunt()).wish == "paused"
