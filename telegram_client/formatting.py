"""HTML for Telegram: escape, measure, split, strip.

Telegram counts UTF-16 units after entities are parsed and refuses unbalanced tags. Only the tags Telegram knows are
ever written by us, so a tag is `<name ...>` or `</name>` and everything else is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

MESSAGE_UNITS = 4096
"""UTF-16 units a message may have after its entities are parsed."""
CAPTION_UNITS = 1024

_PIECE = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)(?:\s[^<>]*)?>|&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);|\n|.", re.DOTALL
)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?>")


def escape(text: str) -> str:
    """Text as Telegram's HTML: only these characters mean something there, the quote inside attributes."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace('"', "&quot;") if '"' in text else text


def strip_tags(html: str) -> str:
    """The plain text a person would read."""
    return unescape(_TAG.sub("", html))


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Text without lone surrogates, which JSON and Telegram refuse."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def expandable_quote(html: str) -> str:
    """A quotation that starts folded."""
    return f"<blockquote expandable>{html}</blockquote>"


@dataclass(slots=True)
class _Splitter:
    """Fills pieces atom by atom; open tags are closed at the end of a piece and opened again in the next."""

    limit: int
    pieces: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    used: int = 0
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    """Name and whole opening tag."""
    cut: tuple[int, int, int] | None = None
    """Where this piece would best end: parts taken, units up to there, tags open there."""

    def add_tag(self, closing: bool, name: str, tag: str) -> None:
        self.parts.append(tag)
        if not closing:
            self.open_tags.append((name, tag))
        else:
            # A stray closing tag would be refused anyway; it is dropped so that every piece stays balanced.
            if not self.open_tags or self.open_tags[-1][0] != name:
                self.parts.pop()
                return
            self.open_tags.pop()
        self.cut = None if self.cut and self.cut[2] > len(self.open_tags) else self.cut

    def add_atom(self, atom: str, size: int) -> None:
        if self.used + size > self.limit:
            self.end_piece()
        self.parts.append(atom)
        self.used += size
        if atom in ("\n", " "):
            self.cut = (len(self.parts), self.used, len(self.open_tags))

    def end_piece(self) -> None:
        rest: list[str] = []
        rest_units = 0
        open_tags = self.open_tags
        if self.cut is not None and self.cut[1] > self.limit // 2:
            taken, at, depth = self.cut
            rest, rest_units = self.parts[taken:], self.used - at
            del self.parts[taken:]
            open_tags = self.open_tags[:depth]
        closing = "".join(f"</{name}>" for name, _ in reversed(open_tags))
        self.pieces.append("".join(self.parts) + closing)
        self.parts = [tag for _, tag in open_tags] + rest
        self.used = rest_units
        self.cut = None

    def finish(self) -> list[str]:
        if self.used or not self.pieces:
            closing = "".join(f"</{name}>" for name, _ in reversed(self.open_tags))
            self.pieces.append("".join(self.parts) + closing)
        return self.pieces


def split_html(html: str, limit: int = MESSAGE_UNITS) -> list[str]:
    """Pieces of at most `limit` units each, balanced, never cutting a tag, an entity or a character.

    Cuts at the last line end or space of the second half where there is one. Text of all pieces together is the text.
    """
    if len(html) * 2 <= limit or units(html) <= limit:
        return [html]
    splitter = _Splitter(limit)
    for match in _PIECE.finditer(html):
        atom = match.group()
        name = match.group(2)
        if name is not None:
            splitter.add_tag(bool(match.group(1)), name, atom)
        else:
            splitter.add_atom(atom, units(unescape(atom)) if atom[0] == "&" else units(atom))
    return splitter.finish()
