"""Contacts and names: taken out of a text before a model sees it, put back by code afterwards.

Called by `letter.py` and `query_writer.py`. A model outside needs no name, phone or address to write a letter, so it
never gets them (152-FZ: as little as possible crosses the border), and what it never saw it can't print wrongly. The
marks look like nothing a person writes; a mark that was not handed out is a fault of the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.boards.board import Resume

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:t\.me|wa\.me|vk\.com|github\.com|linkedin\.com|hh\.ru)/\S+"
    r"|\b(?!(?:asp|ado|vb|ml)\.net\b|(?:socket|draw)\.io\b)"
    r"[a-z0-9][a-z0-9-]*\.(?:ru|com|org|net|io|dev|me|рф|su|info|biz|pro|online|site|xyz)\b(?:/\S*)?",
    re.IGNORECASE,
)
HANDLE = re.compile(r"(?<![\w@.])@[A-Za-z_]\w{2,}")
PHONE = re.compile(r"(?<![\w+])(?:\+\d|8|7)?[\s(.-]{0,3}\d{3}[\s).-]{0,3}\d{3}[\s.-]{0,2}\d{2}[\s.-]{0,2}\d{2}(?!\w)")
MARK = re.compile(r"\[\[(NAME|CONTACT)(?:_\d+)?\]\]", re.IGNORECASE)

SHORTEST_NAME = 3
# Russian case endings: a resume says "рекомендация Петрова" of its own Петров.
ENDING = r"(?:а|я|у|ю|ом|ем|е|ой|ей|ы|и|ым|ых)?"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without contacts, and what stands for each mark."""

    text: str
    originals: tuple[tuple[str, str], ...]

    def restore(self, text: str) -> str:
        """The text with every mark that was handed out turned back."""
        for mark, original in self.originals:
            text = text.replace(mark, original)
        return text


def mask(text: str, resume: Resume) -> Masked:
    """The text as a model may see it: no name, mail, phone, link or handle of the person."""
    originals: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        for mark, original in originals.items():
            if original == match.group():
                return mark
        mark = f"[[CONTACT_{len(originals) + 1}]]"
        originals[mark] = match.group()
        return mark

    # A person's own contacts first and literally: they may have a form no pattern knows.
    for contact in sorted(resume.contacts, key=len, reverse=True):
        if len(contact) >= SHORTEST_NAME:
            text = re.sub(re.escape(contact), hide, text, flags=re.IGNORECASE)
    for pattern in (EMAIL, LINK, HANDLE, PHONE):
        text = pattern.sub(hide, text)
    name = full_name(resume)
    text = _hide_names(text, resume)
    return Masked(text, (*originals.items(), *([("[[NAME]]", name)] if name else [])))


def _hide_names(text: str, resume: Resume) -> str:
    for name in (resume.last_name.strip(), resume.first_name.strip()):
        if len(name) < SHORTEST_NAME:
            continue
        stem = re.escape(name[:-1] if name[-1] in "аяй" else name)
        last = f"[аяй]?{ENDING}" if name[-1] in "аяй" else ENDING
        text = re.sub(rf"(?<!\w){stem}{last}(?!\w)", "[[NAME]]", text, flags=re.IGNORECASE)
    return re.sub(r"\[\[NAME\]\](?:\s+\[\[NAME\]\])+", "[[NAME]]", text)


def strip_contacts(text: str) -> str:
    """A stranger's text (a vacancy) without anybody's mail, phone, link or handle: a letter needs none of them."""
    for pattern in (EMAIL, LINK, HANDLE, PHONE):
        text = pattern.sub("…", text)
    return text


def full_name(resume: Resume) -> str:
    """How the person signs."""
    return " ".join(part for part in (resume.first_name.strip(), resume.last_name.strip()) if part)
