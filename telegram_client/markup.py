"""Reply and inline keyboards as plain values, and their shape on the wire.

Made by `daemon/outbox/sender.py` at the moment of sending, when the language is known and buttons are signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CALLBACK_DATA_BYTES = 64
"""Most that `callback_data` may hold."""
COPY_TEXT_CHARACTERS = 256
"""Most that a copy button may copy."""


@dataclass(frozen=True, slots=True)
class InlineButton:
    """A button below a message; exactly one of `callback_data`, `url` and `copy_text` is set."""

    text: str
    callback_data: str | None = None
    url: str | None = None
    copy_text: str | None = None
    style: str | None = None

    def on_wire(self) -> dict[str, Any]:
        """As the Bot API wants it."""
        wire: dict[str, Any] = {"text": self.text}
        if self.callback_data is not None:
            wire["callback_data"] = self.callback_data
        elif self.url is not None:
            wire["url"] = self.url
        elif self.copy_text is not None:
            wire["copy_text"] = {"text": self.copy_text}
        if self.style is not None:
            wire["style"] = self.style
        return wire


def inline_keyboard(rows: Iterable[Sequence[InlineButton]]) -> dict[str, Any]:
    """`reply_markup` of buttons below the message; no rows takes them away."""
    return {"inline_keyboard": [[button.on_wire() for button in row] for row in rows if row]}


def reply_keyboard(rows: Iterable[Sequence[str]]) -> dict[str, Any]:
    """`reply_markup` of the keyboard that stands in for typing. It stays until another one comes."""
    return {
        "keyboard": [[{"text": label} for label in row] for row in rows if row],
        "resize_keyboard": True,
        "is_persistent": True,
    }


def no_reply_keyboard() -> dict[str, Any]:
    """`reply_markup` that takes the reply keyboard away."""
    return {"remove_keyboard": True}
