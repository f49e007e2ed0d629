"""Texts: catalogue texts in a person's language.

One Babel `.po` file per room and language under `locales/`, msgid = key. Rendered by the outbox at the moment of
sending. A text that is missing or broken must not keep a message from its person: the other language stands in, then
the key itself, and the log says so; `tests/architecture` keeps the catalogues complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape, unescape
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import structlog
from babel.messages.pofile import read_po

from daemon.i18n.text import Text, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from daemon.i18n.text import Value

LANGUAGES = ("ru", "en")
"""The first one stands in for a language we do not speak."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalogue entry: its forms, one unless it has plurals."""

    forms: tuple[str, ...]
    choose_form: Callable[[int], int]
    has_fields: bool

    def pick(self, values: Mapping[str, Value]) -> str:
        """The form for the value `n`."""
        if len(self.forms) == 1:
            return self.forms[0]
        number = values.get("n")
        index = self.choose_form(abs(int(number))) if isinstance(number, int | float) else 0
        return self.forms[min(index, len(self.forms) - 1)]


Catalogue = dict[str, Entry]


class Texts:
    """All catalogues, read once."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = catalogues

    @classmethod
    def load(cls, folder: Traversable | None = None) -> Texts:
        """Reads `folder` (by default the package's own `locales`): one folder a language, one file a room."""
        root = folder or files("daemon.i18n") / "locales"
        return cls({language: _read_language(root / language, language) for language in LANGUAGES})

    def keys(self, language: str) -> frozenset[str]:
        """Keys of one language, for the tests that compare them."""
        return frozenset(self._catalogues.get(language, {}))

    def render(self, text: Text | Verbatim, language: str) -> str:
        """Telegram's HTML; values are escaped."""
        if isinstance(text, Verbatim):
            return escape(text.text, quote=False)
        values = {name: self._render_value(value, language) for name, value in text.values.items()}
        return self._fill(text, values, language)

    def _render_value(self, value: Value, language: str) -> Value:
        if isinstance(value, Text | Verbatim):
            return self.render(value, language)
        return escape(value, quote=True) if isinstance(value, str) else value

    def plain(self, text: Text | Verbatim, language: str) -> str:
        """Without markup: button labels, answers to a press."""
        if isinstance(text, Verbatim):
            return text.text
        return _strip(self.render(text, language))

    def _fill(self, text: Text, values: Mapping[str, Value], language: str) -> str:
        for candidate in dict.fromkeys((language, *LANGUAGES)):
            entry = self._catalogues.get(candidate, {}).get(text.key)
            if entry is None:
                continue
            try:
                form = entry.pick(values)
                return form.format_map(values) if entry.has_fields else form
            except (LookupError, ValueError, AttributeError) as error:
                log.error("text_broken", key=text.key, language=candidate, error=type(error).__name__)  # noqa: TRY400 - the key says where; a traceback of format_map says nothing
        log.error("text_missing", key=text.key, language=language)
        return escape(text.key)


def _strip(html: str) -> str:
    parts = html.split("<")
    return unescape(parts[0] + "".join(part.partition(">")[2] for part in parts[1:]))


def _read_language(folder: Traversable, language: str) -> Catalogue:
    catalogue: Catalogue = {}
    if not folder.is_dir():
        return catalogue
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".po"):
            catalogue |= read_catalogue(file.read_bytes(), language)
    return catalogue


def read_catalogue(content: bytes, language: str) -> Catalogue:
    """Entries of one file. An entry that is not translated is left out, so that the other language stands in."""
    parsed = read_po(BytesIO(content), locale=language)
    choose = _plural_chooser(language)
    entries: Catalogue = {}
    for message in parsed:
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if key and forms and all(forms) and not message.fuzzy:
            entries[key] = Entry(forms, choose, any("{" in form or "}" in form for form in forms))
    return entries


def _plural_chooser(language: str) -> Callable[[int], int]:
    """Gettext's plural forms of the two languages we speak."""
    return _russian_form if language == "ru" else _english_form


def _english_form(number: int) -> int:
    return 0 if number == 1 else 1


def _russian_form(number: int) -> int:
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else 2
