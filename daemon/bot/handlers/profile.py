"""/connect /resume /query: the parts of onboarding by themselves; and the return from the board's login page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer
from daemon.bot.readiness import look_at
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def connect(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/connect: to the board's login page, once the person has agreed to anything at all."""
    del argument
    return await _start_part(desk, incoming, "connect")


async def choose_resume(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/resume: another resume from now on."""
    del argument
    return await _start_part(desk, incoming, "resume")


async def show_query(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/query: what is searched for, and how to change it."""
    del argument
    services = desk.services
    has_resume = await services.store.profiles.get(incoming.user_id) is not None
    return await _start_part(desk, incoming, "query" if has_resume else "onboarding")


async def receive_return(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """The browser came back from the login page: for the question that waits, or for a dialog of its own."""
    del argument
    event = incoming.event
    if event is None or await desk.dialogs.waits_for(incoming.chat_id, event.name):
        return await desk.dialogs.deliver(incoming)
    if not await desk.dialogs.has_dialog(incoming.chat_id):
        return await desk.dialogs.start("connect", incoming, {"returned": dict(event.data)})
    if await desk.dialogs.open_question(incoming.chat_id) is None:
        # The dialog is doing something; the engine keeps the event until it is done and looks again.
        return await desk.dialogs.deliver(incoming)
    return answer(desk.services, incoming, Text("bot.returned_too_late"))


async def _start_part(desk: Desk, incoming: Incoming, script: str) -> Write | None:
    if await desk.dialogs.script_in(incoming.chat_id) == "onboarding":
        return await desk.dialogs.ask_again(incoming)  # it leads there by itself
    ready = await look_at(desk.services, incoming.user_id)
    return await desk.dialogs.start(script if ready.has_consent else "onboarding", incoming)
