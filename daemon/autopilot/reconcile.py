"""Clears up what was left between "sent" and "answered", by asking the board; never by sending first.

Called by `autopilot.py`: `inherit` when a hunt starts (a crash, a cancel, a deploy), `ask_board` when a doubtful
application has been left alone for the grace. Shaped by a measurement: a request whose client is gone may still be
carried out seconds later, so "the board knows of none" means something only after the grace. Where the board can't be
asked the application stays doubtful, the person is told once and can look themselves; nothing is ever sent by a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from daemon.autopilot import news
from daemon.autopilot.apply import MOST_ATTEMPTS, confirmed
from daemon.autopilot.facts import KIND, question_at
from daemon.autopilot.hunt import open_hunt
from daemon.autopilot.rests import Rest, find_rest
from daemon.boards.board import BoardError, CaptchaRequired, LoginLost
from daemon.clock import SECOND
from store.ids import BoardName, VacancyId
from store.write import NOTHING, join

if TYPE_CHECKING:
    from daemon.autopilot.hunt import Hunt
    from daemon.autopilot.tools import HuntTools
    from daemon.boards.board import Application
    from store.durable.effects import EffectRow
    from store.ids import UserId
    from store.tables.vacancies import VacancyRow
    from store.write import Write

log = structlog.get_logger(__name__)


async def inherit(tools: HuntTools, user_id: UserId) -> None:
    """Whatever is found in `sending` at a start was sent by a life that has ended: nobody waits for its answer.

    Most have nothing to inherit: one look at the ledger, for ten thousand start together.
    """
    if not any(effect.state == "sending" for effect in await tools.store.effects.open(KIND, user_id)):
        return
    hunt = await open_hunt(tools, user_id)
    if hunt is None:
        return
    left = [effect for effect in hunt.facts.open_effects if effect.state == "sending"]
    writes = []
    for effect in left:
        writes.append(hunt.tools.store.effects.doubt(KIND, effect.key, reason="interrupted", now=hunt.now()))
        vacancy = await find_vacancy(hunt, effect)
        if vacancy is not None:
            writes.append(hunt.move(vacancy, "ambiguous", "interrupted"))
    await hunt.commit(join(writes), hunt.progress.to("inheriting"))
    log.info("inherited", user_id=hunt.user_id, doubtful=len(left))


async def find_vacancy(hunt: Hunt, effect: EffectRow) -> VacancyRow | None:
    """The vacancy an effect is about; None when the person had everything erased meanwhile."""
    board, _, vacancy_id = effect.key.partition(":")[2].partition(":")
    return await hunt.tools.store.vacancies.get(hunt.user_id, BoardName(board), VacancyId(vacancy_id))


def next_doubt(hunt: Hunt) -> EffectRow | None:
    """The oldest doubtful application whose grace is over; the others go on being left alone."""
    now = hunt.now()
    if hunt.progress.ask_again_at > now:
        return None
    doubtful = [effect for effect in hunt.facts.open_effects if effect.state in {"ambiguous", "sending"}]
    due = [effect for effect in doubtful if question_at(hunt.tools, effect) <= now]
    return min(due, key=lambda effect: effect.sending_at or 0, default=None)


async def ask_board(hunt: Hunt, effect: EffectRow) -> None:
    """Asks whether this application exists, and decides."""
    vacancy = await find_vacancy(hunt, effect)
    resume_id = str((effect.payload or {}).get("resume_id") or "")
    board, vacancy_id = hunt.board, VacancyId(effect.key.rpartition(":")[2])
    try:
        application = await hunt.tools.sessions.call(
            hunt.user_id, hunt.board_name, lambda token: board.find_application(token, resume_id, vacancy_id)
        )
    except BoardError as error:
        await _stay_doubtful(hunt, effect, vacancy, error)
        return
    write = _decide(hunt, effect, vacancy, application)
    await hunt.commit(write, hunt.progress.to("reconciled", effect.key, troubles=0, trouble_until=0))
    log.info("reconciled", user_id=hunt.user_id, effect=effect.key, is_there=application is not None)


def _decide(hunt: Hunt, effect: EffectRow, vacancy: VacancyRow | None, application: Application | None) -> Write:
    effects, now = hunt.tools.store.effects, hunt.now()
    if application is not None:
        if vacancy is None:
            return effects.confirm(KIND, effect.key, external_id=application.external_id, now=now)
        return confirmed(hunt, vacancy, effect, application.external_id, "found_at_board").write
    # A board that lost the answer so often, and has no application each time, will not take this one.
    if vacancy is None or vacancy.sealed_letter is None or effect.attempt >= MOST_ATTEMPTS:
        refused = effects.refuse(KIND, effect.key, reason="lost_answer", now=now)
        return refused + (hunt.move(vacancy, "refused", "board_trouble") if vacancy is not None else NOTHING)
    return effects.replan(KIND, effect.key, now=now) + hunt.move(vacancy, "applying")


async def _stay_doubtful(hunt: Hunt, effect: EffectRow, vacancy: VacancyRow | None, error: BoardError) -> None:
    """A second grace; after that the person is told, once for each attempt, and the board is asked now and then."""
    settings, now = hunt.tools.settings, hunt.now()
    grace = settings.grace_seconds
    is_second = now >= question_at(hunt.tools, effect) + round(grace * SECOND)
    wait = max(grace, settings.interval_seconds) if is_second else max(grace, 1.0)
    # Only what the person must mend concerns the whole hunt; a closed list of applications closes nothing else.
    rest = find_rest(hunt, error) if isinstance(error, CaptchaRequired | LoginLost) else Rest("board_trouble")
    write = rest.write
    if is_second and vacancy is not None:
        write += news.tell_doubt(hunt, vacancy, effect.attempt)
    changes = {**rest.changes, "ask_again_at": now + round(wait * SECOND)}
    await hunt.commit(write, hunt.progress.to("doubting", effect.key, **changes))
    log.warning("board_not_asked", user_id=hunt.user_id, effect=effect.key, error=type(error).__name__)
