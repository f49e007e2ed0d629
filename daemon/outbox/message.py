"""OutgoingMessage: what is said to a person, as a value; language and button signatures are added when it is sent.

Made by handlers, dialogs and hunts; turned into a durable row by `outbox.py`; sent by `sender.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.i18n.text import Text, Value, Verbatim

if TYPE_CHECKING:
    from store.ids import ChatId

__all__ = [
    "Button",
    "CopyButton",
    "InlineKeyboard",
    "OutgoingMessage",
    "Text",
    "UrlButton",
    "Value",
    "Verbatim",
]


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. `action` finds the handler, `argument` is what it gets; both are signed for this person."""

    label: Text | Verbatim
    action: str
    argument: str = ""
    style: str | None = None
    """`success`, `danger` or `primary` (Bot API 9.4 `InlineKeyboardButton.style`)."""


@dataclass(frozen=True, slots=True)
class UrlButton:
    """An inline button that opens a page."""

    label: Text | Verbatim
    url: str


@dataclass(frozen=True, slots=True)
class CopyButton:
    """An inline button that copies `text` (1 to 256 characters)."""

    label: Text | Verbatim
    text: str


InlineKeyboard = tuple[tuple[Button | UrlButton | CopyButton, ...], ...]
"""Rows of buttons."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one chat."""

    chat_id: ChatId
    text: Text
    body: Verbatim | None = None
    """Our own text below the catalogue text, in an expandable quotation: a letter, a query."""
    keyboard: InlineKeyboard = ()
    has_menu: bool = False
    """Carries the reply keyboard (the main menu) instead of inline buttons."""
    card: str | None = None
    """A name under which this message can be edited later; unique per chat."""
    link_preview: bool = False
