"""What a hunt says to its person: news of applications, cards to decide on, rests; as writes, joined to what they tell.

Every message has a key made from what it is about, so it is said once however often a step is done again. Button
actions are handled by `decisions.py`; what an employer or a title says is a value, never markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.autopilot.moments import show_moment
from daemon.autopilot.salaries import show_salary
from daemon.outbox.message import Button, OutgoingMessage, Text, UrlButton, Verbatim
from store.ids import ChatId
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.autopilot.accounting import Funnel
    from daemon.autopilot.hunt import Hunt
    from daemon.autopilot.tools import Speaker
    from daemon.outbox.message import InlineKeyboard, Value
    from daemon.supervisor.quarantine import QuarantineEntry
    from store.ids import BoardName, VacancyId
    from store.tables.vacancies import VacancyRow
    from store.write import Write

CARD = "hunt"
"""The status card's name in its chat."""

SEND, SKIP, NEVER, APPLIED, MISSING = "v_send", "v_skip", "v_never", "v_applied", "v_missing"
EDIT, REWRITE = "v_edit", "v_rewrite"
"""Button actions; their argument is `vacancy_argument`, for a letter that waits with its number: `hh/123/1`."""


def vacancy_argument(board: BoardName, vacancy_id: VacancyId) -> str:
    """A vacancy as a button carries it; a signed button has room for about fifty characters."""
    return f"{board}/{vacancy_id}"


def card_of(vacancy: VacancyRow) -> str:
    """Name of the card that asks about this vacancy."""
    return f"vacancy:{vacancy.board}:{vacancy.vacancy_id}"


def tell_applied(hunt: Hunt, vacancy: VacancyRow) -> Write:
    """An application was made."""
    keyboard = ((UrlButton(Text("autopilot.button.open"), vacancy.url),),)
    return _say(hunt, f"applied:{hunt.key_of(vacancy.vacancy_id)}", "applied", vacancy, keyboard=keyboard)


def tell_invited(hunt: Hunt, vacancy: VacancyRow) -> Write:
    """An employer wants to talk."""
    keyboard = ((UrlButton(Text("autopilot.button.open"), vacancy.url),),)
    return _say(hunt, f"invited:{hunt.key_of(vacancy.vacancy_id)}", "invited", vacancy, keyboard=keyboard)


def ask_to_send(hunt: Hunt, vacancy: VacancyRow, letter: str) -> Write:
    """Approve mode: the letter, and what is to become of it."""
    # The letter is part of the key: written anew, it is shown anew.
    key = f"waiting:{hunt.key_of(vacancy.vacancy_id)}:{vacancy.changed_at}"
    keyboard = waiting_keyboard(vacancy)
    return _say(hunt, key, "waiting", vacancy, letter=letter, keyboard=keyboard, card=card_of(vacancy))


def show_rewritten(hunt: Hunt, vacancy: VacancyRow, letter: str) -> Write:
    """Approve mode: the card shows the letter that took the place of the former one."""
    text, keyboard = describe("waiting", vacancy), waiting_keyboard(vacancy)
    return hunt.tools.outbox.edit(hunt.chat_id, card_of(vacancy), text, body=Verbatim(letter), keyboard=keyboard)


def waiting_keyboard(vacancy: VacancyRow) -> InlineKeyboard:
    """What can become of a letter that waits. The number goes along: nobody sends a letter they have not seen."""
    argument = f"{vacancy_argument(vacancy.board, vacancy.vacancy_id)}/{vacancy.letter_number}"
    return (
        (
            Button(Text("autopilot.button.send"), SEND, argument, "success"),
            Button(Text("autopilot.button.edit"), EDIT, argument),
        ),
        (Button(Text("autopilot.button.rewrite"), REWRITE, argument), _button("skip", SKIP, vacancy)),
        (_button("never", NEVER, vacancy, "danger"), UrlButton(Text("autopilot.button.open"), vacancy.url)),
    )


def hand_over(hunt: Hunt, vacancy: VacancyRow, letter: str, *, url: str = "", kind: str = "handed_over") -> Write:
    """Assisted mode: the letter and the link; the person applies."""
    keyboard = apply_keyboard(vacancy, url)
    key = f"handed_over:{hunt.key_of(vacancy.vacancy_id)}"
    return _say(hunt, key, kind, vacancy, letter=letter, keyboard=keyboard, card=card_of(vacancy))


def apply_keyboard(vacancy: VacancyRow, url: str = "") -> InlineKeyboard:
    """For a vacancy the person applies to: the page, and what came of it."""
    return (
        (UrlButton(Text("autopilot.button.apply"), url or vacancy.url),),
        (_button("applied", APPLIED, vacancy, "success"), _button("skip", SKIP, vacancy)),
    )


def tell_doubt(hunt: Hunt, vacancy: VacancyRow, attempt: int) -> Write:
    """The board can't be asked whether an application arrived: the person can look."""
    keyboard: InlineKeyboard = (
        (UrlButton(Text("autopilot.button.open"), vacancy.url),),
        (_button("exists", APPLIED, vacancy, "success"), _button("missing", MISSING, vacancy)),
    )
    key = f"doubt:{hunt.key_of(vacancy.vacancy_id)}:{attempt}"
    return _say(hunt, key, "doubt", vacancy, keyboard=keyboard, card=card_of(vacancy))


def tell_limit(hunt: Hunt, until: int) -> Write:
    """The board takes no more applications for now."""
    text = Text("autopilot.limit", {"until": show_moment(until)})
    return _tell(hunt, f"limit:{hunt.user_id}:{until // 3_600_000}", text)


def tell_captcha(hunt: Hunt, url: str, seen_at: int) -> Write:
    """The person must solve a captcha; the link is the board's own."""
    keyboard: InlineKeyboard = ((UrlButton(Text("autopilot.button.captcha"), url),),) if url else ()
    return _tell(hunt, f"captcha:{hunt.user_id}:{seen_at}", Text("autopilot.captcha"), keyboard)


def tell_login_lost(hunt: Hunt) -> Write:
    """The person must connect again; said once for each login that was lost."""
    return _tell(hunt, f"login_lost:{_login(hunt)}", Text("autopilot.login_lost"))


def tell_door_closed(hunt: Hunt) -> Write:
    """From now on we only assist; said once for each login."""
    return _tell(hunt, f"door_closed:{_login(hunt)}", Text("autopilot.door_closed"))


def tell_resume_gone(hunt: Hunt) -> Write:
    """The person must choose another resume; said once for each version of it."""
    version = hunt.facts.profile.version if hunt.facts.profile is not None else 0
    return _tell(hunt, f"resume_gone:{hunt.user_id}:{version}", Text("autopilot.resume_gone"))


def tell_quarantined(outbox: Speaker, entry: QuarantineEntry) -> Write:
    """A fault of ours keeps this hunt from running; said once, however often it is tried again in vain."""
    kind, _, number = entry.child.partition(":")
    if kind != "autopilot" or not number.isdigit():
        return NOTHING
    text = Text("autopilot.quarantined", {"until": show_moment(entry.next_probe_at)})
    return outbox.say(OutgoingMessage(ChatId(int(number)), text), key=f"quarantined:{number}:{entry.since_at}")


def show_card(hunt: Hunt, funnel: Funnel, state: str) -> Write:
    """The status card as it should look now; `state` is working, sleeping or resting."""
    values: dict[str, Value] = {
        **funnel.values(),
        "applied_today": hunt.facts.used_today,
        "limit": hunt.facts.daily_limit,
    }
    return hunt.tools.outbox.edit(hunt.chat_id, CARD, Text(f"autopilot.card.{state}", values))


def _say(
    hunt: Hunt,
    key: str,
    kind: str,
    vacancy: VacancyRow,
    *,
    letter: str | None = None,
    keyboard: InlineKeyboard = (),
    card: str | None = None,
) -> Write:
    body = Verbatim(letter) if letter is not None else None
    message = OutgoingMessage(hunt.chat_id, describe(kind, vacancy), body=body, keyboard=keyboard, card=card)
    return hunt.tools.outbox.say(message, key=key)


def describe(kind: str, vacancy: VacancyRow) -> Text:
    """A text of this room about one vacancy."""
    values = {"title": vacancy.title, "employer": vacancy.employer, "salary": show_salary(vacancy.salary)}
    return Text(f"autopilot.{kind}", values)


def _tell(hunt: Hunt, key: str, text: Text, keyboard: InlineKeyboard = ()) -> Write:
    return hunt.tools.outbox.say(OutgoingMessage(hunt.chat_id, text, keyboard=keyboard), key=key)


def _button(label: str, action: str, vacancy: VacancyRow, style: str | None = None) -> Button:
    argument = vacancy_argument(vacancy.board, vacancy.vacancy_id)
    return Button(Text(f"autopilot.button.{label}"), action, argument, style)


def _login(hunt: Hunt) -> str:
    account = hunt.facts.account
    return f"{hunt.user_id}:{hunt.board_name}:{account.connected_at if account is not None else 0}"
