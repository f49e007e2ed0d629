"""Connect a board: one link to its login page, and back by itself or by the pasted address.

The dialog waits for the event `board_returned` (written by the web door, or by the pasted address here), turns its code
into a login, and learns what the board lets it do: apply by itself, or only assist. A board without a login is no end:
a resume as text and the application's own search do as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.accounts.return_address import ReturnRejected
from daemon.bot.scripts.captcha import do_past_captcha
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected, DialogAbandoned, QuestionTimedOut, WorkFailed
from daemon.outbox.message import Text, UrlButton
from store.tables.hunts import ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Answer, Dialog, Json

RETURNED = "board_returned"
LIMIT = "limit"
"""The board's own limit: a new login does not lift it."""
LINK_SECONDS = 14 * 60.0
"""The login page takes a state for fifteen minutes; a link that would be refused is replaced before."""


async def reconnect(services: Services, dialog: Dialog) -> None:
    """/connect: again, or because the login was lost; a hunt that waited for it goes on afterwards."""
    if not dialog.has_passed("ready"):
        rest = await dialog.do("rest", lambda: _rest_of_hunt(services, dialog))
        await dialog.checkpoint("ready", ready={"has_way_to_apply": False}, rest=rest)
    await connect_board(services, dialog)
    if dialog.state["mode"] == "none":
        if services.has_board:  # otherwise it is said already that nobody can connect here
            dialog.say(Text("onboarding.without_login"))
        return
    is_waiting = dialog.state["rest"] not in {"", LIMIT}
    dialog.keep(services.store.hunts.wake_up(dialog.user_id) if is_waiting else ring(dialog.user_id))
    dialog.say(Text("onboarding.connected_done"), has_menu=True)


async def _rest_of_hunt(services: Services, dialog: Dialog) -> str:
    """What the person's hunt rests for; empty: nothing, or there is none."""
    hunt = await services.store.hunts.get(dialog.user_id)
    return (hunt.rest_reason or "") if hunt is not None else ""


async def connect_board(services: Services, dialog: Dialog) -> None:
    """Ends with the checkpoint `board`; its `mode` is `auto`, `assisted`, or `none` for people without a login."""
    if dialog.has_passed("board"):
        return
    ready = dialog.state["ready"]
    if ready["has_way_to_apply"]:
        await dialog.checkpoint("board", mode=ready["mode"] if ready["is_connected"] else "none")
        return
    if not services.has_board:
        dialog.say(Text("onboarding.no_board"))
        await dialog.checkpoint("board", mode="none")
        return
    mode = ""
    returned = dialog.state.get("returned")
    while not mode:
        returned = returned or await _wait_for_return(services, dialog)
        if returned is None:
            mode = "none"
        else:
            mode = await _finish_login(services, dialog, returned)
        returned = None
    await dialog.checkpoint("board", mode=mode, returned=None)


async def _wait_for_return(services: Services, dialog: Dialog) -> Json | None:
    """What the browser brought; None: the person goes on without a login."""

    async def begin() -> str:
        url, write = await services.sessions.begin_login(dialog.user_id, services.board)
        await services.store.write(write)
        return url

    while True:
        try:
            url = await dialog.do("begin_login", begin)
            answer = await _ask_for_login(services, dialog, url)
        except QuestionTimedOut:
            await _offer_new_link(dialog)
            continue
        if answer.event is not None:
            return answer.event.data
        if answer.option is not None:
            return None
        returned = await _claim(services, dialog, answer.text or "")
        if returned is not None:
            return returned


async def _ask_for_login(services: Services, dialog: Dialog, url: str) -> Answer:
    return await dialog.ask(
        Text("onboarding.connect"),
        links=[UrlButton(Text("onboarding.button.login"), url)],
        options=[Option("without", Text("onboarding.button.without_login"))],
        accept=_address_check(services),
        events=(RETURNED,),
        timeout_seconds=LINK_SECONDS,
    )


def _address_check(services: Services) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            services.sessions.parse_return_address(text, services.board)
        except ReturnRejected as rejected:
            raise AnswerRejected(Text(f"onboarding.return.{rejected.reason}")) from None
        return text

    return check


async def _offer_new_link(dialog: Dialog) -> None:
    """The link is too old. Said once; whoever comes back next week finds one button."""
    options = [Option("again", Text("onboarding.button.new_link")), Option("later", Text("onboarding.button.later"))]
    if await dialog.choose(Text("onboarding.link_expired"), options) == "later":
        dialog.say(Text("onboarding.put_off"))
        raise DialogAbandoned


async def _claim(services: Services, dialog: Dialog, text: str) -> Json | None:
    """A pasted address: its return comes back as the same event that the web door would write."""

    async def claim() -> str:
        try:
            address = services.sessions.parse_return_address(text, services.board)
            write = await services.sessions.claim_return(address.state, address.code, address.error, by=dialog.user_id)
        except ReturnRejected as rejected:
            return rejected.reason
        await services.store.write(write)
        return ""

    reason = await dialog.do("claim", claim)
    if reason:
        dialog.say(Text(f"onboarding.return.{reason}"))
        return None
    answer = await dialog.ask(Text("onboarding.checking"), events=(RETURNED,), timeout_seconds=60.0)
    return answer.event.data if answer.event is not None else None


async def _finish_login(services: Services, dialog: Dialog, returned: Json) -> str:
    """The mode of the new login; empty: try again from the link."""
    if returned.get("error") or not returned.get("sealed_code"):
        dialog.say(Text("onboarding.login_refused"))
        return ""

    async def finish() -> Json:
        outcome = await services.sessions.finish_login(dialog.user_id, services.board, returned["sealed_code"])
        return {"kind": outcome.kind, "mode": outcome.mode}

    while True:
        try:
            outcome = await do_past_captcha(dialog, "finish_login", finish)
            break
        except WorkFailed as failure:
            if not failure.is_temporary or not await _wants_another_try(dialog):
                dialog.say(Text("onboarding.login_failed"))
                return ""
    if outcome["kind"] == "lost":
        dialog.say(Text("onboarding.login_failed"))
        return ""
    if outcome["kind"] == "closed":
        dialog.say(Text("onboarding.login_closed"))
        return "none"
    mode: str = outcome["mode"]
    dialog.say(Text(f"onboarding.connected_{mode}"))
    return mode


async def _wants_another_try(dialog: Dialog) -> bool:
    """The board is not well; the code in hand may still be good."""
    options = [
        Option("again", Text("onboarding.button.try_again")),
        Option("new_link", Text("onboarding.button.new_link")),
    ]
    return await dialog.choose(Text("onboarding.board_trouble"), options) == "again"
