"""How handlers answer."""

from daemon.bot.handlers.answers import lines
from daemon.outbox.message import Text
from tests.daemon.bot.conftest import TEXTS


def test_lines_stand_below_each_other_in_one_language():
    text = lines([Text("bot.settings.saved"), Text("bot.button.back"), Text("bot.button.number", {"number": 5})])
    assert TEXTS.render(text, "ru") == "Сохранено\n« Назад\n5"
    assert TEXTS.render(text, "en") == "Saved\n« Back\n5"


def test_values_inside_lines_are_escaped_once():
    text = lines([Text("bot.settings.words", {"words": "<b> & co"}), Text("bot.button.back")])
    assert "&lt;b&gt; &amp; co" in TEXTS.render(text, "en")


async def test_press_that_asks_for_a_message_is_taken_note_of(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/status")
        acknowledged, card = await bot.chat.press("bot.button.refresh")
        assert (acknowledged.act, card.act) == ("acknowledge", "say")
