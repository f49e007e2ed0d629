"""/autopilot /pause /stop: the wish. What follows from it is the roster's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer
from daemon.bot.readiness import look_at, wish
from daemon.outbox.message import Text
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def start_hunt(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/autopilot: on, or through whatever is still missing. A question about something else stays open meanwhile."""
    del argument
    services, dialogs = desk.services, desk.dialogs
    is_complete = (await look_at(services, incoming.user_id)).is_complete(services)
    if not is_complete or await dialogs.script_in(incoming.chat_id) == "onboarding":
        return await dialogs.start("onboarding", incoming)
    if not services.has_board:
        return answer(services, incoming, Text("bot.no_board"), has_menu=True)
    hunt = await services.store.hunts.get(incoming.user_id)
    if hunt is not None and hunt.wish == "running":
        said = answer(services, incoming, Text("bot.already_running"), has_menu=True)
    else:
        said = wish(services, incoming.user_id, "running")
        said += answer(services, incoming, Text("bot.running"), has_menu=True)
    is_asked = await dialogs.open_question(incoming.chat_id) is not None
    return said + (await dialogs.ask_again(incoming) or NOTHING) if is_asked else said


async def pause_hunt(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/pause: everything is kept until /autopilot."""
    del argument
    return await _set_wish(desk, incoming, "paused")


async def stop_hunt(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/stop: the end of this hunt; settings and history stay."""
    del argument
    return await _set_wish(desk, incoming, "stopped")


_SAID = {"paused": "bot.paused", "stopped": "bot.stopped"}


async def _set_wish(desk: Desk, incoming: Incoming, wanted: str) -> Write:
    services = desk.services
    hunt = await services.store.hunts.get(incoming.user_id)
    if hunt is None or not hunt.query:
        return answer(services, incoming, Text("bot.no_hunt"), has_menu=True)
    if hunt.wish == wanted:
        return answer(services, incoming, Text(f"bot.already_{wanted}"), has_menu=True)
    said = answer(services, incoming, Text(_SAID[wanted]), has_menu=True)
    return wish(services, incoming.user_id, wanted) + said
