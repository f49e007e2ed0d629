"""A board's HTML as text a person and a model can read: paragraphs stay apart, lists stay lists.

Employers paste into boards whatever their editor holds: styles, scripts, nested tables, a thousand open tags. Only
lexbor's parser is used (the other one of selectolax is no longer in its wheels).
"""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser

MAX_TAGS = 2_000
"""The parser's time grows with the square of how deep tags are nested; a real vacancy has a few hundred."""

MAX_TEXT_CHARS = 20_000

_NEVER_READ = ["script", "style", "template", "noscript", "head", "iframe", "svg"]
_BLOCKS = "p, div, ul, ol, table, tr, h1, h2, h3, h4, h5, h6, section, article, blockquote, pre, dl, dt, dd, header"
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_LONE_BULLET = re.compile(r"•\s*(?=\S)")
_BULLETS_APART = re.compile(r"(?m)^(• .*)\n\s*\n(?=• )")
_EMPTY_END = re.compile(r"(?:\s*•)+\s*$")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def plain_text(html: str) -> str:
    """The text of an HTML fragment; text without tags comes back as it is, tidied."""
    if "<" not in html and "&" not in html:
        return _tidy(html)
    # A line break of the source is a space; only the tags break lines.
    tree = LexborHTMLParser(_cut_tags(html).replace("\n", " "))
    if tree.body is None:
        return ""
    tree.strip_tags(_NEVER_READ)
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css("li"):
        node.insert_before("\n• ")
        node.insert_after("\n")
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    return _tidy(tree.body.text(deep=True))


def plain_snippet(text: str) -> str:
    """One line without tags: search results mark the words they found with `<highlighttext>`."""
    return " ".join(unescape(_TAG.sub("", text)).split())


def _cut_tags(html: str) -> str:
    if html.count("<") <= MAX_TAGS:
        return html
    return "<".join(html.split("<", MAX_TAGS)[:MAX_TAGS])


def _tidy(text: str) -> str:
    text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.splitlines())
    # An item's words may stand in a paragraph of their own: back to their bullet, items one below the other.
    text = _BULLETS_APART.sub(r"\1\n", _LONE_BULLET.sub("• ", text).replace("• • ", "• "))
    return _EMPTY_END.sub("", _BLANK_LINES.sub("\n\n", text)).strip()[:MAX_TEXT_CHARS]
