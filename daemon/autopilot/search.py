"""Asks the board for new vacancies and writes down what it found, page by page.

Called by `autopilot.py` when a search is due. What the plain rules can judge by the search result alone gets its reason
at once and never costs a request. A search that passes ends a rest for the board's trouble, and a captcha's, if it
is the first or searches have met it too: the board has seen that the person solved it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from daemon.autopilot import pace
from daemon.autopilot.salaries import write_salary
from daemon.autopilot.screening import SeenVacancy, find_reason
from daemon.autopilot.wishes import SearchWishes
from daemon.boards.board import SearchQuery
from store.tables.vacancies import VacancyRow
from store.write import NOTHING, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.autopilot.hunt import Hunt
    from daemon.boards.board import SearchPage, Vacancy
    from store.write import Write

log = structlog.get_logger(__name__)

MOST_PAGES = 20
"""Boards show 2,000 results at most: twenty pages of a hundred."""
LONGEST_TITLE = 300


async def search_board(hunt: Hunt) -> None:
    """Everything new, until a page brings nothing new or enough is at hand."""
    wishes = SearchWishes.parse(hunt.row.excluded)
    query = make_query(hunt.row.query, wishes)
    seen = await recall_seen(hunt, wishes)
    enough = max(50, 2 * hunt.facts.daily_limit)
    added = fitting = 0
    for page in range(MOST_PAGES):
        result = await hunt.read_board(lambda token, page=page: hunt.board.search(token, query, page))  # type: ignore[misc]  # mypy can't infer a lambda's default
        rows = await _new_rows(hunt, result, wishes, seen)
        added += len(rows)
        fitting += sum(row.state == "found" for row in rows)
        if rows:
            write = join(hunt.tools.store.vacancies.insert_new(row) for row in rows)
            await hunt.commit(write, hunt.progress.to("searching"))
        if not rows or page + 1 >= result.pages or fitting >= enough:
            break
    await _note_search(hunt, added)
    log.info("searched", user_id=hunt.user_id, added=added, fitting=fitting, pages=page + 1)


def make_query(text: str, wishes: SearchWishes) -> SearchQuery:
    """What is asked of the board. Excluded words are not: it may leave out what we can't tell the reason of."""
    return SearchQuery(
        text=text,
        salary=wishes.lowest_salary,
        currency=wishes.currency if wishes.lowest_salary else None,
        is_remote=wishes.is_remote,
    )


async def recall_seen(hunt: Hunt, wishes: SearchWishes) -> list[SeenVacancy]:
    """What the person has answered lately, for recognising reposts."""
    if not wishes.skips_reposts:
        return []
    rows = await hunt.tools.store.vacancies.latest(hunt.user_id, "applied", 200)
    return [SeenVacancy(row.vacancy_id, row.title, row.employer) for row in rows]


async def _new_rows(
    hunt: Hunt, result: SearchPage, wishes: SearchWishes, seen: Sequence[SeenVacancy]
) -> list[VacancyRow]:
    vacancies = {vacancy.vacancy_id: vacancy for vacancy in result.vacancies}
    known = await hunt.tools.store.vacancies.known(hunt.user_id, hunt.board_name, list(vacancies))
    return [
        _make_row(hunt, vacancy, find_reason(vacancy, wishes, seen))
        for vacancy_id, vacancy in vacancies.items()
        if vacancy_id not in known
    ]


def _make_row(hunt: Hunt, vacancy: Vacancy, reason: str | None) -> VacancyRow:
    now = hunt.now()
    return VacancyRow(
        user_id=hunt.user_id,
        board=hunt.board_name,
        vacancy_id=vacancy.vacancy_id,
        state="found" if reason is None else "screened_out",
        reason=reason,
        title=vacancy.title[:LONGEST_TITLE],
        employer_id=vacancy.employer_id,
        employer=vacancy.employer[:LONGEST_TITLE],
        salary=write_salary(vacancy.salary),
        url=vacancy.url,
        sealed_letter=None,
        found_at=now,
        changed_at=now,
    )


async def _note_search(hunt: Hunt, added: int) -> None:
    """Plans the next search; joined with what the passing of this one proves."""
    now, tools = hunt.now(), hunt.tools
    next_at = pace.next_search_at(now, tools.settings.interval_seconds, tools.random)
    fruitless_since = None if added else hunt.progress.fruitless_since or now
    is_solved = hunt.progress.captchas <= 1 or hunt.progress.has_search_met_captcha
    is_lifted = is_solved and hunt.row.rest_reason == "captcha"
    lifted: Write = tools.store.hunts.wake_up(hunt.user_id) if is_lifted else NOTHING
    progress = hunt.progress.to(
        "searched", troubles=0, trouble_until=0, has_search_met_captcha=False, fruitless_since=fruitless_since
    )
    await hunt.commit(lifted, progress, next_search_at=next_at)
