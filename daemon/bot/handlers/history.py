"""/history: the last applications, a page at a time, on one card that turns its own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer, lines, note_press
from daemon.outbox.message import Button, Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from daemon.outbox.message import InlineKeyboard, Value
    from store.tables.vacancies import VacancyRow
    from store.write import Write

PAGE = 8
CARD = "history"
STATES = ("applying", "applied", "ambiguous", "refused", "handed_over")
"""What has left the daemon, or tried to."""
DEEPEST = 2000
"""Further back nobody turns pages."""


async def show_history(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """The first page in a new message."""
    del argument
    page, keyboard = await _page(desk, incoming, 0)
    if not page:
        return answer(desk.services, incoming, Text("bot.history_empty"))
    return answer(desk.services, incoming, lines(page), keyboard=keyboard, card=CARD)


async def turn_page(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A pressed arrow; `argument` is how many newer ones are passed over."""
    services = desk.services
    offset = min(int(argument), DEEPEST) if argument.isdecimal() else 0
    page, keyboard = await _page(desk, incoming, offset)
    if not page:
        return note_press(services, incoming, Text("bot.history_empty"))
    return note_press(services, incoming) + services.outbox.edit(incoming.chat_id, CARD, lines(page), keyboard=keyboard)


async def _page(desk: Desk, incoming: Incoming, offset: int) -> tuple[list[Text], InlineKeyboard]:
    rows: list[VacancyRow] = []
    for state in STATES:
        rows += await desk.services.store.vacancies.latest(incoming.user_id, state, offset + PAGE + 1)
    rows.sort(key=lambda row: (-row.changed_at, row.vacancy_id))
    shown = rows[offset : offset + PAGE]
    if not shown:
        return [], ()
    return [Text("bot.history"), *map(_line, shown)], _arrows(offset, has_more=len(rows) > offset + PAGE)


def _line(row: VacancyRow) -> Text:
    state = Text(f"autopilot.state.{row.state}")
    values: dict[str, Value] = {"title": row.title, "employer": row.employer, "url": row.url, "state": state}
    if row.reason is None or row.state == "applied":
        return Text("bot.history_line", values)
    return Text("bot.history_line_reason", {**values, "reason": Text(f"autopilot.reason.{row.reason}")})


def _arrows(offset: int, *, has_more: bool) -> InlineKeyboard:
    arrows = []
    if has_more:
        arrows.append(Button(Text("bot.button.older"), "page", str(offset + PAGE)))
    if offset:
        arrows.append(Button(Text("bot.button.newer"), "page", str(max(0, offset - PAGE))))
    return (tuple(arrows),) if arrows else ()
