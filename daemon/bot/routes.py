"""Every command, button and event on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.bot.dispatch import Dispatcher, Routes
from daemon.bot.handlers import (
    autopilot,
    history,
    information,
    language,
    profile,
    rights,
    settings,
    start,
    status,
    vacancies,
)
from daemon.bot.quick import QUICK
from daemon.bot.services import Desk
from daemon.dialogs.journal import TIMER_DUE
from daemon.dialogs.question import ANSWER

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.engine import DialogEngine
    from daemon.inbox.router import Router

ROUTES = Routes(
    commands={
        "start": start.greet,
        "connect": profile.connect,
        "resume": profile.choose_resume,
        "query": profile.show_query,
        "autopilot": autopilot.start_hunt,
        "pause": autopilot.pause_hunt,
        "stop": autopilot.stop_hunt,
        "status": status.show_status,
        "history": history.show_history,
        "settings": settings.show_settings,
        "language": language.ask_language,
        "help": information.show_help,
        "cancel": start.leave,
        "privacy": information.show_privacy,
        "delete": rights.ask_deletion,
        "terms": information.show_terms,
        "paysupport": information.show_paysupport,
    },
    buttons={
        ANSWER: start.press_answer,
        "autopilot": autopilot.start_hunt,
        "pause": autopilot.pause_hunt,
        "status": status.show_status,
        "history": history.show_history,
        "page": history.turn_page,
        "settings": settings.open_settings,
        "approval": settings.set_approval,
        "limit": settings.set_limit,
        "words": settings.ask_words,
        "languages": language.ask_language,
        "language": language.set_language,
        "delete": rights.decide_deletion,
        **vacancies.BUTTONS,
    },
    events={
        "board_returned": profile.receive_return,
        TIMER_DUE: start.bring_event,
    },
    message=start.hear,
    edited=start.hear_edit,
    unknown_command=start.say_unknown_command,
    forged=start.refuse_button,
    outdated_menu=start.bring_new_menu,
    quick=QUICK,
)


def build_router(services: Services, dialogs: DialogEngine) -> Router:
    """The inbox's router."""
    return Dispatcher(Desk(services, dialogs), ROUTES)
