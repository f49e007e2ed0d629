"""/start, /cancel, and what nobody has a handler for: whoever writes gets to what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.handlers.answers import answer, note_press
from daemon.bot.readiness import look_at
from daemon.outbox.message import Text
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.bot.services import Desk
    from daemon.inbox.router import Incoming
    from store.write import Write


async def greet(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/start: the open question again, a welcome back, or the beginning. Also the way back from a captcha."""
    del argument
    services = desk.services
    hunt = await services.store.hunts.get(incoming.user_id)
    returned = NOTHING
    if hunt is not None and hunt.rest_reason == "captcha":
        returned = services.store.hunts.wake_up(incoming.user_id)
    again = await desk.dialogs.ask_again(incoming)
    if again is not None:
        return returned + again
    if hunt is not None and (await look_at(services, incoming.user_id)).is_complete(services):
        key = {"running": "bot.back_running", "paused": "bot.back_paused"}.get(hunt.wish, "bot.back_stopped")
        return returned + answer(services, incoming, Text(key), has_menu=True)
    return await desk.dialogs.start("onboarding", incoming)


async def leave(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """/cancel: out of the dialog; what was finished stays."""
    del argument
    left = await desk.dialogs.leave(incoming.chat_id)
    if left is None:
        return answer(desk.services, incoming, Text("bot.nothing_to_leave"), has_menu=True)
    return left + answer(desk.services, incoming, Text("bot.left"), has_menu=True)


async def hear(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Anything that is neither command nor button: an answer for the open dialog, or a word of help."""
    del argument
    if await desk.dialogs.has_dialog(incoming.chat_id):
        return await desk.dialogs.deliver(incoming)
    message = incoming.update.message if incoming.update is not None else None
    is_text = message is not None and message.text is not None
    key = "bot.not_understood" if is_text else "bot.only_text"
    return answer(desk.services, incoming, Text(key), has_menu=True)


async def hear_edit(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """An edited message: what was read once is not read again."""
    del argument
    return answer(desk.services, incoming, Text("bot.edit_unread"))


async def say_unknown_command(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A command nobody knows, or one of a later release."""
    del argument
    return answer(desk.services, incoming, Text("bot.unknown_command"), has_menu=True)


async def refuse_button(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A button of another person, of another bot, or of a release long gone."""
    del argument
    return note_press(desk.services, incoming, Text("bot.strange_button"))


async def bring_new_menu(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """An old reply keyboard was used: here is today's."""
    del argument
    return answer(desk.services, incoming, Text("bot.menu_updated"), has_menu=True)


async def press_answer(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A button of a dialog's question."""
    return await desk.dialogs.deliver(incoming, argument)


async def bring_event(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """A due timer, or something else only a dialog can wait for."""
    del argument
    return await desk.dialogs.deliver(incoming)
