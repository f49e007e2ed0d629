"""Letters without a model: put together from the catalogue, in the vacancy's language, from the resume's facts alone.

Called by `letter.py` when there is no consent, no model, or nothing it wrote passed the checks; so these letters pass
the checks themselves (a test holds them against every one). Which of the wordings is taken depends on the person, the
vacancy and the letter's number only: written again after a crash, a letter is the same.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Protocol

from daemon.autopilot.contacts import full_name, strip_contacts
from daemon.autopilot.letter_checks import LONGEST_LETTER, is_russian
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.boards.board import Resume, Vacancy
    from store.ids import UserId

WORDINGS = 3
"""How many wordings the catalogue has of each paragraph."""
MOST_SKILLS = 3
LONGEST_NAME = 120


class PlainTexts(Protocol):
    """`daemon.i18n.translate.Texts`, as far as letters need it."""

    def plain(self, text: Text, language: str) -> str:
        """The text without markup."""


class LetterTemplates:
    """Writes letters from the catalogue."""

    def __init__(self, texts: PlainTexts) -> None:
        self._texts = texts

    def write_letter(self, user_id: UserId, resume: Resume, vacancy: Vacancy, number: int = 0) -> str:
        """A letter in the vacancy's language. Another `number` is another wording, of every paragraph for the next."""
        choice = random.Random(f"{user_id}:{vacancy.vacancy_id}")  # the same letter again after a crash
        language = "ru" if is_russian(vacancy) else "en"

        def say(paragraph: str, **values: str | int) -> str:
            key = f"autopilot.letter.{paragraph}_{(choice.randint(1, WORDINGS) + number - 1) % WORDINGS + 1}"
            return self._texts.plain(Text(key, values), language)

        paragraphs = [
            self._texts.plain(Text("autopilot.letter.greeting"), language),
            _opening(say, vacancy),
            " ".join(_proofs(say, resume, vacancy)) or say("general"),
            say("closing"),
        ]
        name = full_name(resume)
        if name:
            paragraphs.append(self._texts.plain(Text("autopilot.letter.signature", {"name": name}), language))
        return "\n\n".join(paragraphs)[:LONGEST_LETTER]


class _Say(Protocol):
    def __call__(self, paragraph: str, **values: str | int) -> str: ...


def _opening(say: _Say, vacancy: Vacancy) -> str:
    title, employer = _name(vacancy.title), _name(vacancy.employer)
    return say("opening", title=title, employer=employer) if employer else say("opening_anonymous", title=title)


def _proofs(say: _Say, resume: Resume, vacancy: Vacancy) -> list[str]:
    """Sentences the resume itself bears out."""
    proofs = []
    skills = matching_skills(resume, vacancy)
    if skills:
        proofs.append(say("skills", skills=", ".join(skills)))
    months = resume.total_months or 0
    if months >= 12:
        proofs.append(say("years", n=months // 12, title=_name(resume.title)))
    elif months:
        proofs.append(say("months", n=months, title=_name(resume.title)))
    last = resume.experience[0] if resume.experience else None
    if last is not None and last.position.strip() and last.company.strip():
        proofs.append(say("last_job", position=_name(last.position), company=_name(last.company)))
    return proofs


def matching_skills(resume: Resume, vacancy: Vacancy) -> tuple[str, ...]:
    """Skills of the resume that the vacancy names; the resume's first ones when it names none of them."""
    wanted = {skill.casefold() for skill in vacancy.skills}
    text = f"{vacancy.title} {vacancy.summary} {vacancy.text}".casefold()
    own = [_name(skill) for skill in resume.skills if _name(skill)]
    matching = [skill for skill in own if skill.casefold() in wanted or _is_named(skill.casefold(), text)]
    return tuple((matching or own)[:MOST_SKILLS])


def _is_named(skill: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(skill)}(?!\w)", text) is not None


def _name(text: str) -> str:
    """A stranger's name on one line, without contacts and brackets: employers write "Call +7 …" into titles."""
    cleaned = re.sub(r"[\[\]{}<>_]+", " ", strip_contacts(text))
    return " ".join(cleaned.split())[:LONGEST_NAME].strip(" .,;:-–—…")
