"""Turns the product's SQL and its values into what PostgreSQL takes, once per SQL text.

`$1` is PostgreSQL's own. Three things differ from SQLite: a text is kept without its characters 0, which PostgreSQL
refuses and anybody may send in JSON; text compares as bytes there, so columns of text are made with
the collation "C" (an index in the machine's language breaks when its C library changes); and values carry their types,
because a bare `$1` is taken for text where nothing else decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.write import SqlValue

_SKIPPED = r"""
    '(?:[^']|'')*'          # a string
    | "(?:[^"]|"")*"        # a quoted name
    | --[^\n]*              # a comment
"""
_TOKEN = re.compile(rf"{_SKIPPED} | \$(?P<number>\d+)", re.VERBOSE)
_TEXT_COLUMN = re.compile(rf"{_SKIPPED} | \b(?P<text>TEXT)\b", re.VERBOSE | re.IGNORECASE)
_IS_SCHEMA = re.compile(r"\s*(?:CREATE|ALTER)\s+TABLE\b", re.IGNORECASE)
_IS_PREPARED = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)

_CACHED_TEXTS = 1024
"""All SQL of the product is a few hundred constants; the bound is for texts made on the fly."""
_ANY_TYPE, _INT8, _TEXT, _FLOAT8 = 0, 20, 25, 701
"""PostgreSQL's numbers of types. NULL has any: the server looks at where it goes."""
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

Types = tuple[int, ...]
Values = list["bytes | None"]


@dataclass(frozen=True, slots=True)
class Text:
    """A SQL text as PostgreSQL takes it."""

    sql: bytes
    count: int
    """Parameters the text asks for."""
    is_prepared: bool
    """Whether it pays to have the server keep its plan; not for what changes the schema."""


def translate(sql: str) -> Text:
    """SQL as PostgreSQL takes it. Raises `ValueError` when a number is left out."""
    numbers = {int(match["number"]) for match in _TOKEN.finditer(sql) if match["number"] is not None}
    if numbers != set(range(1, len(numbers) + 1)):
        raise ValueError(f"placeholders must be numbered from $1 without a hole: {sql[:80]}")
    if _IS_SCHEMA.match(sql):
        sql = _TEXT_COLUMN.sub(lambda match: 'TEXT COLLATE "C"' if match["text"] else match[0], sql)
    return Text(sql.encode(), len(numbers), _IS_PREPARED.match(sql) is not None)


def make_translator() -> Callable[[str], Text]:
    """`translate` with a bounded memory of its own."""
    return lru_cache(maxsize=_CACHED_TEXTS)(translate)


def bind(text: Text, parameters: tuple[SqlValue, ...]) -> tuple[Types, Values]:
    """Types and values as they travel. Raises `ValueError`, `TypeError` or `OverflowError`."""
    if len(parameters) != text.count:
        raise ValueError(f"{len(parameters)} parameters for {text.count} placeholders: {text.sql[:80]!r}")
    types, values = [], []
    for parameter in parameters:
        type_, value = _bind_one(parameter)
        types.append(type_)
        values.append(value)
    return tuple(types), values


def _bind_one(parameter: SqlValue) -> tuple[int, bytes | None]:
    if isinstance(parameter, str):
        return _TEXT, parameter.replace("\0", "").encode()
    if parameter is None:
        return _ANY_TYPE, None
    if isinstance(parameter, int):
        if not _SMALLEST <= parameter <= _LARGEST:
            raise OverflowError("the number does not fit into 64 bits")
        return _INT8, b"%d" % parameter
    if isinstance(parameter, float):
        return _FLOAT8, repr(parameter).encode()
    raise TypeError(f"no database keeps a {type(parameter).__name__}")
