"""Another letter to a vacancy whose card waits, whose person pressed "rewrite": written anew, shown in place.

Called by `autopilot.py` before anything that gates of applications hold back: a full desk or a used-up limit is no
reason to leave a person waiting who sits before their card. The press only leaves `rewrite` as the reason of the row
(`decisions.py`); whatever the person presses meanwhile wins, for the new letter is written down only where the old one
still waits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from daemon.autopilot import news
from daemon.autopilot.apply import LETTER_COLUMN, bare_vacancy, open_letter
from daemon.boards.board import BoardError

if TYPE_CHECKING:
    from daemon.autopilot.hunt import Hunt
    from daemon.boards.board import Vacancy
    from store.tables.vacancies import VacancyRow

log = structlog.get_logger(__name__)

WAITING, REWRITE = "waiting_for_you", "rewrite"
MOST_LETTERS = 5
"""In the place of the first one, to one vacancy: after them the person's own words do better."""


async def rewrite_next(hunt: Hunt) -> bool:
    """Writes the next letter that is wished anew. False: there is none."""
    rows = await hunt.tools.store.vacancies.for_reason(hunt.user_id, WAITING, REWRITE, 1)
    resume = await hunt.tools.resumes.load(hunt.user_id) if rows else None
    if resume is None:
        return False
    row, tools = rows[0], hunt.tools
    number, details, former = row.letter_number + 1, await _details(hunt, row), await open_letter(hunt, row)
    letter = await tools.letters.write_letter(hunt.user_id, resume, details, number)
    if letter == former:
        # A model can answer twice with the same words; the person pressed because they want other ones.
        letter = tools.letters.write_plainly(hunt.user_id, resume, details, number)
    sealed = await tools.vault.seal(hunt.user_id, LETTER_COLUMN, letter)
    write = tools.store.vacancies.replace_letter(row, sealed, now=hunt.now())
    write += news.show_rewritten(hunt, replace(row, letter_number=number), letter)
    await hunt.commit(write, hunt.progress.to("rewriting", hunt.key_of(row.vacancy_id)))
    return True


async def _details(hunt: Hunt, row: VacancyRow) -> Vacancy:
    """The whole vacancy; what we kept of it where the board does not show it now."""
    try:
        return await hunt.read_board(lambda token: hunt.board.fetch_vacancy(token, row.vacancy_id))
    except BoardError as error:
        log.info("rewriting_without_details", user_id=hunt.user_id, error=type(error).__name__)
        return bare_vacancy(row)
