"""Both languages say the same things: same keys, same placeholders, same plurals, nothing left empty."""

from __future__ import annotations

import re
from functools import cache

import pytest
from babel.messages.pofile import read_po

from tests.architecture.source_tree import ROOT

LOCALES = ROOT / "daemon" / "i18n" / "locales"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
LANGUAGES = ("ru", "en")
PLURALS = {"ru": 3, "en": 2}
ROOMS = sorted({path.name for path in LOCALES.glob("*/*.po")})
TAG = re.compile(r"</?([a-z]+)")
ALLOWED_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg"}


@cache
def messages(language, room):
    """Message id to its texts (one, or one per plural form)."""
    path = LOCALES / language / room
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    found = {}
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            found[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_have_the_same_keys(room):
    assert sorted(messages("ru", room)) == sorted(messages("en", room))


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_empty(language, room):
    empty = [key for key, texts in messages(language, room).items() if not all(text.strip() for text in texts)]
    assert empty == []


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_are_complete(language, room):
    plural = {key: texts for key, texts in messages(language, room).items() if len(texts) > 1}
    assert {key for key, texts in plural.items() if len(texts) != PLURALS[language]} == set()
    assert {key for key in plural if len(messages("ru", room).get(key, ())) == 1} == set()


@pytest.mark.parametrize("room", ROOMS)
def test_placeholders_are_the_same(room):
    russian, english = messages("ru", room), messages("en", room)
    differing = {
        key
        for key in russian.keys() & english.keys()
        if set(PLACEHOLDER.findall(" ".join(russian[key]))) != set(PLACEHOLDER.findall(" ".join(english[key])))
    }
    assert differing == set()


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_carry_the_name_of_their_file(language, room):
    prefix = room.removesuffix(".po") + "."
    assert [key for key in messages(language, room) if not key.startswith(prefix)] == []


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_only_tags_that_telegram_knows(language, room):
    used = {tag for texts in messages(language, room).values() for text in texts for tag in TAG.findall(text)}
    assert used <= ALLOWED_TAGS
