"""From a parcel to what goes on the wire: language, buttons signed, text cut into messages.

Called by `sender.py` at the moment of sending; pure, and never fails for what a person or a model wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from daemon.outbox.message import Button, CopyButton, Text, UrlButton
from telegram_client.formatting import clean, escape, expandable_quote, split_html, strip_tags
from telegram_client.markup import COPY_TEXT_CHARACTERS, InlineButton, inline_keyboard, reply_keyboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.i18n.translate import Texts
    from daemon.outbox.buttons import ButtonSigner
    from daemon.outbox.message import InlineKeyboard
    from daemon.outbox.payload import Parcel
    from store.ids import ChatId


_WORD = re.compile(r"(?:<[^<>]*>)*\w")
"""Most texts show something at their first sign, tags apart: that need not be unfolded."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Telegram takes it."""

    pieces: tuple[str, ...]
    """Telegram's HTML, each short enough for one message."""
    reply_markup: dict[str, Any] | None = None
    """Goes with the last piece."""


class Renderer:
    """Knows the texts, the button key and the main menu."""

    def __init__(self, texts: Texts, signer: ButtonSigner, menu: Sequence[Sequence[Text]] = ()) -> None:
        self._texts = texts
        self._signer = signer
        self._menu = menu

    def render(self, parcel: Parcel, chat_id: ChatId, language: str) -> Rendered:
        """The message in this language, buttons signed for this chat's person."""
        html = self._texts.render(parcel.text, language) if parcel.text is not None else ""
        if parcel.body is not None:
            quote = expandable_quote(escape(parcel.body))
            html = f"{html}\n\n{quote}" if html else quote
        pieces = tuple(piece for piece in split_html(clean(html)) if not _is_blank(piece))
        if parcel.keyboard:
            return Rendered(pieces, self._keyboard(parcel.keyboard, chat_id, language))
        return Rendered(pieces, self._menu_of(language) if parcel.has_menu else None)

    def words(self, parcel: Parcel, language: str) -> str | None:
        """The answer to a press: a line without markup, or nothing."""
        return None if parcel.text is None else clean(self._texts.plain(parcel.text, language))

    def links_as_text(self, parcel: Parcel, language: str) -> str:
        """Buttons Telegram refuses (an address on this machine) as lines of text."""
        lines = [
            f"{escape(self._texts.plain(button.label, language))}: {escape(button.url)}"
            for row in parcel.keyboard
            for button in row
            if isinstance(button, UrlButton)
        ]
        return clean("\n".join(lines))

    def without_links(self, parcel: Parcel) -> Parcel:
        """The same parcel with only those buttons that carry no address."""
        rows = (tuple(button for button in row if not isinstance(button, UrlButton)) for row in parcel.keyboard)
        return replace(parcel, keyboard=tuple(row for row in rows if row))

    def _menu_of(self, language: str) -> dict[str, Any]:
        return reply_keyboard([[self._texts.plain(label, language) for label in row] for row in self._menu])

    def _keyboard(self, keyboard: InlineKeyboard, chat_id: ChatId, language: str) -> dict[str, Any]:
        return inline_keyboard([[self._button(button, chat_id, language) for button in row] for row in keyboard])

    def _button(self, button: Button | UrlButton | CopyButton, chat_id: ChatId, language: str) -> InlineButton:
        label = clean(self._texts.plain(button.label, language)) or "…"
        if isinstance(button, Button):
            # In a private chat the chat's id is the person's.
            data = self._signer.sign(chat_id, button.action, button.argument)
            return InlineButton(label, callback_data=data, style=button.style)
        if isinstance(button, UrlButton):
            return InlineButton(label, url=button.url)
        return InlineButton(label, copy_text=clean(button.text)[:COPY_TEXT_CHARACTERS])


def _is_blank(html: str) -> bool:
    """Telegram refuses what shows nothing."""
    return _WORD.match(html) is None and not strip_tags(html).strip()
