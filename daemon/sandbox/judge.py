"""The verdict over a story, from the world's log alone: what was applied, what was doubled, what was lost.

The daemon's store is never asked. What counts:

duplicates
    applications beyond the first of one person to one vacancy, whichever resume they were made with; and requests to
    apply that came after the board had already carried one out, even where the board itself refused the second.
lost
    * an application the board knows and its person was never told of;
    * a vacancy a person was told is applied to, and the board does not know it;
    * a message or a press of a person that got no answer, and an update the daemon never confirmed;
    * of what the board's searches showed the person, whatever their last status does not account for: vacancies it does
      not count, applications it does not count, suitable ones that it counts as unfitting, and suitable ones that wait
      while it names nothing they wait for. Counted where the witness can read the status card.

A message said twice in a row is not a loss: messages to people can't be asked about, so each crash may double one per
chat. What goes beyond that allowance counts as a duplicate too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from daemon.sandbox.world_log import Act

_VACANCY_LINK = re.compile(r"/vacancy/([0-9A-Za-z_-]+)|[?&]vacancyId=([0-9A-Za-z_-]+)")
SAID = ("message", "edit")
ON_ITS_WAY_MS = 1000
"""What the board did this shortly before a status card need not be on it: the answer was still on its way."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What the judge must know to read the log: who is who, and by which words an application is reported."""

    accounts: Mapping[int, str]
    """Chat of a person -> who they are at the board."""
    applied_words: tuple[str, ...]
    """Beginnings of the messages that say "applied", in every language."""
    suitable: frozenset[str] = frozenset()
    """Vacancies that an application through the board's API can reach."""
    read_status: Callable[[str], StatusCard | None] = lambda _: None
    """The numbers of a message, if it is a status card."""


@dataclass(frozen=True, slots=True)
class StatusCard:
    """What a status card says, in numbers."""

    seen: int
    """Vacancies of the searches, whatever became of them."""
    states: Mapping[str, int]
    """How many are `applied`, `screened_out`, ...; the rest of those seen has its turn before it."""
    reasons: int
    """Things that it says the hunt waits for."""


@dataclass(slots=True)
class Verdict:
    """What came out. `problems` says each doubled or lost thing in a line."""

    applied: int = 0
    duplicates: int = 0
    lost: int = 0
    doubled_messages: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing doubled, nothing lost."""
        return self.duplicates == 0 and self.lost == 0

    def lose(self, problem: str, times: int = 1) -> None:
        """Something is lost."""
        self.lost += times
        self.problems.append(f"lost: {problem}")

    def double(self, problem: str, times: int = 1) -> None:
        """Something happened too often."""
        self.duplicates += times
        self.problems.append(f"doubled: {problem}")


def judge(acts: Sequence[Act], witness: Witness, *, crashes: int) -> Verdict:
    """Reads the whole log. `crashes`: how often the daemon was killed without a chance to finish."""
    verdict = Verdict()
    _judge_applications(acts, verdict)
    for chat, account in witness.accounts.items():
        _judge_news(acts, chat, account, witness, verdict)
        _judge_answers(acts, chat, verdict)
        _judge_repeats(acts, chat, crashes, verdict)
        _judge_account(acts, chat, account, witness, verdict)
    _judge_updates(acts, verdict)
    return verdict


def _pair(act: Act) -> tuple[str, str]:
    return str(act.get("user")), str(act.get("vacancy"))


def _made_by_daemon(acts: Iterable[Act]) -> list[Act]:
    return [act for act in acts if act.kind == "application_made" and act.get("source") == "api"]


def _judge_applications(acts: Sequence[Act], verdict: Verdict) -> None:
    made = Counter(_pair(act) for act in _made_by_daemon(acts))
    verdict.applied = len(made)
    for (user, vacancy), times in made.items():
        if times > 1:
            verdict.double(f"{user} applied to {vacancy} {times} times", times - 1)
    done: set[tuple[str, str]] = set()
    for act in acts:
        if act.kind == "application_made" and act.get("source") == "api":
            done.add(_pair(act))
        elif act.kind == "application_refused" and _pair(act) in done:
            verdict.double(f"{_pair(act)[0]} asked again to apply to {_pair(act)[1]} after it was done")


def _judge_news(acts: Sequence[Act], chat: int, account: str, witness: Witness, verdict: Verdict) -> None:
    """Every application is told, and only what the board knows is told as applied."""
    told: set[str] = set()
    told_as_applied: set[str] = set()
    for act in acts:
        if _is_said(act, chat):
            vacancies = vacancies_in(str(act.get("links")))
            told |= vacancies
            if str(act.get("text")).startswith(witness.applied_words):
                told_as_applied |= vacancies
    known = {
        str(act.get("vacancy"))
        for act in acts
        if act.get("user") == account
        and (
            act.kind == "application_made"
            or (act.kind == "application_refused" and act.get("value") == "already_applied")
        )
    }
    for act in _made_by_daemon(acts):
        if act.get("user") == account and act.get("vacancy") not in told:
            verdict.lose(f"{account} was never told of the application to {act.get('vacancy')}")
    for vacancy in sorted(told_as_applied - known):
        verdict.lose(f"{account} was told of an application to {vacancy} that the board does not know")


def _judge_account(acts: Sequence[Act], chat: int, account: str, witness: Witness, verdict: Verdict) -> None:
    """The last status card accounts for everything the board had shown the person by then."""
    read = ((act, witness.read_status(str(act.get("text")))) for act in acts if _is_said(act, chat))
    at, card = next(((act.at, card) for act, card in reversed(list(read)) if card is not None), (0, None))
    if card is None:
        return
    shown = {
        vacancy: act.at
        for act in acts
        if act.kind == "vacancies_shown" and act.get("user") == account and act.at <= at
        for vacancy in str(act.get("vacancies")).split()
    }
    settled = sum(shown_at <= at - ON_ITS_WAY_MS for shown_at in shown.values())
    made = sum(act.get("user") == account and act.at <= at - ON_ITS_WAY_MS for act in _made_by_daemon(acts))
    waiting = card.seen - sum(card.states.values()) + card.states.get("letter_ready", 0)
    for missing, what in (
        (settled - card.seen, "vacancies that the board showed are not counted"),
        (made - card.states.get("applied", 0), "applications are not counted"),
        (card.states.get("screened_out", 0) - len(shown.keys() - witness.suitable), "suitable ones do not fit"),
        (0 if card.reasons else waiting, "suitable ones wait for nothing"),
    ):
        if missing > 0:
            verdict.lose(f"by the last status of {account} {missing} {what}", missing)


def _is_said(act: Act, chat: int) -> bool:
    return act.kind in SAID and act.get("chat") == chat


def vacancies_in(links: str) -> set[str]:
    """Ids of the vacancies that these addresses show."""
    return {found.group(1) or found.group(2) for found in _VACANCY_LINK.finditer(links)}


def _judge_answers(acts: Sequence[Act], chat: int, verdict: Verdict) -> None:
    """What a person sent last has something of the bot after it; every press has its own answer."""
    # An answer after the server's own limit was given all the same: a daemon killed again and again may be late.
    answered = {act.get("query") for act in acts if act.kind in {"press_answered", "press_answered_late"}}
    last_word = None
    for act in acts:
        if act.get("chat") != chat:
            continue
        if act.kind == "update" and act.get("what") == "message":
            last_word = act
        elif act.kind in SAID:
            last_word = None
        if act.kind == "update" and act.get("what") == "callback_query" and act.get("query") not in answered:
            verdict.lose(f"the press in update {act.get('update')} got no answer")
    if last_word is not None:
        verdict.lose(f"the message in update {last_word.get('update')} got no answer")


def _judge_repeats(acts: Sequence[Act], chat: int, crashes: int, verdict: Verdict) -> None:
    """Messages said twice in a row, with nothing of the person in between."""
    before: tuple[object, ...] | None = None
    repeats = 0
    for act in acts:
        if act.get("chat") != chat:
            continue
        if act.kind == "update":
            before = None
        elif act.kind == "message":
            # Two vacancies of one employer may bear the same title: the news of them differ by their links alone.
            said = (act.get("text"), act.get("links"), act.get("buttons"))
            repeats += said == before
            before = said
    verdict.doubled_messages += repeats
    if repeats > crashes:
        verdict.double(f"{repeats} messages said twice over {crashes} crashes", repeats - crashes)


def _judge_updates(acts: Sequence[Act], verdict: Verdict) -> None:
    confirmed = {act.get("update") for act in acts if act.kind == "update_confirmed"}
    for act in acts:
        if act.kind == "update" and act.get("update") not in confirmed:
            verdict.lose(f"update {act.get('update')} was never confirmed")
