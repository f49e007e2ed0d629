"""What a person decides about one vacancy: send, rewrite, skip, never this company, "I applied", "it is not there".

Called by `bot/handlers` when a card's button is pressed. Like every handler these do nothing to the store: they return
a write, and what to answer. A press on a card that was settled meanwhile changes nothing and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from daemon.autopilot import news
from daemon.autopilot.facts import KIND
from daemon.autopilot.hunt import effect_key
from daemon.autopilot.rewriting import MOST_LETTERS, REWRITE, WAITING
from daemon.autopilot.wishes import SearchWishes
from daemon.outbox.message import Text
from store.ids import BoardName, ChatId, VacancyId
from store.tables.hunts import ring
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.autopilot.tools import Speaker
    from store.ids import UserId
    from store.store import Store
    from store.tables.vacancies import VacancyRow
    from store.write import Write


ACTIONS = (news.SEND, news.REWRITE, news.SKIP, news.NEVER, news.APPLIED, news.MISSING)
"""Button actions that `decide` answers."""


class Clock(Protocol):
    """Wall time."""

    def now(self) -> int:
        """Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written, and what the press is answered with."""

    write: Write
    answer: Text


class Decider:
    """Turns presses on vacancy cards into writes."""

    def __init__(self, store: Store, outbox: Speaker, clock: Clock) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock

    async def decide(self, user_id: UserId, action: str, argument: str) -> Decision:
        """The write and the answer for one press."""
        row, number = await find_vacancy(self._store, user_id, argument)
        if row is None or action not in ACTIONS:
            return _late()
        if action == news.SEND:
            return self._send(row, number)
        deciders = {
            news.REWRITE: self._rewrite,
            news.SKIP: self._skip,
            news.NEVER: self._never,
            news.APPLIED: self._applied,
            news.MISSING: self._missing,
        }
        return await deciders[action](row)

    def _send(self, row: VacancyRow, number: str) -> Decision:
        if row.state != WAITING:
            return _late()
        if number != str(row.letter_number):
            return _only_words("other_letter")
        return self._decision(row, "send", self._move(row, "letter_ready", "approved"))

    async def _rewrite(self, row: VacancyRow) -> Decision:
        """The hunt writes it (`rewriting.py`); the card stays as it is until then."""
        if row.state != WAITING:
            return _late()
        if row.letter_number >= MOST_LETTERS:
            return _only_words("rewritten_enough")
        hunt = await self._store.hunts.get(row.user_id)
        name = "rewrite" if hunt is not None and hunt.wish == "running" else "rewrite_later"
        if row.reason == REWRITE:
            return _only_words(name)
        return Decision(self._move(row, WAITING, REWRITE) + ring(row.user_id), Text(f"autopilot.decision.{name}"))

    async def _skip(self, row: VacancyRow) -> Decision:
        if row.state not in {"waiting_for_you", "handed_over", "letter_ready", "found"} or row.reason == "skipped":
            return _late()
        return self._decision(row, "skip", self._move(row, "screened_out", "skipped"))

    async def _never(self, row: VacancyRow) -> Decision:
        hunt = await self._store.hunts.get(row.user_id)
        if hunt is None:
            return _late()
        wishes = SearchWishes.parse(hunt.excluded).without_employer(row.employer_id, row.employer)
        write = self._store.hunts.set_excluded(row.user_id, wishes.dump())
        if row.state in {"waiting_for_you", "handed_over", "letter_ready", "found"}:
            write += self._move(row, "screened_out", "never_employer")
        return self._decision(row, "never", write)

    async def _applied(self, row: VacancyRow) -> Decision:
        """The person did it, or found it in their list: a doubtful application is settled with that."""
        if row.state == "ambiguous":
            key = effect_key(row.user_id, row.board, row.vacancy_id)
            settle = self._store.effects.confirm(KIND, key, external_id=None, now=self._clock.now())
            return self._decision(row, "applied", settle + self._move(row, "applied", "person_applied"))
        if row.state not in {"handed_over", "waiting_for_you"}:
            return _late()
        return self._decision(row, "applied", self._move(row, "applied", "person_applied"))

    async def _missing(self, row: VacancyRow) -> Decision:
        """It did not arrive, a person has looked: theirs to send now, for we might still be late rather than lost."""
        if row.state != "ambiguous":
            return _late()
        key = effect_key(row.user_id, row.board, row.vacancy_id)
        settle = self._store.effects.refuse(KIND, key, reason="person_says_missing", now=self._clock.now())
        return self._decision(row, "missing", settle + self._move(row, "handed_over", "person_says_missing"))

    def _move(self, row: VacancyRow, state: str, reason: str) -> Write:
        return self._store.vacancies.set_state(
            row.user_id,
            row.board,
            row.vacancy_id,
            state,
            now=self._clock.now(),
            reason=reason,
            from_state=row.state,
        )

    def _decision(self, row: VacancyRow, name: str, write: Write) -> Decision:
        return Decision(write + self._settle_card(row, name) + ring(row.user_id), Text(f"autopilot.decision.{name}"))

    def _settle_card(self, row: VacancyRow, name: str) -> Write:
        """The card loses its buttons and says what was decided."""
        text = Text(f"autopilot.decided.{name}", {"title": row.title, "employer": row.employer})
        keyboard = news.apply_keyboard(row) if name == "missing" else ()
        return self._outbox.edit(ChatId(row.user_id), news.card_of(row), text, keyboard=keyboard)


async def find_vacancy(store: Store, user_id: UserId, argument: str) -> tuple[VacancyRow | None, str]:
    """The vacancy a button is about, and the number of the letter that its card shows."""
    board, _, rest = argument.partition("/")
    vacancy_id, _, number = rest.partition("/")
    return await store.vacancies.get(user_id, BoardName(board), VacancyId(vacancy_id)), number or "0"


def _only_words(name: str) -> Decision:
    return Decision(NOTHING, Text(f"autopilot.decision.{name}"))


def _late() -> Decision:
    return _only_words("late")
