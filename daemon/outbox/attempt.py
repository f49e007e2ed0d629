"""Attempt: one message being sent, mended as far as Telegram's refusals say how.

Made by `delivery.py`. What shaped it: a letter with a stray bracket, a button to an address Telegram does not like, a
text that was longer for Telegram than for us; in each case the person must get the words, if need be without finery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telegram_client.errors import BadRequest
from telegram_client.formatting import MESSAGE_UNITS, split_html, strip_tags
from telegram_client.methods import edit_message_text, send_message

if TYPE_CHECKING:
    from daemon.outbox.payload import Parcel
    from daemon.outbox.rendering import Renderer
    from store.ids import ChatId
    from telegram_client.client import TelegramClient

_SMALLEST_LIMIT = 256


@dataclass(slots=True)
class Attempt:
    """What is left to be sent of one message."""

    renderer: Renderer
    parcel: Parcel
    chat_id: ChatId
    language: str
    pieces: list[str]
    reply_markup: dict[str, Any] | None
    limit: int = MESSAGE_UNITS
    is_html: bool = True
    has_links: bool = True

    @classmethod
    def of(cls, renderer: Renderer, parcel: Parcel, chat_id: ChatId, language: str) -> Attempt:
        """From where an earlier attempt got to."""
        rendered = renderer.render(parcel, chat_id, language)
        pieces = list(rendered.pieces)[parcel.parts_sent :]
        return cls(renderer, parcel, chat_id, language, pieces, rendered.reply_markup)

    @property
    def is_left(self) -> bool:
        """Whether pieces wait."""
        return bool(self.pieces)

    async def send_next(self, client: TelegramClient) -> int | None:
        """Sends the next piece; its message id. Raises `TelegramError` when it can't be mended."""
        while True:
            try:
                message_id = await send_message(
                    client,
                    self.chat_id,
                    self.pieces[0],
                    reply_markup=self.reply_markup if len(self.pieces) == 1 else None,
                    link_preview=self.parcel.link_preview,
                    is_html=self.is_html,
                )
            except BadRequest as error:
                if not self._mend(error):
                    raise
            else:
                self.pieces.pop(0)
                return message_id

    def skip_piece(self) -> None:
        """The next piece is there already, as far as anybody can know."""
        self.pieces.pop(0)

    async def edit(self, client: TelegramClient, message_id: int) -> None:
        """Puts the first piece into a message that is there. Raises `TelegramError` when it can't be mended."""
        while True:
            try:
                await edit_message_text(
                    client,
                    self.chat_id,
                    message_id,
                    self.pieces[0],
                    reply_markup=self.reply_markup,
                    link_preview=self.parcel.link_preview,
                    is_html=self.is_html,
                )
            except BadRequest as error:
                if not self._mend(error):
                    raise
            else:
                return

    def _mend(self, error: BadRequest) -> bool:
        """Changes what is left so that Telegram may take it; False when nothing more can be done."""
        if error.kind == "malformed_text" and self.is_html:
            self.is_html = False
            self.pieces = [strip_tags(piece) for piece in self.pieces]
            return True
        if error.kind == "too_long" and self.limit > _SMALLEST_LIMIT:
            self.limit //= 2
            self.pieces = [part for piece in self.pieces for part in self._split(piece)]
            return True
        if error.kind == "bad_button" and self.has_links:
            self.has_links = False
            self._put_links_into_text()
            return True
        return False

    def _split(self, piece: str) -> list[str]:
        if self.is_html:
            return split_html(piece, self.limit)
        return [piece[start : start + self.limit // 2] for start in range(0, len(piece), self.limit // 2)]

    def _put_links_into_text(self) -> None:
        bare = self.renderer.without_links(self.parcel)
        self.reply_markup = self.renderer.render(bare, self.chat_id, self.language).reply_markup
        links = self.renderer.links_as_text(self.parcel, self.language)
        if links:
            last = f"{self.pieces[-1]}\n\n{links if self.is_html else strip_tags(links)}"
            self.pieces[-1:] = self._split(last)
