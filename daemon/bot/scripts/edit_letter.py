"""Edit a letter: the person's own words in the place of a letter that waits for their yes, and its card once more.

Opened by "my own text" on the card (`handlers/vacancies.py`, which shows the present letter). Nothing is checked but
that there are words, and not more than fit: contacts and links in it are the person's own business. The text is at rest
only sealed: the answer by the journal, the letter in its row. What the person or the hunt did to the vacancy meanwhile
wins, and is said.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from daemon.autopilot import news
from daemon.autopilot.apply import LETTER_COLUMN
from daemon.autopilot.decisions import find_vacancy
from daemon.autopilot.rewriting import WAITING
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected
from daemon.outbox.message import Text, Verbatim
from store.tables.vacancies import VacancyRow

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog, Json

LONGEST_OWN_LETTER = 3500
"""Fits one message of Telegram together with the card's own words; the board would take 10,000 characters."""


async def edit_letter(services: Services, dialog: Dialog) -> None:
    """`state["vacancy"]` is the button's argument, with the number of the letter that was shown."""
    keep = Option("keep", Text("autopilot.own_letter.keep"))
    answer = await dialog.ask(Text("autopilot.own_letter.ask"), options=[keep], accept=check_letter)
    if answer.option == "keep":
        dialog.say(Text("autopilot.own_letter.kept"))
        return
    letter = answer.text or ""
    found = await dialog.do("seal_letter", lambda: _seal(services, dialog, letter))
    if found is None:
        dialog.say(Text("autopilot.own_letter.moved_on"))
        return
    before, now = VacancyRow(**found["row"]), await dialog.now()
    dialog.keep(services.store.vacancies.replace_letter(before, found["letter"], now=now, is_expected=False))
    found_now = await dialog.do("look_again", lambda: _look(services, dialog))
    after = None if found_now is None else VacancyRow(**found_now)
    if after is None or after.state != WAITING:
        dialog.say(Text("autopilot.own_letter.moved_on"))
    elif after.sealed_letter != found["letter"]:
        dialog.say(Text("autopilot.own_letter.kept_open"))
    else:
        _show_card(dialog, after, letter)


def check_letter(text: str) -> str:
    """The letter without blanks around it. Raises `AnswerRejected`."""
    letter = text.strip()
    if not any(sign.isalnum() for sign in letter):
        raise AnswerRejected(Text("autopilot.own_letter.empty"))
    if len(letter) > LONGEST_OWN_LETTER:
        raise AnswerRejected(Text("autopilot.own_letter.too_long", {"n": len(letter), "limit": LONGEST_OWN_LETTER}))
    return letter


async def _seal(services: Services, dialog: Dialog, letter: str) -> Json:
    """The letter sealed, and the row it is meant for; None: the vacancy has moved on."""
    row = await _look(services, dialog)
    if row is None or row["state"] != WAITING:
        return None
    return {"row": row, "letter": await services.vault.seal(dialog.user_id, LETTER_COLUMN, letter)}


async def _look(services: Services, dialog: Dialog) -> Json:
    row, _ = await find_vacancy(services.store, dialog.user_id, dialog.state["vacancy"])
    return None if row is None else asdict(row)


def _show_card(dialog: Dialog, row: VacancyRow, letter: str) -> None:
    """The old message loses its buttons, the new one stands below what was typed."""
    card = news.card_of(row)
    dialog.edit(card, news.describe("decided.edit", row))
    text, keyboard = news.describe("waiting", row), news.waiting_keyboard(row)
    dialog.say(text, body=Verbatim(letter), keyboard=keyboard, card=card)
