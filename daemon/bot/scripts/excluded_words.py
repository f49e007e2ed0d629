"""Excluded words: vacancies with one of them are left alone. The one setting that has to be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.autopilot.wishes import SearchWishes, split_words
from daemon.bot.readiness import ensure_hunt
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog


async def change_words(services: Services, dialog: Dialog) -> None:
    """From /settings."""
    excluded = await dialog.do("excluded", lambda: _read(services, dialog))
    wishes = SearchWishes.parse(excluded)
    options = [Option("keep", Text("onboarding.button.words_keep"))]
    if wishes.words:
        options.append(Option("clear", Text("onboarding.button.words_clear")))
    question = Text("onboarding.words", {"words": ", ".join(wishes.words) or "—"})
    answer = await dialog.ask(question, options=options, accept=_check)
    if answer.option == "keep":
        dialog.say(Text("onboarding.words_kept"))
        return
    words = split_words(answer.text or "")
    hunts = services.store.hunts
    changed = wishes.with_words(words).dump()
    dialog.keep(ensure_hunt(services, dialog.user_id) + hunts.set_excluded(dialog.user_id, changed))
    if words:
        dialog.say(Text("onboarding.words_set", {"words": ", ".join(words)}))
    else:
        dialog.say(Text("onboarding.words_cleared"))


async def _read(services: Services, dialog: Dialog) -> str:
    hunt = await services.store.hunts.get(dialog.user_id)
    return hunt.excluded if hunt is not None else ""


def _check(text: str) -> str:
    if not split_words(text):
        raise AnswerRejected(Text("onboarding.words_none"))
    return text
