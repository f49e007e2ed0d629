"""Sends one application through the effect ledger: plan, begin, send, and one write for whatever came of it.

Called by `autopilot.py`. The plan takes the day's place in the write that moves the vacancy to `applying`; `sending` is
on disk before the first byte leaves; the outcome, the vacancy's state, the news and the checkpoint are one write. So
whichever moment the daemon dies in, the next life finds one of two: nothing was sent, or "ask the board"
(`reconcile.py`).

    outcome of the board          ledger       vacancy        and
    application (new or known)    confirmed    applied        said once
    lost answer, time-out         ambiguous    ambiguous      left alone for the grace
    never takes applications      refused      refused        reason kept (a direct one is handed over with its link)
    letter not accepted           refused      letter_ready   plain template (shown first) once, then refused
    limit, captcha, login, door   refused      letter_ready   rest, said once; the place of the day is given back
    not reached, too fast         refused      letter_ready   tried again after a growing wait
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.autopilot import news, pace
from daemon.autopilot.facts import KIND, call_seconds
from daemon.autopilot.rests import find_rest
from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LetterRejected,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    Vacancy,
)
from daemon.clock import DAY
from daemon.supervisor.finishing import let_finish
from store.durable.effects import Cap
from store.errors import CapReached, LeaseLost

if TYPE_CHECKING:
    from typing import Any

    from daemon.autopilot.hunt import Hunt
    from daemon.boards.board import Application
    from daemon.secret import Secret
    from store.durable.effects import EffectRow
    from store.tables.vacancies import VacancyRow
    from store.write import Write

log = structlog.get_logger(__name__)

NOT_SENT = (
    BoardBusy,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LimitReached,
    LoginExpired,
    LoginLost,
    ResumeGone,
)
"""Refusals that are about the account or the moment: the same application may go out later."""
LEAST_CALL_SECONDS = 2.0
"""Where a store is shared, a call ends before another process may act for this person: less is not worth beginning."""
MOST_ATTEMPTS = 5
LAST_SECONDS = 1.0
"""How long a request on its way may take once the hunt is to stop or to pause."""
CONFIRM_SECONDS = 2.0
"""How long a cancelled hunt may still take to write down what the board has already answered."""
LETTER_COLUMN = "letter"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an application: one write and how the checkpoint changes."""

    name: str
    write: Write
    changes: dict[str, Any]


async def plan_application(hunt: Hunt, vacancy: VacancyRow) -> bool:
    """Takes a place of the day and moves the vacancy to `applying`. False: no place is left, or it was done before."""
    tools, key, now = hunt.tools, hunt.key_of(vacancy.vacancy_id), hunt.now()
    effect = await tools.store.effects.get(KIND, key)
    if effect is not None and effect.state != "refused":
        await hunt.commit(follow_ledger(hunt, vacancy, effect), hunt.progress.to("accounting", key))
        return False
    cap = Cap(hunt.facts.daily_limit, since=now - DAY)
    payload = {"resume_id": hunt.facts.profile.resume_id if hunt.facts.profile is not None else None}
    if effect is None:
        plan = tools.store.effects.plan(KIND, key, hunt.user_id, payload, now=now, cap=cap)
    else:
        plan = tools.store.effects.replan(KIND, key, payload=payload, now=now, cap=cap)
    try:
        await hunt.commit(plan + hunt.move(vacancy, "applying"), hunt.progress.to("planned", key))
    except CapReached:
        log.info("cap_reached", user_id=hunt.user_id, limit=hunt.facts.daily_limit)
        return False
    return True


def follow_ledger(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow) -> Write:
    """The vacancy's state as the ledger knows it: the ledger outlives the vacancy, over an erasure and a return."""
    if effect.state == "confirmed":
        return hunt.move(vacancy, "screened_out", "already_answered")
    if effect.state == "planned":
        return hunt.move(vacancy, "applying")
    return hunt.move(vacancy, "ambiguous", "interrupted")


async def send_application(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow) -> None:
    """Sends what is planned and writes down what came of it."""
    letter = await open_letter(hunt, vacancy)
    await hunt.tools.ownership.wait_trust(hunt.user_id, LEAST_CALL_SECONDS)
    await trio.lowlevel.checkpoint_if_cancelled()
    # From `sending` to what came of it is one piece of work: a stop in its middle would leave a doubt behind and the
    # next life would wait for the grace and ask. Cut off all the same, `sending` stays, and it does.
    await let_finish(lambda: _send_and_settle(hunt, vacancy, effect, letter), LAST_SECONDS)


async def _send_and_settle(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, letter: str) -> None:
    tools = hunt.tools
    begin = tools.store.effects.begin(
        KIND,
        effect.key,
        attempt=effect.attempt,
        epoch=tools.ownership.epoch_of(hunt.user_id),
        boot_id=tools.ownership.boot_id,
        now=hunt.now(),
    )
    await hunt.commit(begin, hunt.progress.to("applying", effect.key))
    outcome = await _call_board(hunt, vacancy, effect, letter)
    # The board has answered: a stop in this moment must not throw the answer away, or the grace would be waited for.
    with trio.move_on_after(CONFIRM_SECONDS, shield=True):
        changes = {"next_application_at": pace_after(hunt, outcome), **outcome.changes}
        await hunt.commit(outcome.write, hunt.progress.to("accounting", effect.key, **changes))
    log.info("application_settled", user_id=hunt.user_id, effect=effect.key, outcome=outcome.name)


async def open_letter(hunt: Hunt, vacancy: VacancyRow) -> str:
    """The letter as it was written: a later attempt sends the same text."""
    if vacancy.sealed_letter is None:
        return ""
    return await hunt.tools.vault.open(hunt.user_id, LETTER_COLUMN, vacancy.sealed_letter)


def pace_after(hunt: Hunt, outcome: Outcome) -> int:
    """The pause after what reached an employer, or may have; none after a refusal."""
    if outcome.name not in {"confirmed", "doubted"}:
        return hunt.progress.next_application_at
    return pace.next_application_at(hunt.now(), hunt.tools.settings.pause_seconds, hunt.tools.random)


async def _call_board(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, letter: str) -> Outcome:
    board, resume_id = hunt.board, str((effect.payload or {}).get("resume_id") or "")
    ownership = hunt.tools.ownership

    async def apply(token: Secret) -> Application:
        # As late as can be: a machine that slept since `begin` must not send what its successor may send by now.
        if not ownership.trusts_for(hunt.user_id, 0):
            raise LeaseLost
        return await board.apply(token, resume_id, vacancy.vacancy_id, letter)

    trusted = await ownership.wait_trust(hunt.user_id, LEAST_CALL_SECONDS)
    try:
        with trio.fail_after(min(call_seconds(hunt.tools.settings.grace_seconds), trusted)):
            application = await hunt.tools.sessions.call(hunt.user_id, hunt.board_name, apply)
    except trio.TooSlowError:
        return doubted(hunt, vacancy, effect)
    except LetterRejected:
        return await letter_rejected(hunt, vacancy, effect, letter)
    except NotApplicable as error:
        return not_applicable(hunt, vacancy, effect, letter, error)
    except NOT_SENT as error:
        return put_back(hunt, vacancy, effect, error)
    except BoardError:
        # `UncertainOutcome`, and whatever an adapter adds one day: not knowing is the only safe reading.
        return doubted(hunt, vacancy, effect)
    reason = None if application.external_id is not None else "already_applied"
    return confirmed(hunt, vacancy, effect, application.external_id, reason)


def confirmed(
    hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, external_id: str | None, reason: str | None
) -> Outcome:
    """The board has it."""
    write = (
        hunt.tools.store.effects.confirm(KIND, effect.key, external_id=external_id, now=hunt.now())
        + hunt.move(vacancy, "applied", reason)
        + news.tell_applied(hunt, vacancy)
    )
    return Outcome("confirmed", write, {"captchas": 0, "troubles": 0, "trouble_until": 0})


def doubted(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, reason: str = "lost_answer") -> Outcome:
    """Nobody knows."""
    write = hunt.tools.store.effects.doubt(KIND, effect.key, reason=reason, now=hunt.now())
    return Outcome("doubted", write + hunt.move(vacancy, "ambiguous", reason), {})


def not_applicable(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, letter: str, error: NotApplicable) -> Outcome:
    """This vacancy will never take it. One that wants applications on the employer's own site is the person's to do."""
    write = _refuse(hunt, effect, error.reason)
    if error.url is None:
        return Outcome("refused", write + hunt.move(vacancy, "refused", error.reason), {})
    write += hunt.move(vacancy, "handed_over", error.reason)
    return Outcome("handed_over", write + news.hand_over(hunt, vacancy, letter, url=error.url, kind="direct"), {})


async def letter_rejected(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, letter: str) -> Outcome:
    """The plain template once, then never again: a board that dislikes both dislikes something else."""
    tools, write = hunt.tools, _refuse(hunt, effect, "letter_rejected")
    resume = await tools.resumes.load(hunt.user_id)
    plain = "" if resume is None else tools.letters.write_plainly(hunt.user_id, resume, bare_vacancy(vacancy))
    if letter == plain or not plain:
        return Outcome("refused", write + hunt.move(vacancy, "refused", "letter_rejected"), {})
    sealed = await tools.vault.seal(hunt.user_id, LETTER_COLUMN, plain)
    save = tools.store.vacancies.save_letter(hunt.user_id, vacancy.board, vacancy.vacancy_id, sealed, now=hunt.now())
    # Not `keep_reason`: who wants to see letters first has said yes to another one, and sees this one too.
    ready = tools.store.vacancies.set_state(
        hunt.user_id, vacancy.board, vacancy.vacancy_id, "letter_ready", now=hunt.now(), reason="letter_rejected"
    )
    return Outcome("letter_rejected", write + save + ready, {})


def bare_vacancy(row: VacancyRow) -> Vacancy:
    """What we kept of a vacancy, for a letter that must not wait for the board."""
    return Vacancy(
        vacancy_id=row.vacancy_id,
        title=row.title,
        employer_id=row.employer_id,
        employer=row.employer,
        area="",
        url=row.url,
        apply_url=row.url,
        salary=None,
        summary="",
        text="",
        skills=(),
        has_test=False,
        needs_letter=False,
        is_archived=False,
        is_direct=False,
        is_closed_for_applicants=False,
        is_answered=False,
        is_blacklisted=False,
        published_at=None,
    )


def put_back(hunt: Hunt, vacancy: VacancyRow, effect: EffectRow, error: BoardError) -> Outcome:
    """Surely not sent: the place of the day is given back and the letter waits."""
    rest = find_rest(hunt, error)
    refuse = _refuse(hunt, effect, rest.reason)
    if rest.reason == "board_trouble" and effect.attempt >= MOST_ATTEMPTS and not hunt.progress.troubles:
        # The board works, only not for this one.
        return Outcome("refused", refuse + hunt.move(vacancy, "refused", rest.reason) + rest.write, rest.changes)
    write = refuse + keep_reason(hunt, vacancy, rest.reason)
    return Outcome(rest.reason, write + rest.write, rest.changes)


def keep_reason(hunt: Hunt, vacancy: VacancyRow, reason: str) -> Write:
    """Back to `letter_ready`; what the person approved once is not asked about again."""
    return hunt.tools.store.vacancies.set_state(
        hunt.user_id,
        vacancy.board,
        vacancy.vacancy_id,
        "letter_ready",
        now=hunt.now(),
        reason="approved" if hunt.facts.mode == "approve" else reason,
    )


def _refuse(hunt: Hunt, effect: EffectRow, reason: str) -> Write:
    return hunt.tools.store.effects.refuse(KIND, effect.key, reason=reason, now=hunt.now())
