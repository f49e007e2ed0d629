"""Catalogue texts in a person's language."""

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from daemon.i18n.text import Text, Verbatim
from daemon.i18n.translate import Texts, read_catalogue

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
RU = (
    HEAD
    + """
msgid "hunt.hello"
msgstr "<b>Привет, {name}!</b> & добро пожаловать"

msgid "hunt.found"
msgid_plural "hunt.found"
msgstr[0] "{n} вакансия"
msgstr[1] "{n} вакансии"
msgstr[2] "{n} вакансий"

msgid "hunt.only_ru"
msgstr "Только по-русски"

msgid "hunt.broken"
msgstr "Нет значения {missing}"

msgid "hunt.empty"
msgstr ""
"""
)
EN = (
    HEAD
    + """
msgid "hunt.hello"
msgstr "<b>Hello, {name}!</b>"

msgid "hunt.found"
msgid_plural "hunt.found"
msgstr[0] "{n} vacancy"
msgstr[1] "{n} vacancies"

msgid "hunt.broken"
msgstr "All is well"
"""
)


@pytest.fixture
def texts():
    return Texts({"ru": read_catalogue(RU.encode(), "ru"), "en": read_catalogue(EN.encode(), "en")})


def test_text_inside_a_text_is_said_in_the_same_language(texts):
    inner = Text("hunt.hello", {"name": "<Ann>"})
    assert texts.render(Text("hunt.hello", {"name": inner}), "en") == "<b>Hello, <b>Hello, &lt;Ann&gt;!</b>!</b>"
    assert texts.render(Text("hunt.hello", {"name": Verbatim("<i>")}), "en") == "<b>Hello, &lt;i&gt;!</b>"


def test_text_is_said_in_the_language_asked_for(texts):
    assert texts.render(Text("hunt.hello", {"name": "Ann"}), "en") == "<b>Hello, Ann!</b>"
    assert texts.render(Text("hunt.hello", {"name": "Аня"}), "ru") == "<b>Привет, Аня!</b> & добро пожаловать"


def test_values_are_escaped_and_texts_are_not(texts):
    assert texts.render(Text("hunt.hello", {"name": "<i>&"}), "en") == "<b>Hello, &lt;i&gt;&amp;!</b>"


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "вакансий"),
        (1, "вакансия"),
        (2, "вакансии"),
        (4, "вакансии"),
        (5, "вакансий"),
        (11, "вакансий"),
        (12, "вакансий"),
        (14, "вакансий"),
        (21, "вакансия"),
        (22, "вакансии"),
        (111, "вакансий"),
    ],
)
def test_russian_plurals(texts, n, words):
    assert texts.render(Text("hunt.found", {"n": n}), "ru") == f"{n} {words}"


def test_english_plurals(texts):
    assert texts.render(Text("hunt.found", {"n": 1}), "en") == "1 vacancy"
    assert texts.render(Text("hunt.found", {"n": 0}), "en") == "0 vacancies"


def test_unknown_language_gets_russian(texts):
    assert texts.render(Text("hunt.hello", {"name": "x"}), "de").startswith("<b>Привет")


def test_text_missing_in_one_language_is_said_in_the_other(texts):
    assert texts.render(Text("hunt.only_ru"), "en") == "Только по-русски"


def test_text_that_lacks_a_value_falls_back_and_is_logged(texts):
    with structlog.testing.capture_logs() as logs:
        assert texts.render(Text("hunt.broken"), "ru") == "All is well"
    assert [(line["event"], line["key"]) for line in logs] == [("text_broken", "hunt.broken")]


def test_text_nobody_has_shows_its_key_and_is_logged(texts):
    with structlog.testing.capture_logs() as logs:
        assert texts.render(Text("hunt.nowhere<"), "ru") == "hunt.nowhere&lt;"
        assert texts.render(Text("hunt.empty"), "ru") == "hunt.empty"
    assert [line["event"] for line in logs] == ["text_missing"] * 2


def test_plural_without_a_number_takes_the_first_form(texts):
    with structlog.testing.capture_logs() as logs:
        assert texts.render(Text("hunt.found", {"n": "many"}), "en") == "many vacancy"
    assert logs == []


def test_plain_text_has_no_markup(texts):
    assert texts.plain(Text("hunt.hello", {"name": "<Ann> & co"}), "en") == "Hello, <Ann> & co!"
    assert texts.plain(Verbatim("a < b"), "en") == "a < b"


def test_verbatim_is_shown_as_it_is(texts):
    assert texts.render(Verbatim("a < b & {c}"), "ru") == "a &lt; b &amp; {c}"


@given(st.text())
def test_any_value_comes_out_as_it_went_in(value):
    texts = Texts({"en": read_catalogue(EN.encode(), "en"), "ru": {}})
    assert texts.plain(Text("hunt.hello", {"name": value}), "en") == f"Hello, {value}!"


def test_keys_of_a_language_are_known(texts):
    assert "hunt.only_ru" in texts.keys("ru") - texts.keys("en")
    assert texts.keys("de") == frozenset()


def test_catalogues_are_read_from_folders(tmp_path):
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "hunt.po").write_text(RU, encoding="utf-8")
    (tmp_path / "ru" / "notes.txt").write_text("not a catalogue", encoding="utf-8")
    texts = Texts.load(tmp_path)
    assert texts.render(Text("hunt.only_ru"), "ru") == "Только по-русски"
    assert texts.keys("en") == frozenset()


def test_own_catalogues_can_be_read():
    texts = Texts.load()
    assert texts.keys("ru") == texts.keys("en")
