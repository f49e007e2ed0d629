"""What the machines let happen: people who get acquainted, hunt, ask and change their minds; and when all is over.

A story ends when everybody has their day's applications and nothing is said any more; only then is it judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.sandbox.judge import Witness, judge
from daemon.sandbox.plot import choose_people
from daemon.sandbox.story import applied_words
from daemon.sandbox.world import MODEL_KEY
from tests.crash.checker import check
from tests.crash.trial import RECONNECT, made_by
from tests.crash.whole_daemon import KEY

if TYPE_CHECKING:
    import random

    from tests.crash.whole_daemon import Theatre

APPLICATIONS = 3
SAYS = ((1, "/status"), (2, "/help"))
LONGEST_STORY_SECONDS = 4 * 3600.0
QUIET_SECONDS = 45.0
LOUD = frozenset({"message", "edit", "application_made", "application_refused", "update"})


def enter_people(theatre: Theatre, count: int, chance: random.Random) -> None:
    """So many people, different ones for each seed."""
    board_people = choose_people(theatre.world.hh.state)
    chance.shuffle(board_people)
    for one in board_people[:count]:
        theatre.enter(one.email, chance=chance, says=SAYS, replies=RECONNECT)


async def settle(
    theatre: Theatre, applications: int = APPLICATIONS, *, patience_seconds: float = LONGEST_STORY_SECONDS
) -> None:
    """Until everybody has their day's applications and a while passed in silence. Not getting there is a violation."""
    log = theatre.world.log
    with trio.move_on_after(patience_seconds) as patience:
        while min(made_by(theatre.world, list(theatre.accounts.values()))) < applications:
            await log.wait_beyond(log.last)
        await wait_for_quiet(theatre)
    if patience.cancelled_caught:
        made = made_by(theatre.world, list(theatre.accounts.values()))
        theatre.violations.append(f"the story did not end: {made} of {applications} applications")


async def wait_for_quiet(theatre: Theatre) -> None:
    """Nothing said and nothing applied for a while: grace and answers included."""
    log = theatre.world.log
    number, quiet_since = log.last, trio.current_time()
    while trio.current_time() < quiet_since + QUIET_SECONDS:
        with trio.move_on_at(quiet_since + QUIET_SECONDS):
            await log.wait_beyond(number)
        if any(act.kind in LOUD for act in log.since(number)):
            quiet_since = trio.current_time()
        number = log.last


def judge_story(theatre: Theatre, *, lost_answers: int = 0, errors: frozenset[str] = frozenset()) -> list[str]:
    """Everything that is wrong with a story that is over; the checker's word and what the theatre itself has seen.

    `lost_answers`: messages Telegram may have taken without saying so; said again, they are doubled as by a crash.
    `errors`: events that are logged as errors in this story, and rightly.
    """
    acts, log = tuple(theatre.world.log.acts()), theatre.folder / "log.txt"
    log.write_text("\n".join(map(str, theatre.log.lines)))
    crashes = theatre.crashes + lost_answers
    found = check(
        acts,
        theatre.life.path,
        accounts=theatre.accounts,
        crashes=crashes,
        history=theatre.history,
        daily_limit=theatre.daily_limit,
        secrets=secrets_of(theatre),
        outputs=[log],
        left=theatre.count_left(),
    )
    verdict = judge(acts, Witness(theatre.accounts, applied_words()), crashes=crashes)
    return [*theatre.violations, *found, *verdict.problems, *complaints(theatre, errors)]


def secrets_of(theatre: Theatre) -> list[str]:
    """Every token, code and key of this world."""
    tokens = theatre.world.hh.state.tokens
    grants = tokens._grants.values()
    pairs = [secret for grant in grants for secret in (grant.access_token, grant.refresh_token) if secret]
    rules = theatre.world.hh.state.rules
    codes = list(tokens._codes)
    return [KEY, MODEL_KEY, rules.client_secret, theatre.world.telegram.state.token, *pairs, *codes]


def complaints(theatre: Theatre, known: frozenset[str] = frozenset()) -> list[str]:
    """What living daemons logged as an error: whatever the machine did to them, they should have known it may happen."""
    living = {life.number for life in theatre.lives if not life.is_dead}
    return [
        f"life {line.get('life')} logged {line['level']} {line['event']}"
        for line in theatre.log.lines
        if line["level"] in {"error", "critical", "exception"}
        and line.get("life") in living
        and line["event"] not in known
    ]
