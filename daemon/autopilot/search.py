"""Asks the board for new vacancies and writes down what it found, page by page.

Called by `autopilot.py` when a search is due. What the plain rules can judge by the search result alone gets its reason
at once and never costs a request. A search that passes ends a rest for the board's trouble, and a captcha's, if it
is the first or searches have met it too: the board has seen that the person solved it.

Results come newest first, so below a page without news everything is known, except where an earlier search ended in
the middle (a crash, the board's trouble, enough at hand) or asked for something else. The checkpoint names that page,
and once less than a day's worth waits, the search goes on there; else what lies below would never be seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    """Everything new, until a page brings nothing new or enough is at hand; then what earlier searches left unread."""
    wishes = SearchWishes.parse(hunt.row.excluded)
    query = make_query(hunt.row.query, wishes)
    unread_from = hunt.progress.unread_from if hunt.progress.searched_for == digest_of(query) else 1
    scan = _Scan(query, wishes, await recall_seen(hunt, wishes), unread_from)
    await _read_down(hunt, scan, 0, stops_at_known=True)
    if scan.unread_from and await _has_room(hunt):
        # Vacancies that were archived meanwhile have moved the others up.
        await _read_down(hunt, scan, max(1, scan.unread_from - 1), stops_at_known=False)
    await _note_search(hunt, scan)
    log.info("searched", user_id=hunt.user_id, added=scan.added, fitting=scan.fitting, pages=scan.pages)


@dataclass(slots=True)
class _Scan:
    """One search on its way down the pages."""

    query: SearchQuery
    wishes: SearchWishes
    seen: Sequence[SeenVacancy]
    unread_from: int
    added: int = 0
    fitting: int = 0
    pages: int = 0

    def state(self) -> dict[str, Any]:
        """What the next search must know."""
        return {"unread_from": self.unread_from, "searched_for": digest_of(self.query)}


def digest_of(query: SearchQuery) -> str:
    """Tells one query from another."""
    return hashlib.sha256(repr(query).encode()).hexdigest()[:12]


async def _read_down(hunt: Hunt, scan: _Scan, first: int, *, stops_at_known: bool) -> None:
    enough = max(50, 2 * hunt.facts.daily_limit)
    unread_before = scan.unread_from
    for page in range(first, MOST_PAGES):
        result = await hunt.read_board(lambda token, page=page: hunt.board.search(token, scan.query, page))  # type: ignore[misc]  # mypy can't infer a lambda's default
        rows = await _new_rows(hunt, result, scan.wishes, scan.seen)
        scan.pages += 1
        scan.added += len(rows)
        scan.fitting += sum(row.state == "found" for row in rows)
        is_last = page + 1 >= min(result.pages, MOST_PAGES)
        if stops_at_known and not rows and not is_last:
            scan.unread_from = unread_before
            return
        scan.unread_from = 0 if is_last else page + 1
        if rows:
            write = join(hunt.tools.store.vacancies.insert_new(row) for row in rows)
            await hunt.commit(write, hunt.progress.to("searching", **scan.state()))
        if is_last or scan.fitting >= enough:
            return


async def _has_room(hunt: Hunt) -> bool:
    """Whether less than a day's worth waits for its turn."""
    counts = await hunt.tools.store.vacancies.count_by_state(hunt.user_id)
    waiting = sum(counts.get(state, 0) for state in ("found", "letter_ready", "waiting_for_you"))
    return waiting < hunt.facts.daily_limit


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


async def _note_search(hunt: Hunt, scan: _Scan) -> None:
    """Plans the next search; joined with what the passing of this one proves."""
    now, tools = hunt.now(), hunt.tools
    next_at = pace.next_search_at(now, tools.settings.interval_seconds, tools.random)
    fruitless_since = None if scan.added else hunt.progress.fruitless_since or now
    is_solved = hunt.progress.captchas <= 1 or hunt.progress.has_search_met_captcha
    is_lifted = is_solved and hunt.row.rest_reason == "captcha"
    lifted: Write = tools.store.hunts.wake_up(hunt.user_id) if is_lifted else NOTHING
    progress = hunt.progress.to(
        "searched",
        troubles=0,
        trouble_until=0,
        has_search_met_captcha=False,
        fruitless_since=fruitless_since,
        **scan.state(),
    )
    await hunt.commit(lifted, progress, next_search_at=next_at)
