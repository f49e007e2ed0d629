"""Texts as the Bot API server sees them: lengths in UTF-16 units, HTML parsed into entities, refusals in its own words.

The parser follows the server's own (`td/telegram/MessageEntity.cpp`, `do_parse_html`) so that a client's formatting bug
is refused here with the very text it would be refused with there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

MAX_TEXT = 4096
MAX_CAPTION = 1024

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#(?:x([0-9a-fA-F]+)|([0-9]+))|([a-zA-Z]+));?")
_START_TAG = re.compile(r"<([^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)(?=[\s>])))?""")
_END_TAG = re.compile(r"</([^\s>]*)\s*(>?)")


class EntitiesRefused(Exception):
    """The markup can't be parsed; the text is the server's, without its "Bad Request: can't parse entities: "."""


@dataclass(slots=True)
class _OpenTag:
    name: str
    attributes: dict[str, str]
    offset: int


@dataclass(slots=True)
class FormattedText:
    """Plain text with its entities, offsets and lengths in UTF-16 units."""

    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)

    @property
    def links(self) -> list[str]:
        """Addresses hidden behind words."""
        return [entity["url"] for entity in self.entities if entity["type"] == "text_link"]


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: characters beyond the basic plane count twice."""
    return len(text) + sum(1 for c in text if ord(c) > 0xFFFF)


def parse_html(source: str) -> FormattedText:
    """Parses `parse_mode=HTML`. Raises `EntitiesRefused` with the server's words."""
    return _HtmlParser(source).parse()


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out: list[str] = []
        self._length = 0
        self._open: list[_OpenTag] = []
        self._entities: list[dict[str, Any]] = []

    def parse(self) -> FormattedText:
        while self._at < len(self._source):
            c = self._source[self._at]
            if c == "&":
                self._take_entity()
            elif c != "<":
                self._put(c)
                self._at += 1
            elif self._source.startswith("</", self._at):
                self._take_end_tag()
            else:
                self._take_start_tag()
        if self._open:
            raise EntitiesRefused(f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"')
        return _trimmed("".join(self._out), self._entities)

    def _byte_offset(self, at: int) -> int:
        return len(self._source[:at].encode())

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._length += utf16_length(text)

    def _take_entity(self) -> None:
        found = _ENTITY.match(self._source, self._at)
        decoded = decode_entity(found) if found else None
        if found is None or decoded is None:
            self._put("&")
            self._at += 1
            return
        self._put(decoded)
        self._at = found.end()

    def _take_start_tag(self) -> None:
        begin = self._at
        offset = self._byte_offset(begin)
        found = _START_TAG.match(self._source, begin)
        name = (found.group(1) if found else "").lower()
        at = begin + 1 + len(name)
        if at >= len(self._source):
            raise EntitiesRefused(f"Unclosed start tag at byte offset {offset}")
        if name not in _TAGS:
            raise EntitiesRefused(f'Unsupported start tag "{name}" at byte offset {offset}')
        attributes, self._at = self._take_attributes(name, at, offset)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise EntitiesRefused(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
        self._open.append(_OpenTag(name, attributes, self._length))

    def _take_attributes(self, name: str, at: int, offset: int) -> tuple[dict[str, str], int]:
        attributes: dict[str, str] = {}
        while True:
            while at < len(self._source) and self._source[at].isspace():
                at += 1
            if at >= len(self._source):
                raise EntitiesRefused(f"Unclosed start tag at byte offset {offset}")
            if self._source[at] == ">":
                return attributes, at + 1
            found = _ATTRIBUTE.match(self._source, at)
            if found is None:
                raise EntitiesRefused(f'Empty attribute name in the tag "{name}" at byte offset {offset}')
            at = found.end()
            value = next((group for group in found.groups()[1:] if group is not None), None)
            if value is None and self._source[at:].lstrip().startswith("="):
                raise EntitiesRefused(f"Unclosed start tag at byte offset {offset}")
            if value is None and not (name == "blockquote" and found.group(1) == "expandable"):
                raise EntitiesRefused(
                    f'Expected equal sign in declaration of an attribute of the tag "{name}" at byte offset {offset}'
                )
            attributes[found.group(1).lower()] = _ENTITY.sub(lambda m: decode_entity(m) or m.group(), value or "")

    def _take_end_tag(self) -> None:
        begin = self._at
        offset = self._byte_offset(begin)
        if not self._open:
            raise EntitiesRefused(f"Unexpected end tag at byte offset {offset}")
        found = _END_TAG.match(self._source, begin)
        if found is None or not found.group(2):
            raise EntitiesRefused(f"Unclosed end tag at byte offset {offset}")
        tag = self._open.pop()
        name = found.group(1).lower()
        if name and name != tag.name:
            raise EntitiesRefused(
                f'Unmatched end tag at byte offset {offset}, expected "</{tag.name}>", found "</{name}>"'
            )
        self._at = found.end()
        self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        if self._length <= tag.offset:
            return
        entity: dict[str, Any] = {"type": _TAGS[tag.name], "offset": tag.offset, "length": self._length - tag.offset}
        if tag.name == "a":
            url = tag.attributes.get("href", "")
            if not re.match(r"(?:https?|tg|mailto|tel):", url):
                return  # the server shows such a link as plain text
            entity["url"] = url
        if tag.name == "blockquote" and "expandable" in tag.attributes:
            entity["type"] = "expandable_blockquote"
        self._entities.append(entity)


def decode_entity(found: re.Match[str]) -> str | None:
    """The character behind `&lt;` or `&#60;`; None for names that the server does not know."""
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return _NAMED_ENTITIES.get(name)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def _trimmed(text: str, entities: list[dict[str, Any]]) -> FormattedText:
    """The server cuts white space off both ends and moves the entities along."""
    body = text.rstrip()
    cut = utf16_length(body) - utf16_length(body.lstrip())
    body = body.lstrip()
    length = utf16_length(body)
    kept = []
    for entity in sorted(entities, key=lambda e: (e["offset"], -e["length"])):
        start = max(entity["offset"] - cut, 0)
        end = min(entity["offset"] + entity["length"] - cut, length)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return FormattedText(body, kept)
