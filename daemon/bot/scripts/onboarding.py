"""Onboarding: from the first /start to a running hunt, in one line; nothing has to be typed.

Each part ends in a checkpoint, so that leaving or a new release costs one question at most; a part whose result is
there already is passed over, so /autopilot uses the same script for whatever is still missing. The first button of
every question is the recommended one, and the first buttons all the way lead to a running autopilot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.accounts.rights import TERMS
from daemon.bot.readiness import ensure_hunt, look_at, wish
from daemon.bot.scripts.change_query import agree_on_query
from daemon.bot.scripts.choose_resume import agree_on_model, choose_resume
from daemon.bot.scripts.connect_board import connect_board
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import DialogAbandoned
from daemon.i18n.translate import LANGUAGES
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog, Json


async def onboard(services: Services, dialog: Dialog) -> None:
    """The whole way."""
    await look_around(services, dialog)
    await choose_language(services, dialog)
    await agree_to_processing(services, dialog)
    await connect_board(services, dialog)
    await choose_resume(services, dialog)
    await agree_on_model(services, dialog)
    await agree_on_query(services, dialog)
    await start_hunt(services, dialog)


async def look_around(services: Services, dialog: Dialog) -> None:
    """What is there already, and the language their Telegram speaks."""
    if dialog.has_passed("look"):
        return

    async def look() -> Json:
        user = await services.store.users.get(dialog.user_id)
        ready = await look_at(services, dialog.user_id)
        return {"ready": ready.as_json(), "language": user.language if user is not None else LANGUAGES[0]}

    seen = await dialog.do("look", look)
    await dialog.checkpoint("look", **seen)


async def choose_language(services: Services, dialog: Dialog) -> None:
    """One press; the language of their Telegram stands first."""
    if dialog.has_passed("language") or dialog.state["ready"]["has_consent"]:
        return
    dialog.say(Text("onboarding.hello"), has_menu=True)
    order = sorted(LANGUAGES, key=lambda name: name != dialog.state["language"])
    options = [Option(name, Text(f"bot.language_name.{name}")) for name in order]
    language = await dialog.choose(Text("onboarding.language"), options)
    dialog.keep(services.store.users.set_language(dialog.user_id, language))
    if language != dialog.state["language"]:
        dialog.say(Text("bot.language_set"), has_menu=True)
    await dialog.checkpoint("language", language=language)


async def agree_to_processing(services: Services, dialog: Dialog) -> None:
    """Without consent nothing is kept, so nothing can be done."""
    if dialog.has_passed("consent") or dialog.state["ready"]["has_consent"]:
        return
    options = [
        Option("yes", Text("onboarding.button.agree"), "success"),
        Option("no", Text("onboarding.button.not_now")),
    ]
    answer = await dialog.choose(Text("onboarding.consent"), options)
    is_given = answer == "yes"
    dialog.keep(services.rights.answer(dialog.user_id, TERMS, is_given=is_given))
    if not is_given:
        dialog.say(Text("onboarding.no_consent"))
        raise DialogAbandoned
    await dialog.checkpoint("consent")


async def start_hunt(services: Services, dialog: Dialog) -> None:
    """The last question; its first answer is what all this was for."""
    if not services.has_board:
        dialog.say(Text("onboarding.ready_without_board"), has_menu=True)
        return
    options = [
        Option("start", Text("onboarding.button.start"), "success"),
        Option("later", Text("onboarding.button.later")),
    ]
    key = "onboarding.start_auto" if dialog.state["mode"] == "auto" else "onboarding.start_assisted"
    answer = await dialog.choose(Text(key, {"n": services.daily_limit}), options)
    if answer == "start":
        dialog.keep(ensure_hunt(services, dialog.user_id) + wish(services, dialog.user_id, "running"))
        dialog.say(Text("onboarding.started"), has_menu=True)
    else:
        dialog.say(Text("onboarding.ready"), has_menu=True)
