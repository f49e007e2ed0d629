"""The board's query language: parsed to a small tree, matched against the words of a vacancy.

    query  = any                      words side by side must all be there
    any    = all ("OR" all)*
    all    = not (["AND"] not)*
    not    = "NOT" not | [FIELD ":"] item
    item   = "(" any ")" | '"' words '"' | "!" word | word "*" | word
    FIELD  = NAME | COMPANY_NAME | DESCRIPTION | COMPANY_ID

Like the real one it never complains: an unclosed bracket or quote ends with the text, an operator without anything to
work on is left out. What the product may send is its own parser's business; this one is made apart from it on purpose.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from daemon.sandbox.hh_words import fold, split_words, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIELDS = ("NAME", "COMPANY_NAME", "DESCRIPTION", "COMPANY_ID")
TEXT_FIELDS = ("NAME", "COMPANY_NAME", "DESCRIPTION")

_TOKEN = re.compile(
    r"(?P<field>(?:NAME|COMPANY_NAME|DESCRIPTION|COMPANY_ID):)"
    r'|(?P<phrase>"[^"]*"?)|(?P<bracket>[()])|(?P<word>[^\s()"]+)'
)


class Indexed(Protocol):
    """A text made ready for matching."""

    def words(self, name: str) -> Mapping[str, tuple[int, ...]]:
        """Folded word -> its places in the field."""

    def stems(self, name: str) -> Mapping[str, tuple[int, ...]]:
        """Stem -> its places in the field."""


class FieldIndex:
    """One vacancy's fields as words with their places."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._words: dict[str, dict[str, tuple[int, ...]]] = {}
        self._stems: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, text in fields.items():
            words = split_words(text)
            self._words[name] = _places(words)
            self._stems[name] = _places(stem(word) for word in words)

    def words(self, name: str) -> Mapping[str, tuple[int, ...]]:
        """Folded word -> its places in the field."""
        return self._words.get(name, {})

    def stems(self, name: str) -> Mapping[str, tuple[int, ...]]:
        """Stem -> its places in the field."""
        return self._stems.get(name, {})


def _places(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word, []).append(place)
    return {word: tuple(found) for word, found in places.items()}


class Node(Protocol):
    """A part of a query."""

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """Whether a vacancy has it in one of these fields."""


@dataclass(frozen=True, slots=True)
class Word:
    """`word`, `!word` (this form only) or `word*` (any ending)."""

    text: str
    is_exact: bool = False
    is_prefix: bool = False

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """In any form, unless it says otherwise."""
        if self.is_prefix:
            return any(word.startswith(self.text) for name in fields for word in index.words(name))
        if self.is_exact:
            return any(self.text in index.words(name) for name in fields)
        return any(stem(self.text) in index.stems(name) for name in fields)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side, each in any form."""

    words: tuple[str, ...]
    is_exact: bool = False

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """All in one field, one after the other."""
        return any(self._stands_in(index, name) for name in fields)

    def _stands_in(self, index: Indexed, name: str) -> bool:
        known = index.words(name) if self.is_exact else index.stems(name)
        keys = self.words if self.is_exact else tuple(stem(word) for word in self.words)
        places = [frozenset(known.get(key, ())) for key in keys]
        return any(all(start + i in found for i, found in enumerate(places)) for start in places[0])


@dataclass(frozen=True, slots=True)
class Every:
    """All of its parts."""

    parts: tuple[Node, ...]

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """True for no parts at all."""
        return all(part.matches(index, fields) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """One of its parts."""

    parts: tuple[Node, ...]

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """At least one."""
        return any(part.matches(index, fields) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Without:
    """The opposite of its part."""

    part: Node

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """True where the part is not found."""
        return not self.part.matches(index, fields)


@dataclass(frozen=True, slots=True)
class Within:
    """Its part, looked for in one field only."""

    name: str
    part: Node

    def matches(self, index: Indexed, fields: tuple[str, ...]) -> bool:
        """The innermost field wins."""
        return self.part.matches(index, (self.name,))


def parse_query(text: str) -> Node:
    """The tree of a query. An empty query matches everything."""
    tokens = deque((match.lastgroup or "", match.group()) for match in _TOKEN.finditer(text))
    parts: list[Node] = []
    while tokens:
        parts.append(_parse_any(tokens))
        if tokens and tokens[0][1] == ")":
            tokens.popleft()
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


Tokens = deque[tuple[str, str]]


def _parse_any(tokens: Tokens) -> Node:
    parts = [_parse_all(tokens)]
    while tokens and tokens[0] == ("word", "OR"):
        tokens.popleft()
        parts.append(_parse_all(tokens))
    # "python OR" has an empty right side, which would match everything: it is left out.
    meant = tuple(part for part in parts if part != Every(()))
    if len(meant) == 1:
        return meant[0]
    return Either(meant) if meant else Every(())


def _parse_all(tokens: Tokens) -> Node:
    parts: list[Node] = []
    while tokens and tokens[0] != ("word", "OR") and tokens[0][1] != ")":
        if tokens[0] == ("word", "AND"):
            tokens.popleft()
            continue
        part = _parse_not(tokens)
        if part is not None:
            parts.append(part)
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _parse_not(tokens: Tokens) -> Node | None:
    if tokens[0] != ("word", "NOT"):
        return _parse_item(tokens)
    tokens.popleft()
    if not tokens or tokens[0] in {("word", "OR"), ("word", "AND")} or tokens[0][1] == ")":
        return None
    part = _parse_not(tokens)
    return None if part is None else Without(part)


def _parse_item(tokens: Tokens) -> Node | None:
    kind, token = tokens.popleft()
    if kind == "field":
        if not tokens or tokens[0][1] == ")":
            return None
        part = _parse_item(tokens)
        return None if part is None else Within(token[:-1], part)
    if token == "(":  # noqa: S105 - a bracket, not a password
        part = _parse_any(tokens)
        if tokens:
            tokens.popleft()
        return part if part != Every(()) else None
    if kind == "phrase":
        return _phrase(token.strip('"'), is_exact=False)
    return _word(token)


def _word(token: str) -> Node | None:
    bare = fold(token.strip("!*"))
    words = split_words(bare)
    if len(words) > 1:
        return _phrase(bare, is_exact=token.startswith("!"))
    if not words:
        return None
    return Word(words[0], is_exact=token.startswith("!"), is_prefix=token.endswith("*"))


def _phrase(text: str, *, is_exact: bool) -> Node | None:
    words = tuple(split_words(text))
    if not words:
        return None
    return Phrase(words, is_exact) if len(words) > 1 else Word(words[0], is_exact)
