"""Actions that are answered before their update is kept (`inbox/intake.py`): one commit instead of three.

They wait for nothing but the store, a few rows of one person, and leave the commit to whoever called. Not here: what
may start or feed a dialog, which commits itself, and what asks the board.
"""

from __future__ import annotations

from daemon.bot.handlers import autopilot, history, information, language, settings, start, status

QUICK = frozenset(
    {
        autopilot.pause_hunt,
        autopilot.stop_hunt,
        history.show_history,
        information.show_help,
        information.show_privacy,
        information.show_terms,
        information.show_paysupport,
        language.ask_language,
        language.set_language,
        settings.show_settings,
        settings.open_settings,
        settings.set_approval,
        settings.set_limit,
        start.hear_edit,
        start.say_unknown_command,
        start.refuse_button,
        status.show_status,
    }
)
