"""QueryWriter: the search query made from a resume, by a model or from title and skills.

Called by the connect dialog once a resume is known, and by `/query` when the person wants a new one. Whatever a model
writes is read by `query.py` and written again; what does not parse is asked for once more and then left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from daemon.autopilot import prompts
from daemon.autopilot.contacts import MARK, full_name, mask
from daemon.autopilot.query import Group, Node, QueryRejected, Term, parse_query, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.autopilot.letter import Asker
    from daemon.boards.board import Resume
    from store.ids import UserId

MOST_TITLES = 3
MOST_SKILLS = 2
LONGEST_MODEL_QUERY = 500
NAME_OF_TRADE = re.compile(r"(?<!\w)(?=\w*[^\W\d_A-ZА-ЯЁ])\w{4,}")
QUALIFIER = re.compile(r"\d+|\w|категори[ия]|разряда?|класса?|уровн[яь]", re.IGNORECASE)
"""Words of a title that narrow a search to nothing."""
WORD = re.compile(r"[\w.#][\w.+#-]*")


class WrittenQuery(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    query: str


class QueryWriter:
    """Writes search queries; keeps nothing."""

    def __init__(self, ask: Asker, may_ask: Callable[[UserId], Awaitable[bool]]) -> None:
        self._ask = ask
        self._may_ask = may_ask

    async def write_query(self, user_id: UserId, resume: Resume) -> str:
        """A query in the board's language, ready for `SearchQuery.text`."""
        if await self._may_ask(user_id):
            masked = mask(resume.text, resume)
            prompt = prompts.query_prompt(resume, masked)
            answer = await self._ask(prompt, user_id, WrittenQuery, lambda answer: find_fault(answer.query, resume))
            if answer is not None:
                return parse_query(answer.query)
        return query_from_resume(resume)


def find_fault(query: str, resume: Resume) -> str | None:
    """What is wrong with a model's query, in words for the model; None: nothing."""
    if len(query) > LONGEST_MODEL_QUERY:
        return f"The query has {len(query)} characters; at most 300 are wanted."
    if MARK.search(query) or (full_name(resume) and full_name(resume).casefold() in query.casefold()):
        return "The query must not hold the person's name or contacts."
    try:
        parse_query(query)
    except QueryRejected as rejection:
        values = ", ".join(f"{name}={value}" for name, value in rejection.hint.values.items())
        return f"The query does not parse: {rejection.hint.key.rpartition('.')[2].replace('_', ' ')} {values}".strip()
    return None


def query_from_resume(resume: Resume) -> str:
    """A query from the resume's title, and from its first skills where they name vacancies themselves.

    Narrow rather than wide: what is found here is applied to, and an application to another trade does harm.
    """
    titles = [title for part in _alternatives(resume.title) if (title := _all_of(part))]
    skills = [skill for text in resume.skills if (skill := _phrase(text))]
    found: list[Node] = []
    if titles:
        found.append(Group("NAME", (_any_of(titles[:MOST_TITLES]),)))
    if len(skills) >= MOST_SKILLS:
        found.append(Group("AND", (Group("NAME", (skills[0],)), *skills[1:MOST_SKILLS])))
    elif skills and not found:
        found.append(skills[0])
    if not found:
        # Nothing is known of this person; the board's own order of relevance still makes sense of one word.
        return "NAME:специалист"
    return parse_query(write(_any_of(found)))


def _alternatives(title: str) -> list[str]:
    """The positions a title names: "Повар / пекарь" are two, "Водитель категории C, E" and "(начинающий)" are not."""
    parts = re.split(r"[/|,;]+|\s[-–—]\s", re.sub(r"\([^()]*\)", " ", title))
    return [part for number, part in enumerate(parts) if number == 0 or NAME_OF_TRADE.search(part)]


def _any_of(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Group("OR", tuple(nodes))


def _all_of(text: str) -> Node | None:
    words = tuple(Term(word) for word in _words(text) if not _is_preposition(word) and not QUALIFIER.fullmatch(word))[
        :4
    ]
    if not words:
        return None
    return words[0] if len(words) == 1 else Group("AND", words)


def _phrase(text: str) -> Term | None:
    words = _words(text)[:5]
    if not words:
        return None
    return Term(words[0] if len(words) == 1 else f'"{" ".join(words)}"')


def _is_preposition(word: str) -> bool:
    """Such as "по", "на", "для": in a title they carry nothing, and a vacancy may word it otherwise."""
    return len(word) <= 3 and word.isalpha() and word.islower() and not word.isascii()


def _words(text: str) -> list[str]:
    words = [word.rstrip(".-") for word in WORD.findall(text)]
    operators = {"AND", "OR", "NOT", "И", "ИЛИ", "НЕ"}
    return [word for word in words if any(sign.isalnum() for sign in word) and word.upper() not in operators]
