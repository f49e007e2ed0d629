"""Employers' answers: looks, a few at a time, whether applications became invitations or refusals.

Called by `autopilot.py` after a search. The board tells this only when asked, so a small number of applications is
looked at after each search, in turn, within the board's pace; an invitation is news and said once. Where the board
can't be asked (assisted mode, its list is closed) nothing is looked at; the board itself writes to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from daemon.autopilot import news
from daemon.boards.board import BoardError
from daemon.clock import DAY, HOUR
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.autopilot.hunt import Hunt
    from daemon.boards.board import Application
    from store.tables.vacancies import VacancyRow
    from store.write import Write

log = structlog.get_logger(__name__)

AT_ONCE = 3
YOUNGEST = HOUR
OLDEST = 30 * DAY
"""Nobody looks at an application for longer than a month."""
SETTLED = frozenset({"invited", "discarded", "person_applied"})


async def look_for_answers(hunt: Hunt) -> None:
    """Asks about the next few applications; what has changed is written and said."""
    rows = await _next_applications(hunt) if can_ask(hunt) else []
    if not rows:
        if hunt.progress.answers_seen:
            await hunt.commit(NOTHING, hunt.progress.to(hunt.progress.step, answers_seen=0))
        return
    resume_id = (hunt.facts.profile.resume_id if hunt.facts.profile is not None else None) or ""
    write = NOTHING
    for row in rows:
        if row.reason in SETTLED or not _is_of_age(hunt, row):
            continue
        try:
            application = await hunt.tools.sessions.call(
                hunt.user_id,
                hunt.board_name,
                lambda token, row=row: hunt.board.find_application(token, resume_id, row.vacancy_id),  # type: ignore[misc]  # mypy can't infer a lambda's default
            )
        except BoardError as error:
            log.info("answers_not_seen", user_id=hunt.user_id, error=type(error).__name__)
            break
        write += _note_answer(hunt, row, application)
    seen = hunt.progress.answers_seen + len(rows)
    await hunt.commit(write, hunt.progress.to(hunt.progress.step, answers_seen=seen))


def can_ask(hunt: Hunt) -> bool:
    """Whether the board tells this person's applications at all."""
    return hunt.facts.has_login and hunt.facts.mode != "assisted" and hunt.board.capabilities.can_list_applications


async def _next_applications(hunt: Hunt) -> list[VacancyRow]:
    return await hunt.tools.store.vacancies.latest(hunt.user_id, "applied", AT_ONCE, hunt.progress.answers_seen)


def _is_of_age(hunt: Hunt, row: VacancyRow) -> bool:
    return YOUNGEST <= hunt.now() - row.changed_at <= OLDEST


def _note_answer(hunt: Hunt, row: VacancyRow, application: Application | None) -> Write:
    state = application.state if application is not None else ""
    if state == "invitation":
        return hunt.move(row, "applied", "invited") + news.tell_invited(hunt, row)
    return hunt.move(row, "applied", "discarded") if state == "discard" else NOTHING
