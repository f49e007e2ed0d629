"""run_autopilot: one person's hunt, from its start until the person does not wish it any more. Reads top to bottom.

    inherit what a former life left behind
    then, again and again:
        look at the gates                       (gates.py)
        ask the board about doubtful ones       (reconcile.py)
        write anew what the person wants anew   (rewriting.py)
        send what is planned                    (apply.py)
        take the next letter: send, show or hand over
        take the next found vacancy: screen it, write its letter
        search when a search is due             (search.py), and look for employers' answers (answers.py)
        sleep until one of these may go on, or somebody rings

Started by `roster.py` through the supervisor. Each step reads the store, does one thing and writes down what it did
together with the checkpoint: killed anywhere, the next life goes on with the same step. Between steps nothing is kept,
so ten thousand sleeping hunts cost little more than ten thousand sleeping tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from daemon.autopilot import accounting, news, pace
from daemon.autopilot.answers import look_for_answers
from daemon.autopilot.apply import LETTER_COLUMN, open_letter, plan_application, send_application
from daemon.autopilot.facts import KIND
from daemon.autopilot.gates import Stage, closed_gates
from daemon.autopilot.hunt import Hunt, open_hunt
from daemon.autopilot.reconcile import ask_board, find_vacancy, inherit, next_doubt
from daemon.autopilot.rests import find_reading_rest
from daemon.autopilot.rewriting import rewrite_next
from daemon.autopilot.screening import find_reason
from daemon.autopilot.search import recall_seen, search_board
from daemon.autopilot.wishes import SearchWishes
from daemon.boards.board import BoardError, BoardTrouble, NotApplicable, ResumeGone
from daemon.clock import HOUR, SECOND
from store.errors import Conflict, LeaseLost
from store.tables.hunts import topic_of

if TYPE_CHECKING:
    import trio

    from daemon.autopilot.gates import GateReport
    from daemon.autopilot.progress import AutopilotProgress
    from daemon.autopilot.tools import HuntTools
    from daemon.boards.board import Resume, Vacancy
    from store.database import Wakeups
    from store.ids import UserId
    from store.tables.vacancies import VacancyRow

log = structlog.get_logger(__name__)

LONGEST_SLEEP_SECONDS = 900.0
"""A suspended machine's clock stands still while the wall clock goes on: look again now and then."""
SHORTEST_SLEEP_SECONDS = 0.1
"""A gate that names a moment in the past must not turn ten thousand hunts into a busy loop."""
MOST_CONFLICTS = 5


class Postponed(Exception):
    """This vacancy's turn comes later; that is written down already."""


async def run_autopilot(tools: HuntTools, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
    """One person's hunt. Ends when they do not wish it any more; goes on where it was when started again."""
    async with tools.store.listen(topic_of(user_id)) as bell:
        await inherit(tools, user_id)
        task_status.started()
        while (until := await work(tools, user_id)) is not None:
            await sleep(tools, bell, until)


async def sleep(tools: HuntTools, bell: Wakeups, until: int) -> None:
    """Until then, or until somebody rings."""
    left = (until - tools.clock.now()) / SECOND
    await bell.wait(min(max(left, SHORTEST_SLEEP_SECONDS), LONGEST_SLEEP_SECONDS))


async def work(tools: HuntTools, user_id: UserId) -> int | None:
    """Does what can be done now. Returns when there may be more to do; None: the person wishes no hunt."""
    conflicts = 0
    while True:
        # A step at a time: of a thousand hunts that are due together, the others wait here and not in the board's pool,
        # whose patience ends; and the loop gets round to answering people.
        async with tools.turns:
            hunt = await open_hunt(tools, user_id)
            if hunt is None:
                return None
            if hunt.facts.owner is not None:
                raise LeaseLost
            try:
                until = await take_step(hunt)
            except LeaseLost:
                raise
            except Conflict:
                # Somebody answered a card in the same moment: look again. Always again would be a mistake of ours.
                conflicts += 1
                if conflicts > MOST_CONFLICTS:
                    raise
                continue
            except Postponed:
                continue
            except BoardError as error:
                await rest(hunt, error)
                continue
            conflicts = 0
            if until is not None:
                return until


async def take_step(hunt: Hunt) -> int | None:
    """Does one thing. None: something was done, look again; otherwise when to look again."""
    closed = closed_gates(hunt.facts, Stage.HUNT)
    if closed:
        await tell_lost_login(hunt)
        return await settle_down(hunt, closed, "resting")
    if await keep_promises(hunt):
        return None
    applying, searching = closed_gates(hunt.facts, Stage.APPLY), closed_gates(hunt.facts, Stage.SEARCH)
    # After trouble a search goes first: it shows whether the board works, and does no harm where it does not.
    if not (hunt.progress.troubles and not searching):
        if await send_planned(hunt, applying):
            return None
        if await pursue_next(hunt, applying):
            return None
    if not searching:
        await search_board(hunt)
        await look_for_answers(hunt)
        return None
    resting = any(report.name != "pace" for report in applying)
    return await settle_down(hunt, applying + searching, "resting" if resting else "sleeping")


async def keep_promises(hunt: Hunt) -> bool:
    """What is owed in spite of all limits: the truth about a doubtful application, another letter. False: nothing."""
    doubt = next_doubt(hunt)
    if doubt is None:
        return await rewrite_next(hunt)
    await ask_board(hunt, doubt)
    return True


async def send_planned(hunt: Hunt, closed: list[GateReport]) -> bool:
    """What was planned before a crash, or again after asking. It has its place of the day already."""
    is_assisted = hunt.facts.mode == "assisted"
    if any(report.name not in {"cap", "waiting"} for report in closed) and not is_assisted:
        return False
    effect = next((effect for effect in hunt.facts.open_effects if effect.state == "planned"), None)
    if effect is None:
        return False
    vacancy = await find_vacancy(hunt, effect)
    if vacancy is not None and not is_assisted:
        await send_application(hunt, vacancy, effect)
        return True
    # The door was shut between plan and sending, so the letter is handed over; or the person had all erased.
    write = hunt.tools.store.effects.refuse(KIND, effect.key, reason="not_sent", now=hunt.now())
    if vacancy is not None:
        write += hunt.move(vacancy, "letter_ready", "assisted")
    await hunt.commit(write, hunt.progress.to("handing_back", effect.key))
    return True


async def pursue_next(hunt: Hunt, closed: list[GateReport]) -> bool:
    """The next letter that waits for nothing, else the next found vacancy. False: there is neither.

    The pause between two applications holds back sending alone: the next letter is written meanwhile, one ahead.
    """
    if any(report.name != "pace" for report in closed):
        return False
    vacancies = hunt.tools.store.vacancies
    ready = await vacancies.in_state(hunt.user_id, "letter_ready", 20)
    if ready:
        if closed:
            return False
        # What the person has said yes to goes first.
        await use_letter(hunt, min(ready, key=lambda row: row.reason != "approved"))
        return True
    found = await vacancies.in_state(hunt.user_id, "found", 1)
    if found:
        await prepare(hunt, found[0])
    return bool(found)


async def use_letter(hunt: Hunt, vacancy: VacancyRow) -> None:
    """A letter is ready: send it, show it first, or hand it over, as the mode says."""
    if hunt.facts.mode == "assisted":
        letter = await open_letter(hunt, vacancy)
        write = hunt.move(vacancy, "handed_over", "assisted") + news.hand_over(hunt, vacancy, letter)
        await hunt.commit(write, pause_after_card(hunt, vacancy))
    elif hunt.facts.mode == "approve" and vacancy.reason != "approved":
        letter = await open_letter(hunt, vacancy)
        write = hunt.move(vacancy, "waiting_for_you", "awaits_answer") + news.ask_to_send(hunt, vacancy, letter)
        await hunt.commit(write, hunt.progress.to("asking", hunt.key_of(vacancy.vacancy_id)))
    else:
        await plan_application(hunt, vacancy)


def pause_after_card(hunt: Hunt, vacancy: VacancyRow) -> AutopilotProgress:
    """Cards keep the pause of applications: forty messages at once are read by nobody."""
    next_at = pace.next_application_at(hunt.now(), hunt.tools.settings.pause_seconds, hunt.tools.random)
    return hunt.progress.to("handing_over", hunt.key_of(vacancy.vacancy_id), next_application_at=next_at)


async def prepare(hunt: Hunt, vacancy: VacancyRow) -> None:
    """Screens one found vacancy by its full text and writes its letter."""
    key = hunt.key_of(vacancy.vacancy_id)
    resume = await hunt.tools.resumes.load(hunt.user_id)
    if resume is None:
        raise ResumeGone
    effect = await hunt.tools.store.effects.get(KIND, key)
    if effect is not None and effect.state != "refused":
        # Their data was erased and they came back: the ledger remembers what was sent.
        await plan_application(hunt, vacancy)
        return
    details = await fetch_details(hunt, vacancy)
    reason = details if isinstance(details, str) else await screen(hunt, resume, details)
    if reason is not None or isinstance(details, str):
        write = hunt.move(vacancy, "screened_out", reason)
        await hunt.commit(write, hunt.progress.to("screening", key, troubles=0))
        return
    letter = await hunt.tools.letters.write_letter(hunt.user_id, resume, details)
    sealed = await hunt.tools.vault.seal(hunt.user_id, LETTER_COLUMN, letter)
    save = hunt.tools.store.vacancies.save_letter(
        hunt.user_id, vacancy.board, vacancy.vacancy_id, sealed, now=hunt.now()
    )
    # Moved first: a letter must not bring back what the person has put away meanwhile.
    await hunt.commit(hunt.move(vacancy, "letter_ready") + save, hunt.progress.to("writing", key, troubles=0))


async def fetch_details(hunt: Hunt, vacancy: VacancyRow) -> Vacancy | str:
    """The whole vacancy, or the reason why there is none to be had.

    One that the board can't show goes to the end of the row; when it fails again while the board works for others, it
    is left alone. So neither a broken vacancy nor an outage stops the hunt or throws anything away.
    """
    try:
        return await hunt.read_board(lambda token: hunt.board.fetch_vacancy(token, vacancy.vacancy_id))
    except NotApplicable as error:
        return error.reason
    except BoardTrouble as error:
        if vacancy.reason == "board_trouble" and not hunt.progress.troubles:
            return "board_trouble"
        outcome = find_reading_rest(hunt, error)
        write = hunt.move(vacancy, "found", "board_trouble") + outcome.write
        await hunt.commit(write, hunt.progress.to("resting", **outcome.changes))
        raise Postponed from error


async def screen(hunt: Hunt, resume: Resume, details: Vacancy) -> str | None:
    """Why it is left alone after all; None: it gets a letter."""
    wishes = SearchWishes.parse(hunt.row.excluded)
    reason = find_reason(details, wishes, await recall_seen(hunt, wishes))
    if reason is None and hunt.tools.screener is not None:
        fits = await hunt.tools.screener.fits(hunt.user_id, resume, details, wishes)
        return None if fits else "model_says_no"
    return reason


AWAITED = ("login_lost", "resume_gone")
"""The person ends these, and the search that was due is then due; a closed gate keeps the hunt from asking before."""


async def rest(hunt: Hunt, error: BoardError) -> None:
    """The board refused a search or a look: rest as it asks, and say so once where the person must do something."""
    log.warning("board_failed", user_id=hunt.user_id, error=type(error).__name__, step=hunt.progress.step)
    outcome = find_reading_rest(hunt, error)
    wait = round(hunt.tools.settings.interval_seconds * SECOND)
    next_search_at = outcome.changes.get("trouble_until", hunt.now() + wait)
    if outcome.reason in AWAITED:
        next_search_at = None
    await hunt.commit(outcome.write, hunt.progress.to("resting", **outcome.changes), next_search_at=next_search_at)


async def tell_lost_login(hunt: Hunt) -> None:
    """Once for each login: a dialog or another call may have found out that it is gone, so the loop says it."""
    account = hunt.facts.account
    if account is not None and hunt.facts.is_login_lost and hunt.progress.login_told != account.connected_at:
        progress = hunt.progress.to("resting", login_told=account.connected_at)
        await hunt.commit(news.tell_login_lost(hunt), progress)


async def settle_down(hunt: Hunt, closed: list[GateReport], state: str) -> int:
    """Nothing to do now: the card says so, and the hunt sleeps until the first gate opens."""
    await update_card(hunt, state)
    moments = [report.until for report in closed if report.until is not None]
    is_asking = all(report.stage is not Stage.HUNT for report in closed)
    if hunt.facts.next_question_at is not None and is_asking:
        moments.append(hunt.facts.next_question_at)
    return min(moments, default=hunt.now() + 24 * HOUR)


async def update_card(hunt: Hunt, state: str) -> None:
    """Edits the status card when its counts have changed."""
    funnel = await accounting.count_funnel(hunt.tools.store, hunt.user_id)
    if state == "sleeping" and funnel.pending:
        state = "working"
    shown = f"{state}:{':'.join(str(value) for value in funnel.values().values())}:{hunt.facts.used_today}"
    if shown == hunt.progress.card:
        return
    write = news.show_card(hunt, funnel, state)
    await hunt.commit(write, hunt.progress.to(hunt.progress.step, hunt.progress.vacancy, card=shown))
