"""Reads the numbers off a status card as the person sees it, by the daemon's own catalogue.

For the judge, who believes what was said and never the store: the card is the daemon's account of a hunt.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from daemon.i18n.translate import Texts
from daemon.outbox.message import Text
from daemon.sandbox.judge import StatusCard
from daemon.sandbox.telegram_text import parse_html

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES = ("ru", "en")
STATES = ("applied", "waiting_for_you", "handed_over", "letter_ready", "ambiguous", "refused", "screened_out")
PLURALS = (1, 2, 5)
"""One number of each plural form that Russian has."""


def make_status_reader() -> Callable[[str], StatusCard | None]:
    """A function from a message's text to its numbers; None for whatever is no status card with numbers."""
    texts = Texts.load()
    lines = {name: _pattern(texts, f"bot.status.{name}") for name in ("found", *STATES)}
    waits_for = tuple(_say(texts, Text("bot.status.waits_for"), language) for language in LANGUAGES)
    return partial(_read, lines, waits_for)


def _read(lines: dict[str, re.Pattern[str]], waits_for: tuple[str, ...], text: str) -> StatusCard | None:
    numbers = {name: int(found.group("n")) for name, line in lines.items() if (found := line.search(text))}
    if "found" not in numbers:
        return None
    reasons = next((text.partition(words)[2] for words in waits_for if words in text), "")
    return StatusCard(numbers.pop("found"), numbers, len(reasons.strip().splitlines()))


def _pattern(texts: Texts, key: str) -> re.Pattern[str]:
    forms = {
        re.escape(_say(texts, Text(key, {"n": n}), language)).replace(str(n), "{n}", 1)
        for language in LANGUAGES
        for n in PLURALS
    }
    either = "|".join(form.replace("{n}", r"\d+") for form in sorted(forms))
    return re.compile(rf"^(?=\D*(?P<n>\d+))(?:{either})$", re.MULTILINE)


def _say(texts: Texts, text: Text, language: str) -> str:
    return parse_html(texts.render(text, language)).text.strip()
