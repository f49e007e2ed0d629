"""/status: the hunt on one card: the wish, what it is doing, how far it has come, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer, lines
from daemon.clock import DAY
from daemon.outbox.message import Button, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.tables.hunts import HuntRow
    from store.write import Write

_SHOWN = ("applied", "waiting_for_you", "handed_over", "letter_ready", "ambiguous", "refused", "screened_out")
"""States with a line of their own, in the order of what a person asks first."""


async def show_status(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A new card; a hunt that does not exist yet says how to begin."""
    del argument
    services = desk.services
    hunt = await services.store.hunts.get(incoming.user_id)
    if hunt is None or not hunt.query:
        return answer(services, incoming, Text("bot.no_hunt"), has_menu=True)
    vacancies = services.store.vacancies
    counts = await vacancies.count_by_state(incoming.user_id)
    today = await vacancies.count_by_state(incoming.user_id, services.clock.now() - DAY)
    closed = [report.text for report in await services.explain(incoming.user_id) if not report.is_open]
    shown = [
        Text(f"bot.status.{hunt.wish}"),
        *_counts(counts, today, hunt.daily_limit or services.daily_limit),
        *([Text("bot.status.waits_for")] if closed else []),
        *(Text("bot.status.reason", {"reason": text}) for text in closed),
    ]
    return answer(services, incoming, lines(shown), keyboard=_keyboard(hunt))


def _counts(counts: Mapping[str, int], today: Mapping[str, int], limit: int) -> list[Text]:
    if not counts:
        return [Text("bot.status.nothing_yet")]
    found = Text("bot.status.found", {"n": sum(counts.values())})
    day = Text("bot.status.today", {"n": today.get("applied", 0), "limit": limit})
    return [found, day, *(Text(f"bot.status.{state}", {"n": counts[state]}) for state in _SHOWN if counts.get(state))]


def _keyboard(hunt: HuntRow) -> tuple[tuple[Button, ...], ...]:
    """The first button never stops a hunt."""
    history = (Button(Text("bot.button.history"), "history"), Button(Text("bot.button.refresh"), "status"))
    if hunt.wish == "running":
        return (history, (Button(Text("bot.button.pause"), "pause"),))
    return ((Button(Text("bot.button.start"), "autopilot", style="success"),), history)
