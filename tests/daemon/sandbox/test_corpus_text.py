"""Texts of vacancies: put together from their trade's material, in HTML, cut into snippets, stretched."""

from __future__ import annotations

import random

import pytest

from daemon.sandbox.corpus_text import STYLES, add_paragraph, lengthen, write_snippets, write_text
from daemon.sandbox.hh_words import plain_text
from daemon.sandbox.material import load_phrases, load_trades
from daemon.sandbox.vacancy import Employer

EMPLOYER = Employer("7", "R&D «Кедр»", "Мы делаем <приборы> & чертежи.")
TRADES = {trade.trade: trade for trade in load_trades()}


@pytest.mark.parametrize("trade", TRADES.values(), ids=TRADES.keys())
def test_text_holds_the_trades_own_lines(trade: object):
    text = write_text(trade, trade.titles[0], EMPLOYER, random.Random(1))  # type: ignore[arg-type,attr-defined]  # a Trade
    lines = {section.kind: section.lines for section in text.sections}
    assert set(lines["duties"]) <= set(trade.duties)  # type: ignore[attr-defined]  # a Trade
    assert set(lines["requirements"]) <= set(trade.requirements)  # type: ignore[attr-defined]  # a Trade
    assert len(lines["duties"]) >= 5
    assert len(lines["conditions"]) >= 4


def test_employers_text_is_escaped():
    for seed in range(10):
        html = write_text(TRADES["python"], "Python", EMPLOYER, random.Random(seed)).html
        assert "&lt;приборы&gt; &amp; чертежи" in html


def test_intro_names_the_title():
    intros = [write_text(TRADES["nurse"], "ТИТУЛ", EMPLOYER, random.Random(seed)).html for seed in range(30)]
    assert any("ТИТУЛ" in html for html in intros)
    assert not any("{title}" in html for html in intros)


def test_styles_say_the_same_in_other_markup():
    text = write_text(TRADES["driver"], "Водитель", EMPLOYER, random.Random(3))
    written = [style(text.sections) for style in STYLES]
    assert len(set(written)) == len(STYLES)
    for html in written:
        plain = plain_text(html)
        assert all(line in plain for section in text.sections for line in section.lines)


def test_snippets_are_cut_at_a_word():
    text = write_text(TRADES["python"], "Python", EMPLOYER, random.Random(2))
    requirement, responsibility = write_snippets(text)
    first = next(section for section in text.sections if section.kind == "requirements").lines[0]
    assert requirement is not None
    assert responsibility is not None
    assert requirement.startswith(first[:40])
    assert len(requirement) <= 240
    assert requirement.endswith(".")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_lengthened_text_grows_past_seven_thousand(language: str):
    trade = TRADES["python" if language == "ru" else "designer"]
    html = write_text(trade, trade.titles[0], EMPLOYER, random.Random(1)).html
    longer = lengthen(html, language, random.Random(1))
    assert longer.startswith(html)
    assert len(longer) >= 7000
    for paragraph in load_phrases(language).culture:
        assert longer.count(paragraph[:40]) <= 1


def test_long_enough_text_gets_little_more():
    html = "<p>" + "а" * 9000 + "</p>"
    assert len(lengthen(html, "ru", random.Random(1))) < 9100


def test_added_paragraph_is_escaped():
    assert add_paragraph("<p>a</p>", "b < c") == "<p>a</p><p>b &lt; c</p>"
