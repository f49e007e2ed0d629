"""What came of it all: the funnel for /status and the card, the history with reasons for /history.

Called by the bot's handlers and by `autopilot.py`. Counted from the vacancies themselves, never from counters that
could drift from them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from daemon.outbox.message import Text

if TYPE_CHECKING:
    from store.ids import UserId
    from store.store import Store
    from store.tables.vacancies import VacancyRow

STATES = (
    "applied",
    "waiting_for_you",
    "handed_over",
    "ambiguous",
    "applying",
    "letter_ready",
    "found",
    "refused",
    "screened_out",
)
"""In the order in which a person cares about them."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many vacancies came how far."""

    found: int
    """All that searches brought, whatever became of them."""
    screened_out: int
    pending: int
    """Fitting, and their turn has not come."""
    waiting: int
    applied: int
    handed_over: int
    refused: int
    ambiguous: int

    def values(self) -> dict[str, int]:
        """For a catalogue text."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One vacancy and what became of it."""

    vacancy: VacancyRow
    state: Text
    reason: Text | None


async def count_funnel(store: Store, user_id: UserId, since: int = 0) -> Funnel:
    """Of what changed since then."""
    counts = await store.vacancies.count_by_state(user_id, since)
    return Funnel(
        found=sum(counts.values()),
        screened_out=counts.get("screened_out", 0),
        pending=sum(counts.get(state, 0) for state in ("found", "letter_ready", "applying")),
        waiting=counts.get("waiting_for_you", 0),
        applied=counts.get("applied", 0),
        handed_over=counts.get("handed_over", 0),
        refused=counts.get("refused", 0),
        ambiguous=counts.get("ambiguous", 0),
    )


async def read_history(store: Store, user_id: UserId, state: str, limit: int, offset: int = 0) -> list[HistoryLine]:
    """The last changed first."""
    rows = await store.vacancies.latest(user_id, state, limit, offset)
    return [describe(row) for row in rows]


def describe(vacancy: VacancyRow) -> HistoryLine:
    """A vacancy's state and reason as texts."""
    reason = Text(f"autopilot.reason.{vacancy.reason}") if vacancy.reason else None
    return HistoryLine(vacancy, Text(f"autopilot.state.{vacancy.state}"), reason)
