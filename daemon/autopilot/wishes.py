"""SearchWishes: what a person does not want to see, kept in `hunts.excluded` as JSON.

Written by the settings dialog and by "Never this company"; read by `screening.py` and `search.py`. Anything that can't
be read (a row of another release, a hand-edited one) counts as "no wish": a hunt must not die of it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_WORDS = 100
LONGEST_WORD = 80


class SearchWishes(BaseModel):
    """Beyond the query: words, employers, pay."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    words: tuple[str, ...] = ()
    """A vacancy with one of these in its title or text is left alone. `word*` covers all endings."""
    employer_ids: tuple[str, ...] = ()
    employers: tuple[str, ...] = ()
    """Names, for boards or vacancies that give no id."""
    lowest_salary: int | None = None
    currency: str = "RUB"
    is_remote: bool = False
    skips_reposts: bool = False
    """A near-equal vacancy of an employer that was answered already is left alone: whoever wants it sets it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the column; plain words separated by commas or lines are words."""
        stripped = text.strip()
        if stripped.startswith("["):
            stripped = f'{{"words": {stripped}}}'
        if not stripped.startswith("{"):
            return cls(words=split_words(stripped))
        try:
            return cls.model_validate_json(stripped)
        except ValidationError:
            return cls()

    def dump(self) -> str:
        """For the column."""
        return json.dumps(self.model_dump(exclude_defaults=True), ensure_ascii=False, sort_keys=True)

    def with_words(self, words: Iterable[str]) -> Self:
        """The same with other excluded words."""
        return self.model_copy(update={"words": split_words("\n".join(words))})

    def without_employer(self, employer_id: str | None, employer: str) -> Self:
        """The same, never this employer again."""
        ids = self.employer_ids if employer_id is None else (*self.employer_ids, employer_id)
        names = (*self.employers, employer) if employer.strip() else self.employers
        return self.model_copy(
            update={"employer_ids": tuple(dict.fromkeys(ids)), "employers": tuple(dict.fromkeys(names))}
        )


def split_words(text: str) -> tuple[str, ...]:
    """Words and phrases as people list them: by comma, semicolon or line."""
    words = (" ".join(part.split())[:LONGEST_WORD] for part in re.split(r"[,;\n]+", text))
    return tuple(dict.fromkeys(word for word in words if any(sign.isalnum() for sign in word)))[:MOST_WORDS]
