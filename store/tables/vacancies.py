"""Vacancies of a hunt: each in exactly one state, with a reason the person can read."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.database import Reader
    from store.ids import BoardName, UserId, VacancyId
    from store.write import Write

_COLUMNS = """
    user_id, board, vacancy_id, state, reason, title, employer_id, employer, salary, url, sealed_letter, found_at,
    changed_at, letter_number
"""
_INSERT_NEW = f"""
    INSERT INTO vacancies ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (user_id, board, vacancy_id) DO NOTHING
"""  # noqa: S608 - constants only
_SET_STATE = """
    UPDATE vacancies SET state = $4, reason = $5, changed_at = $6
    WHERE user_id = $1 AND board = $2 AND vacancy_id = $3
"""
_SET_STATE_FROM = f"{_SET_STATE} AND state = $7"
_SAVE_LETTER = """
    UPDATE vacancies SET sealed_letter = $4, state = $5, reason = NULL, changed_at = $6
    WHERE user_id = $1 AND board = $2 AND vacancy_id = $3
"""
_REPLACE_LETTER = """
    UPDATE vacancies SET sealed_letter = $4, letter_number = $5, reason = 'awaits_answer', changed_at = $6
    WHERE user_id = $1 AND board = $2 AND vacancy_id = $3 AND state = 'waiting_for_you' AND letter_number = $5 - 1
"""
_DELETE = "DELETE FROM vacancies WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM vacancies WHERE user_id = $1 AND board = $2 AND vacancy_id = $3"  # noqa: S608 - constants only
_SELECT_STATE = f"""
    SELECT {_COLUMNS} FROM vacancies WHERE user_id = $1 AND state = $2 ORDER BY changed_at, vacancy_id LIMIT $3
"""  # noqa: S608 - constants only
_SELECT_LATEST = f"""
    SELECT {_COLUMNS} FROM vacancies WHERE user_id = $1 AND state = $2
    ORDER BY changed_at DESC, vacancy_id LIMIT $3 OFFSET $4
"""  # noqa: S608 - constants only
_SELECT_REASON = f"""
    SELECT {_COLUMNS} FROM vacancies WHERE user_id = $1 AND state = $2 AND reason = $3
    ORDER BY changed_at, vacancy_id LIMIT $4
"""  # noqa: S608 - constants only
_ASKED_AT_ONCE = 25
"""A constant number keeps it one SQL text: a short list is filled up with its last one."""
_SELECT_KNOWN = f"""
    SELECT vacancy_id FROM vacancies
    WHERE user_id = $1 AND board = $2 AND vacancy_id IN ({", ".join(f"${n + 3}" for n in range(_ASKED_AT_ONCE))})
"""  # noqa: S608 - constants only
_COUNT = "SELECT state, count(*) FROM vacancies WHERE user_id = $1 AND changed_at >= $2 GROUP BY state"


@dataclass(frozen=True, slots=True)
class VacancyRow:
    """One vacancy of one person. `state`: found | screened_out | letter_ready | waiting_for_you | applying | applied |
    refused | handed_over | ambiguous; `reason` is a suffix of a catalogue key.
    """

    user_id: UserId
    board: BoardName
    vacancy_id: VacancyId
    state: str
    reason: str | None
    title: str
    employer_id: str | None
    employer: str
    salary: str | None
    url: str
    sealed_letter: str | None
    found_at: int
    changed_at: int
    letter_number: int = 0
    """How many letters took the place of the first one."""


class Vacancies:
    """Vacancies by person, board and the board's id."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def insert_new(self, row: VacancyRow) -> Write:
        """A new vacancy; nothing happens when the person has it."""
        return statement(_INSERT_NEW, *astuple(row))

    def set_state(
        self,
        user_id: UserId,
        board: BoardName,
        vacancy_id: VacancyId,
        state: str,
        *,
        now: int,
        reason: str | None = None,
        from_state: str | None = None,
    ) -> Write:
        """The next state. With `from_state`: `Conflict` when it is another one by now."""
        parameters = (user_id, board, vacancy_id, state, reason, now)
        if from_state is None:
            return statement(_SET_STATE, *parameters, expects=1)
        return statement(_SET_STATE_FROM, *parameters, from_state, expects=1, unless=f"vacancy is not {from_state}")

    def save_letter(
        self,
        user_id: UserId,
        board: BoardName,
        vacancy_id: VacancyId,
        sealed_letter: str,
        *,
        now: int,
        state: str = "letter_ready",
    ) -> Write:
        """A letter, written or edited."""
        return statement(_SAVE_LETTER, user_id, board, vacancy_id, sealed_letter, state, now, expects=1)

    def replace_letter(self, row: VacancyRow, sealed_letter: str, *, now: int, is_expected: bool = True) -> Write:
        """Another letter in the place of the one that waits for the person's word: the one of this row and no later.

        Where it does not wait any more: `Conflict`, or nothing with `is_expected` False.
        """
        key = (row.user_id, row.board, row.vacancy_id)
        expects = 1 if is_expected else None
        parameters = (*key, sealed_letter, row.letter_number + 1, now)
        return statement(_REPLACE_LETTER, *parameters, expects=expects, unless="letter does not wait any more")

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's vacancies."""
        return statement(_DELETE, user_id)

    async def get(self, user_id: UserId, board: BoardName, vacancy_id: VacancyId) -> VacancyRow | None:
        """One vacancy."""
        row = await self._reader.fetch_one(_SELECT, user_id, board, vacancy_id)
        return None if row is None else VacancyRow(*row)

    async def in_state(self, user_id: UserId, state: str, limit: int) -> list[VacancyRow]:
        """In one state, the longest unchanged first."""
        return [VacancyRow(*row) for row in await self._reader.fetch_all(_SELECT_STATE, user_id, state, limit)]

    async def for_reason(self, user_id: UserId, state: str, reason: str, limit: int) -> list[VacancyRow]:
        """In one state for this reason, the longest unchanged first."""
        rows = await self._reader.fetch_all(_SELECT_REASON, user_id, state, reason, limit)
        return [VacancyRow(*row) for row in rows]

    async def latest(self, user_id: UserId, state: str, limit: int, offset: int = 0) -> list[VacancyRow]:
        """In one state, the last changed first."""
        rows = await self._reader.fetch_all(_SELECT_LATEST, user_id, state, limit, offset)
        return [VacancyRow(*row) for row in rows]

    async def known(self, user_id: UserId, board: BoardName, vacancy_ids: Sequence[VacancyId]) -> set[VacancyId]:
        """Which of these the person has already."""
        found: set[VacancyId] = set()
        for start in range(0, len(vacancy_ids), _ASKED_AT_ONCE):
            asked = list(vacancy_ids[start : start + _ASKED_AT_ONCE])
            asked += asked[-1:] * (_ASKED_AT_ONCE - len(asked))
            found.update(row[0] for row in await self._reader.fetch_all(_SELECT_KNOWN, user_id, board, *asked))
        return found

    async def count_by_state(self, user_id: UserId, since: int = 0) -> dict[str, int]:
        """How many are in which state, of those changed at `since` or later."""
        return dict(await self._reader.fetch_all(_COUNT, user_id, since))
