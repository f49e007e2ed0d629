"""A resume from pasted text: for people whose board lets nobody read theirs.

The text is kept whole; what a letter and a query need (a title, a name, skills) is found where people usually write it,
and left empty where they do not: the model reads the text, and a wrong guess would end up in a letter.
"""

from __future__ import annotations

import re

from daemon.boards.board import Resume
from daemon.boards.contacts import find_contacts, hide_contacts
from daemon.errors import DaemonError

SHORTEST_CHARS = 30
LONGEST_CHARS = 20_000
_LONGEST_TITLE = 100
_NAME_WORD = r"[А-ЯЁA-Z][а-яёa-z]+(?:-[А-ЯЁA-Z][а-яёa-z]+)?"
_NAME_LINE = re.compile(rf"(?:ФИО:?\s*)?({_NAME_WORD})\s+({_NAME_WORD})(?:\s+({_NAME_WORD}))?")
_PATRONYMIC = re.compile(r"(?:вич|вна|ична|инична)$")
_HEADING = re.compile(r"(?:резюме|resume|cv|curriculum vitae)[\s:.\-–]*", re.IGNORECASE)
_WISH = re.compile(r"(?:желаемая должность|должность|позиция|desired position|position)\s*[:\-–]\s*(.+)", re.IGNORECASE)
_SKILLS = re.compile(
    r"(?:ключевые навыки|профессиональные навыки|навыки|технологии|стек|key skills|skills)\s*[:\-–]\s*(.+)",
    re.IGNORECASE,
)
_JOB_WORD = re.compile(
    r"инженер|менеджер|разработчик|аналитик|директор|бухгалтер|специалист|developer|engineer|manager|analyst|designer",
    re.IGNORECASE,
)


class PastedResumeRejected(DaemonError):
    """This text is no resume; `reason` is `too_short` or `too_long`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the pasted text is no resume: {reason}")
        self.reason = reason


def read_pasted_resume(text: str) -> Resume:
    """A resume from what somebody pasted. Raises `PastedResumeRejected`."""
    text = _tidy(text)
    if len(text) < SHORTEST_CHARS:
        raise PastedResumeRejected("too_short")
    if len(text) > LONGEST_CHARS:
        raise PastedResumeRejected("too_long")
    contacts = find_contacts(text)
    lines = [line for line in hide_contacts(text, contacts).split("\n") if line.strip(" …,;:|-–•")]
    first_name, last_name = _find_name(lines)
    return Resume(
        resume_id=None,
        title=_find_title(lines),
        text=hide_contacts(text, contacts),
        first_name=first_name,
        last_name=last_name,
        contacts=contacts,
        skills=_find_skills(lines),
        experience=(),
        total_months=None,
        area="",
    )


def _tidy(text: str) -> str:
    lines = (" ".join(line.replace("\0", "").split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _find_name(lines: list[str]) -> tuple[str, str]:
    for line in lines[:4]:
        match = _NAME_LINE.fullmatch(line.strip())
        if match is None or _JOB_WORD.search(line):
            continue
        first, second, third = match.groups()
        # "Иванов Иван Иванович" as documents have it, "Иван Иванов" as people sign.
        if third and _PATRONYMIC.search(third):
            return second, first
        return (first, third) if third and _PATRONYMIC.search(second) else (first, second)
    return "", ""


def _find_title(lines: list[str]) -> str:
    for line in lines[:12]:
        if match := _WISH.match(line.strip()):
            return match.group(1).strip()[:_LONGEST_TITLE]
    for line in lines[:6]:
        title = _HEADING.sub("", line.strip(), count=1).strip(" .,:;-–")
        if title and not (_NAME_LINE.fullmatch(title) and not _JOB_WORD.search(title)):
            return title[:_LONGEST_TITLE]
    return lines[0].strip()[:_LONGEST_TITLE] if lines else ""


def _find_skills(lines: list[str]) -> tuple[str, ...]:
    for line in lines:
        if match := _SKILLS.match(line.strip(" •-–")):
            skills = (skill.strip(" .") for skill in re.split(r"[,;|•]", match.group(1)))
            return tuple(skill for skill in skills if 0 < len(skill) <= _LONGEST_TITLE)
    return ()
