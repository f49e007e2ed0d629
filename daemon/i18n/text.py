"""Text and Verbatim: what is said, as a value, before a language is chosen.

Defined here, at the bottom of the daemon, so that texts can be rendered without knowing the outbox; handlers and
scripts import them from `daemon.outbox.message`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = Union[str, int, float, bool, "Text", "Verbatim", None]
"""A text may stand inside another one: a question and the answer chosen, a reason inside a card."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text by key: `Text("onboarding.welcome", {"name": "…"})`. Values are escaped when rendered; plurals by `n`."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text of our own that has no catalogue entry (a letter, a query): shown as it is, escaped."""

    text: str
