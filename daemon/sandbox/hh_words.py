"""Words as the simulated board's search sees them: case and ё folded, endings taken off, `C++` and `1С` kept whole.

The stemmer is a rough one: it only has to bring the forms of one word together in vacancies ("разработчика",
"разработчики") and keep words of different meaning apart, which the tests show on pairs.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:\+\+|#)?")
_TAG = re.compile(r"<[^>]*>")
_VOWELS = "аеиоуыэюя"
_RUSSIAN = tuple(
    sorted(
        re.findall(
            r"\w+",
            "иями ями ами ией иям ием иях ях ах ов ев ей ой ый ий ая яя ое ее ые ие ого его ому ему ыми ими ую юю "
            "ым им ом ем ам ям ия ии ию ье ью ья а е и й о у ы ь ю я ется утся ются ится атся ятся ться ать ять "
            "ить еть уть ешь ет ют ут ит ат ят ла ло ли ющий ющая ющие ющего ющих вший вшие ость ости остью ",
        ),
        key=len,
        reverse=True,
    )
)
_ENGLISH = ("ings", "ing", "ies", "ed", "es", "s")
_NAMED = {"&nbsp;": " ", "&mdash;": "—", "&ndash;": "–", "&laquo;": "«", "&raquo;": "»", "&quot;": '"', "&amp;": "&"}


def fold(text: str) -> str:
    """Letters that the search does not tell apart become one."""
    return text.casefold().replace("ё", "е")


def split_words(text: str) -> list[str]:
    """Folded words in order."""
    return _WORD.findall(fold(text))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What is left of a folded word without its ending; the same for all forms of most words."""
    if word.isascii():
        return _stem_english(word)
    for ending in _RUSSIAN:
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= 3 and any(letter in _VOWELS for letter in left):
            return left.removesuffix("н") if left.endswith("нн") else left
    return word


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """The stem of a word as it is written."""
    return stem(fold(word))


def _stem_english(word: str) -> str:
    for ending in _ENGLISH:
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= 3 and not word.endswith("ss"):
            return left + "y" if ending == "ies" else left.removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word


def plain_text(html: str) -> str:
    """HTML as the words a reader sees."""
    text = _TAG.sub(" ", html)
    for entity, character in _NAMED.items():
        text = text.replace(entity, character)
    return " ".join(text.split())
