"""Translates `$1` placeholders to SQLite's `?`, once per SQL text.

`?1` would need no reordering, but Python 3.12 warns when numbered placeholders are bound from a sequence and will
refuse it one day. `FOR SHARE`, which PostgreSQL needs for a fence, is dropped: SQLite has one writer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.write import SqlValue

_TOKEN = re.compile(
    r"""
    '(?:[^']|'')*'          # a string: kept
    | "(?:[^"]|"")*"        # a quoted name: kept
    | --[^\n]*              # a comment: kept
    | \$(?P<number>\d+)
    | (?P<share>\s+FOR\s+SHARE\b)
    """,
    re.VERBOSE | re.IGNORECASE,
)

_CACHED_TEXTS = 1024
"""All SQL of the product is a few hundred constants; the bound is for texts made on the fly."""

Parameters = tuple["SqlValue", ...]


@dataclass(frozen=True, slots=True)
class Translated:
    """A SQL text as SQLite takes it."""

    sql: str
    count: int
    """Parameters the text asks for."""
    order: Callable[[Parameters], Parameters] | None
    """Puts parameters into the order of their `?`; None where they stand in it already."""

    def bind(self, parameters: Parameters) -> Parameters:
        """Parameters in the order of their `?`."""
        if len(parameters) != self.count:
            raise ValueError(f"{len(parameters)} parameters for {self.count} placeholders: {self.sql[:80]}")
        return parameters if self.order is None else self.order(parameters)


def translate(sql: str) -> Translated:
    """`$1`-style SQL as SQLite takes it. Raises `ValueError` when a number is left out."""
    numbers: list[int] = []

    def replace(match: re.Match[str]) -> str:
        if match["number"] is not None:
            numbers.append(int(match["number"]) - 1)
            return "?"
        return "" if match["share"] is not None else match[0]

    text = _TOKEN.sub(replace, sql)
    count = len(set(numbers))
    if set(numbers) != set(range(count)):
        raise ValueError(f"placeholders must be numbered from $1 without a hole: {sql[:80]}")
    return Translated(text, count, None if numbers == list(range(count)) else _make_order(numbers))


def _make_order(numbers: Sequence[int]) -> Callable[[Parameters], Parameters]:
    if len(numbers) == 1:
        return lambda parameters: parameters
    return itemgetter(*numbers)


def make_translator() -> Callable[[str], Translated]:
    """`translate` with a bounded memory of its own."""
    return lru_cache(maxsize=_CACHED_TEXTS)(translate)
