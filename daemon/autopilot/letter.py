"""LetterWriter: the cover letter to one vacancy.

Called by `autopilot.py` before an application and by `rewriting.py`. With the person's consent a model writes, its
letter is checked, written once more with the faults named, and otherwise the template stands in: a letter that is
missing or silly must never be the reason why an application does not go out, or why it should not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict

from daemon.autopilot import prompts
from daemon.autopilot.contacts import full_name, mask
from daemon.autopilot.letter_checks import find_faults, is_russian

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.autopilot.templates import LetterTemplates
    from daemon.boards.board import Resume, Vacancy
    from daemon.llm.model import Prompt
    from store.ids import UserId

log = structlog.get_logger(__name__)

ShapeT = TypeVar("ShapeT", bound=BaseModel)


class Asker(Protocol):
    """`llm/asking.py` with its models: validated, one repair try, None when nothing usable came."""

    async def __call__(
        self, prompt: Prompt, user_id: UserId, shape: type[ShapeT], check: Callable[[ShapeT], str | None]
    ) -> ShapeT | None:
        """`check` says what is wrong with an answer, in words for the model; None: nothing."""


class WrittenLetter(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    letter: str


class LetterWriter:
    """Writes letters; keeps nothing."""

    def __init__(self, ask: Asker, templates: LetterTemplates, may_ask: Callable[[UserId], Awaitable[bool]]) -> None:
        self._ask = ask
        self._templates = templates
        self._may_ask = may_ask

    async def write_letter(self, user_id: UserId, resume: Resume, vacancy: Vacancy, number: int = 0) -> str:
        """A letter that may be sent as it is. `number`: how many letters to this vacancy the person has seen."""
        if await self._may_ask(user_id):
            letter = await self._ask_model(user_id, resume, vacancy)
            if letter is not None:
                return letter
        return self.write_plainly(user_id, resume, vacancy, number)

    def write_plainly(self, user_id: UserId, resume: Resume, vacancy: Vacancy, number: int = 0) -> str:
        """The template's letter: also the second try after the board rejected a text."""
        return self._templates.write_letter(user_id, resume, vacancy, number)

    async def _ask_model(self, user_id: UserId, resume: Resume, vacancy: Vacancy) -> str | None:
        masked = mask(resume.text, resume)
        marks = tuple(mark for mark, _ in masked.originals)

        def check(answer: WrittenLetter) -> str | None:
            faults = find_faults(tidy(answer.letter), vacancy, resume, marks)
            if faults:
                log.info("letter_has_faults", user_id=user_id, faults=[fault.name for fault in faults])
            return " ".join(fault.advice for fault in faults) or None

        language = "ru" if is_russian(vacancy) else "en"
        prompt = prompts.letter_prompt(resume, masked, vacancy, language)
        answer = await self._ask(prompt, user_id, WrittenLetter, check)
        return None if answer is None else sign(masked.restore(tidy(answer.letter)), resume)


def tidy(letter: str) -> str:
    """The same letter with ordinary line ends and no trailing blanks."""
    lines = [line.strip() for line in letter.replace("\r\n", "\n").replace("\\n", "\n").split("\n")]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def sign(letter: str, resume: Resume) -> str:
    """The letter with the person's name under it, unless it bears it already."""
    name = full_name(resume)
    return letter if not name or name in letter else f"{letter}\n\n{name}"
