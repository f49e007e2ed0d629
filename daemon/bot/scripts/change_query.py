"""Agree on the search query: written from the resume, shown, used, edited or written anew.

Whatever a person types is read by the query language's own parser, so that nothing unknown reaches the board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.autopilot.query import parse_query
from daemon.bot.readiness import ensure_hunt
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import WorkFailed
from daemon.outbox.message import Text, Verbatim

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog, Json


async def change_query(services: Services, dialog: Dialog) -> None:
    """/query: the one in use, and how to change it."""
    query = await dialog.do("query_in_use", lambda: _query_in_use(services, dialog))
    chosen = await _settle_on(services, dialog, query) if query else await _write_and_settle(services, dialog)
    if chosen != query:
        _use(services, dialog, chosen)
    dialog.say(Text("onboarding.query_set" if chosen != query else "onboarding.query_kept"), has_menu=True)


async def agree_on_query(services: Services, dialog: Dialog) -> None:
    """Ends with the checkpoint `query`."""
    if dialog.has_passed("query"):
        return
    if not dialog.state["ready"]["has_query"] or dialog.state.get("is_new_resume"):
        _use(services, dialog, await _write_and_settle(services, dialog))
    await dialog.checkpoint("query")


async def _query_in_use(services: Services, dialog: Dialog) -> str:
    hunt = await services.store.hunts.get(dialog.user_id)
    return hunt.query if hunt is not None else ""


def _use(services: Services, dialog: Dialog, query: str) -> None:
    hunts = services.store.hunts
    dialog.keep(ensure_hunt(services, dialog.user_id) + hunts.set_query(dialog.user_id, query))


async def _write_and_settle(services: Services, dialog: Dialog) -> str:
    dialog.say(Text("onboarding.query_writing"))
    return await _settle_on(services, dialog, await _write(services, dialog))


async def _settle_on(services: Services, dialog: Dialog, query: str) -> str:
    """Shows a query until the person uses one."""
    options = [
        Option("use", Text("onboarding.button.query_use"), "success"),
        Option("edit", Text("onboarding.button.query_edit")),
        Option("another", Text("onboarding.button.query_another")),
    ]
    while True:
        choice = await dialog.choose(Text("onboarding.query"), options, body=Verbatim(query))
        if choice == "use":
            return query
        if choice == "edit":
            answer = await dialog.ask(Text("onboarding.query_edit"), accept=parse_query, body=Verbatim(query))
            query = answer.text or query
        else:
            query = await _write(services, dialog)


async def _write(services: Services, dialog: Dialog) -> str:
    """A query from the resume; the writer falls back to a plain one, so only a lost resume fails."""

    async def write() -> Json:
        resume = await services.resumes.load(dialog.user_id)
        return "" if resume is None else await services.queries.write_query(dialog.user_id, resume)

    try:
        query: str = await dialog.do("write_query", write)
    except WorkFailed:
        query = ""
    if query:
        return query
    answer = await dialog.ask(Text("onboarding.query_type"), accept=parse_query)
    return answer.text or ""
