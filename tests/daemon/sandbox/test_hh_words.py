"""Words as the simulated board's search sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.hh_words import fold, plain_text, split_words, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("разработчик", "разработчика"),
        ("разработчик", "разработчики"),
        ("бухгалтер", "бухгалтером"),
        ("медсестра", "медсестры"),
        ("водитель", "водителя"),
        ("продажам", "продажи"),
        ("сварщик", "сварщиков"),
        ("удалённая", "удаленную"),
        ("удаленный", "удаленные"),
        ("аналитик", "аналитика"),
        ("программист", "программисты"),
        ("developer", "developers"),
        ("company", "companies"),
        ("manage", "managing"),
        ("price", "prices"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str):
    assert stem(fold(one)) == stem(fold(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("врач", "врать"),
        ("повар", "товар"),
        ("java", "javascript"),
        ("инженер", "инжир"),
        ("сметчик", "сметана"),
        ("go", "good"),
        ("c", "c++"),
        ("business", "bus"),
    ],
)
def test_words_of_different_meaning_stay_apart(one: str, other: str):
    assert stem(fold(one)) != stem(fold(other))


def test_letters_are_folded():
    assert fold("ЁЛКА Python") == "елка python"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C++, C# и Go", ["c++", "c#", "и", "go"]),
        ("1С:Бухгалтерия 8.3", ["1с", "бухгалтерия", "8", "3"]),
        ("Python-разработчик", ["python", "разработчик"]),
        ("front_end", ["front", "end"]),
        ("", []),
    ],
)
def test_text_is_split_into_words(text: str, words: list[str]):
    assert split_words(text) == words


@given(st.text(max_size=80))
def test_any_text_can_be_split_and_stemmed(text: str):
    for word in split_words(text):
        assert stem(word)
        assert word == fold(word)


@given(st.text(alphabet="абвгдеиклмнорстуя", min_size=4, max_size=12))
def test_stem_is_a_beginning_of_the_word(word: str):
    assert word.startswith(stem(word))


def test_html_becomes_the_words_a_reader_sees():
    html = "<p><strong>Мы</strong>&nbsp;&mdash; &laquo;Кедр&raquo;<br/>R&amp;D</p><ul><li>раз</li><li>два</li></ul>"
    assert plain_text(html) == "Мы — «Кедр» R&D раз два"
