"""Texts of vacancies: sections in a drawn order and style, HTML as employers paste it, snippets cut short."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from daemon.sandbox.material import load_phrases

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from daemon.sandbox.material import Phrases, Trade
    from daemon.sandbox.vacancy import Employer

EMOJI = {"about": "🏢", "duties": "🛠", "requirements": "🎯", "pluses": "✨", "conditions": "🎁"}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its lines."""

    kind: str
    head: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A vacancy's text, whole and in the parts that snippets are cut from."""

    html: str
    sections: tuple[Section, ...]


def write_text(trade: Trade, title: str, employer: Employer, chance: random.Random) -> Text:
    """A whole vacancy."""
    phrases = load_phrases(trade.language)
    sections = _draw_sections(trade, phrases, chance)
    style = chance.choices(STYLES, weights=(5, 2, 2, 2))[0]
    paragraphs = [employer.about, chance.choice(trade.intros).format(title=title)]
    if chance.random() < 0.5:
        paragraphs.reverse()
    opening = "".join(f"<p>{_e(paragraph)}</p>" for paragraph in paragraphs)
    closing = _maybe(phrases.culture, 0.25, chance) + _maybe(phrases.hiring_steps, 0.35, chance)
    closing += _maybe(phrases.closings, 0.7, chance)
    return Text(_typeset(opening + style(sections) + closing, chance), sections)


def write_snippets(text: Text) -> tuple[str | None, str | None]:
    """`requirement` and `responsibility` of a search result: the first lines of each, cut."""
    lines = {section.kind: ". ".join(section.lines) for section in text.sections}
    return _cut(lines.get("requirements")), _cut(lines.get("duties"))


def lengthen(html: str, language: str, chance: random.Random, *, length: int = 8000) -> str:
    """Some employers write everything they ever thought about themselves."""
    phrases = load_phrases(language)
    extra = [*phrases.culture, *phrases.hiring_steps]
    chance.shuffle(extra)
    head = "О нашей жизни" if language == "ru" else "More about how we live"
    html += f"<p><strong>{head}</strong></p>"
    for paragraph in extra:
        if len(html) >= length:
            return html
        if paragraph[:40] not in html:
            html += f"<p>{_e(paragraph)}</p>"
    html += f"<p><em>{_e(phrases.faq_head)}</em></p>"
    for question in phrases.faq:
        asked, _, told = question.partition("? ")
        html += f"<p><strong>{_e(asked)}?</strong><br />{_e(told)}</p>"
    items = "".join(f"<li>{_e(line)}</li>" for line in phrases.conditions)
    return f"{html}<p><strong>{_e(phrases.conditions_heads[0])}</strong></p><ul>{items}</ul>"


def add_paragraph(html: str, text: str) -> str:
    """One more paragraph at the end."""
    return f"{html}<p>{_e(text)}</p>"


def _maybe(paragraphs: Sequence[str], share: float, chance: random.Random) -> str:
    return f"<p>{_e(chance.choice(paragraphs))}</p>" if chance.random() < share else ""


def _draw_sections(trade: Trade, phrases: Phrases, chance: random.Random) -> tuple[Section, ...]:
    conditions = [*_some(trade.conditions, 1, 4, chance), *_some(phrases.conditions, 3, 7, chance)]
    chance.shuffle(conditions)
    sections = [
        Section("duties", chance.choice(phrases.duties_heads), _some(trade.duties, 5, 10, chance)),
        Section("requirements", chance.choice(phrases.requirements_heads), _some(trade.requirements, 4, 9, chance)),
        Section("conditions", chance.choice(phrases.conditions_heads), tuple(conditions)),
    ]
    if chance.random() < 0.6:
        pluses = Section("pluses", chance.choice(phrases.pluses_heads), _some(trade.pluses, 1, 4, chance))
        sections.insert(2, pluses)
    if chance.random() < 0.15:
        # Some put what they offer first.
        sections.insert(0, sections.pop())
    return tuple(sections)


def _some(lines: Sequence[str], least: int, most: int, chance: random.Random) -> tuple[str, ...]:
    most = min(most, len(lines))
    return tuple(chance.sample(lines, chance.randint(min(least, most), most)))


def _as_lists(sections: tuple[Section, ...]) -> str:
    return "".join(f"<p><strong>{_e(s.head)}</strong></p><ul>{_items(s, '<li>{}</li>', ';')}</ul>" for s in sections)


def _as_numbers(sections: tuple[Section, ...]) -> str:
    return "".join(f"<p><em>{_e(s.head)}</em></p><ol>{_items(s, '<li><p>{}</p></li>', '')}</ol>" for s in sections)


def _as_dashes(sections: tuple[Section, ...]) -> str:
    return "".join(f"<p><strong>{_e(s.head)}</strong><br />{_items(s, '— {}<br />', ';')}</p>" for s in sections)


def _as_emoji(sections: tuple[Section, ...]) -> str:
    return "".join(
        f"<p>{EMOJI[s.kind]} <strong>{_e(s.head)}</strong></p><p>{_items(s, '✅ {}<br/>', '')}</p>" for s in sections
    )


STYLES = (_as_lists, _as_numbers, _as_dashes, _as_emoji)


def _items(section: Section, shape: str, mark: str) -> str:
    last = len(section.lines) - 1
    return "".join(
        shape.format(_e(line) + (mark if i < last else "." if mark else "")) for i, line in enumerate(section.lines)
    )


def _e(text: str) -> str:
    return escape(text, quote=False)


def _typeset(html: str, chance: random.Random) -> str:
    """Entities as different editors leave them."""
    if chance.random() < 0.3:
        html = html.replace("«", "&laquo;").replace("»", "&raquo;").replace(" — ", "&nbsp;&mdash; ")
    if chance.random() < 0.1:
        html = html.replace("</p><p>", "</p> <p>&nbsp;</p><p>")
    return html


def _cut(text: str | None, length: int = 230) -> str | None:
    if text is None or len(text) <= length:
        return text and f"{text}."
    return f"{text[:length].rsplit(' ', 1)[0]}..."
