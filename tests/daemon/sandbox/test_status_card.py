"""A status card's numbers, in both languages and all plural forms."""

from __future__ import annotations

import pytest

from daemon.i18n.translate import Texts
from daemon.outbox.message import Text
from daemon.sandbox.judge import StatusCard
from daemon.sandbox.status_card import STATES, make_status_reader
from daemon.sandbox.telegram_text import parse_html

READ = make_status_reader()


def card(language, seen, states, reasons=()):
    texts = Texts.load()
    lines = [
        Text("bot.status.running"),
        Text("bot.status.found", {"n": seen}),
        Text("bot.status.today", {"n": 3, "limit": 25}),
        *(Text(f"bot.status.{state}", {"n": n}) for state, n in states.items()),
        *([Text("bot.status.waits_for")] if reasons else []),
        *(Text("bot.status.reason", {"reason": reason}) for reason in reasons),
    ]
    return parse_html("\n".join(texts.render(line, language) for line in lines)).text


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("seen", [1, 2, 5, 21, 66, 111, 1004])
def test_every_number_is_read(language, seen):
    states = {state: number for number, state in enumerate(STATES, seen)}
    assert READ(card(language, seen, states)) == StatusCard(seen, states, 0)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_reasons_are_counted(language):
    read = READ(card(language, 4, {"applied": 2}, ("25 of 25 in 24 hours", "next search at 21.11, 20:26")))
    assert read == StatusCard(4, {"applied": 2}, 2)


@pytest.mark.parametrize(
    "text", ["", "Здравствуйте", "✅ Отклик отправлен: 25 вакансий", "/status", "Вакансий пока нет."]
)
def test_whatever_else_is_said_is_no_card(text):
    assert READ(text) is None
