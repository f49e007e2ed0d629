"""All scripts by name, made from the services: what `main.py` hands to the dialog engine.

The names stand in journals on disk: a script may change, its name may not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from daemon.bot.scripts.change_query import change_query
from daemon.bot.scripts.choose_resume import change_resume
from daemon.bot.scripts.connect_board import reconnect
from daemon.bot.scripts.deletion import delete_everything
from daemon.bot.scripts.edit_letter import edit_letter
from daemon.bot.scripts.excluded_words import change_words
from daemon.bot.scripts.onboarding import onboard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Script


def make_scripts(services: Services) -> Mapping[str, Script]:
    """Scripts of this installation."""
    return {
        "onboarding": partial(onboard, services),
        "connect": partial(reconnect, services),
        "resume": partial(change_resume, services),
        "query": partial(change_query, services),
        "excluded_words": partial(change_words, services),
        "deletion": partial(delete_everything, services),
        "edit_letter": partial(edit_letter, services),
    }
