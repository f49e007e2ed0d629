"""Dispatcher: finds the action for anything that can arrive, whoever sent it and however odd it is.

Strangers are registered on the way, with the language of their Telegram client: the registration travels with whatever
their update causes. Buttons are opened here; one that this bot did not make for this person is answered in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from daemon.accounts.registration import choose_language
from daemon.bot.menu import COMMANDS, MenuLabels
from daemon.bot.services import Desk
from daemon.i18n.translate import LANGUAGES
from daemon.inbox.router import Incoming
from daemon.outbox.buttons import ForgedButton
from daemon.outbox.message import OutgoingMessage, Text
from store.write import NOTHING, Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.inbox.router import Handler
    from store.ids import UserId
    from telegram_client.types import Chat, Update, User

Action = Callable[[Desk, Incoming, str], Awaitable[Write | None]]
"""What is done about something; the text is a button's argument, what follows a command, or empty."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Every command, button and event, on one page (`routes.py`)."""

    commands: Mapping[str, Action]
    buttons: Mapping[str, Action]
    """By action, as signed into the button."""
    events: Mapping[str, Action]
    message: Action
    """Anything else a person sends."""
    edited: Action
    unknown_command: Action
    forged: Action
    outdated_menu: Action
    """Said with the answer to a button of an old reply keyboard."""
    quick: frozenset[Action] = frozenset()
    """Those that wait for nothing but the store and leave the commit to others: answered before the update is kept."""


class Dispatcher:
    """The router of the inbox."""

    def __init__(self, desk: Desk, routes: Routes) -> None:
        self._desk = desk
        self._routes = routes
        texts = desk.services.texts
        self._labels = MenuLabels(
            {
                texts.plain(Text(f"bot.menu.{command}"), language): command
                for language in LANGUAGES
                for row in COMMANDS
                for command in row
            }
        )

    def find_handler(self, incoming: Incoming) -> Handler:
        """Never fails: what nobody knows gets the handler that says so."""
        if incoming.event is not None:
            return self._bind(self._routes.events.get(incoming.event.name, ignore))
        update = incoming.update
        if update is None:
            return self._bind(ignore)
        chat = _chat_of(update)
        if chat is not None and not chat.is_private:
            return self._bind(self._outside_action(update))
        found = self._find_personal(update, incoming.user_id)
        if found is not None:
            return partial(self._run_for_person, *found)
        return self._bind(ignore)

    def find_quick_handler(self, incoming: Incoming) -> Handler | None:
        """The handler of what a person did themselves, where its action is a quick one."""
        update = incoming.update
        chat = _chat_of(update) if update is not None else None
        if update is None or chat is None or not chat.is_private:
            return None
        found = self._find_personal(update, incoming.user_id)
        if found is None or found[0] not in self._routes.quick:
            return None
        return partial(self._run_for_person, *found)

    def _find_personal(self, update: Update, user_id: UserId) -> tuple[Action, str] | None:
        """What a person did themselves."""
        if update.callback_query is not None:
            return self._find_button(update.callback_query.data or "", user_id)
        if update.message is not None:
            return self._find_message(update.message.text)
        return (self._routes.edited, "") if update.edited_message is not None else None

    def _find_button(self, data: str, user_id: UserId) -> tuple[Action, str]:
        try:
            action, argument = self._desk.services.signer.open(user_id, data)
        except ForgedButton:
            return self._routes.forged, ""
        return self._routes.buttons.get(action, self._routes.forged), argument

    def _find_message(self, text: str | None) -> tuple[Action, str]:
        if text is None:
            return self._routes.message, ""
        if text.startswith("/"):
            command, _, argument = text[1:].partition(" ")
            name = command.partition("@")[0].lower()
            return self._routes.commands.get(name, self._routes.unknown_command), argument.strip()
        command_of_label, is_outdated = self._labels.recognise(text)
        if command_of_label is None:
            return self._routes.message, ""
        action = self._routes.commands[command_of_label]
        return partial(self._with_new_menu, action) if is_outdated else action, ""

    async def _with_new_menu(self, action: Action, desk: Desk, incoming: Incoming, argument: str) -> Write | None:
        upgrade = await self._routes.outdated_menu(desk, incoming, argument) or NOTHING
        write = await action(desk, replace(incoming, finish=upgrade + incoming.finish), argument)
        return None if write is None else upgrade + write

    def _outside_action(self, update: Update) -> Action:
        """In a group only what is meant for the bot gets a word."""
        message = update.message
        is_command = message is not None and (message.text or "").startswith("/")
        is_addressed = update.callback_query is not None or is_command
        return say_private_only if is_addressed else ignore

    def _bind(self, action: Action) -> Handler:
        return partial(self._run, action, "")

    async def _run(self, action: Action, argument: str, incoming: Incoming) -> Write | None:
        return await action(self._desk, incoming, argument)

    async def _run_for_person(self, action: Action, argument: str, incoming: Incoming) -> Write | None:
        arrival = await self._register(incoming)
        if not arrival:
            return await action(self._desk, incoming, argument)
        # Whoever commits by themselves joins `finish`, so the registration travels in it; the lane joins its own.
        write = await action(self._desk, replace(incoming, finish=arrival + incoming.finish), argument)
        return None if write is None else arrival + write

    async def _register(self, incoming: Incoming) -> Write:
        services = self._desk.services
        row = await services.store.users.get(incoming.user_id)
        if row is not None and row.deleted_at is None and row.blocked_at is None:
            return NOTHING
        person = _person_of(incoming.update)
        language = choose_language(person.language_code if person is not None else None)
        return services.store.users.register(incoming.user_id, incoming.chat_id, language, now=services.clock.now())


async def ignore(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """Nothing to say: a kind of update that is nobody's question."""
    del desk, incoming, argument
    return NOTHING


async def say_private_only(desk: Desk, incoming: Incoming, argument: str) -> Write | None:
    """In a group: a hunt is a private matter."""
    del argument
    press = incoming.update.callback_query if incoming.update is not None else None
    if press is not None:
        return desk.services.outbox.acknowledge(incoming.chat_id, press.id, Text("bot.private_only"))
    return desk.services.outbox.say(OutgoingMessage(incoming.chat_id, Text("bot.private_only")))


def _chat_of(update: Update) -> Chat | None:
    press = update.callback_query
    if press is not None:
        return press.message.chat if press.message is not None else None
    holder = update.message or update.edited_message
    return holder.chat if holder is not None else None


def _person_of(update: Update | None) -> User | None:
    if update is None:
        return None
    if update.callback_query is not None:
        return update.callback_query.from_
    message = update.message or update.edited_message
    return message.from_ if message is not None else None
