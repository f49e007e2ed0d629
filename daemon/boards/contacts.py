"""Find what reaches a person in a text: phone numbers, e-mails, links, handles.

A resume goes to a model outside, so contacts stand apart from its text: a board gives them in fields of their own, but
people also write them into free text, and a pasted resume has no fields at all. Finding too much costs a model a year
or an article number; finding too little costs a person their phone number. So it rather finds too much.
"""

from __future__ import annotations

import re

MASK = "…"
"""Nothing a model would repeat as if it were a word of the resume."""

_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_LINK = (
    r"(?:https?://|www\.)[^\s<>()«»\"']+|\b(?:t\.me|telegram\.me|wa\.me|vk\.com|linkedin\.com|github\.com)/[\w./%-]+"
)
_HANDLE = r"(?<![\w@.])@[A-Za-z]\w{3,31}"
_PHONE = r"(?<![\w.])(?:\+\d|8|7)[\s\-–(]*\d{3}[\s\-–)]*\d{3}[\s\-–]*\d{2}[\s\-–]*\d{2}(?!\d)"
_FOREIGN_PHONE = r"\+\d[\d\s\-–().]{7,20}\d"
_CONTACT = re.compile(f"{_LINK}|{_EMAIL}|{_PHONE}|{_FOREIGN_PHONE}|{_HANDLE}")


def find_contacts(text: str) -> tuple[str, ...]:
    """All contacts in a text, each once, in their order."""
    return tuple(dict.fromkeys(match.group().strip().rstrip(".,;:") for match in _CONTACT.finditer(text)))


def hide_contacts(text: str, known: tuple[str, ...] = ()) -> str:
    """The text with every contact replaced by `MASK`: those already known (a name, an address) and those found."""
    for contact in sorted(filter(str.strip, known), key=len, reverse=True):
        text = text.replace(contact, MASK)
    return _CONTACT.sub(MASK, text)
