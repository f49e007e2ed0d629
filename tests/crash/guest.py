"""A guest: one settled person of the theatre, moved by a story line by line; what a person waits for is what the phone shows.

Unlike the scripted person nobody presses by habit here: a story says each word and each press, so that every command and
every button of the bot has its turn. Waiting ends with the story: `patience` is the machine's.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from daemon.config import load_settings
from daemon.rooms import Outside, open_rooms
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.plot import choose_people
from store.durable.ownership import own_shards
from store.factory import open_store
from store.ids import UserId
from tests.crash.crowd import copy_of, newcomer
from tests.crash.whole_daemon import KEY, PUBLIC_URL, WORLD
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.rooms import Rooms
    from daemon.sandbox.people import Person
    from daemon.sandbox.world_log import Act
    from tests.crash.whole_daemon import Theatre

ALICE = UserId(100_001)
VACANCIES = 6
PATIENCE_SECONDS = 60.0
SAID = ("message", "edit")


class Guest:
    """Alice and her phone."""

    def __init__(self, theatre: Theatre, person: Person) -> None:
        self.person = person
        self.waits_for = "nothing"
        self._theatre = theatre
        self._people = theatre.world.people
        self._log = theatre.world.log
        self._since = 0

    def mark(self) -> None:
        """What is heard and answered is what comes from now on."""
        self._since = self._log.last

    def say(self, text: str) -> None:
        """Types something."""
        self.mark()
        self._people.send_text(ALICE, text)

    def words(self, text: str) -> dict[str, object]:
        """A message of hers, for an update of its own."""
        state = self._theatre.world.telegram.state
        return state.message_object(state.add_message(ALICE, ALICE, text=text))

    async def ask(self, text: str) -> None:
        """Types something and waits for a word of the bot."""
        self.say(text)
        await self.hear()

    async def hear(self, part: str = "") -> Act:
        """The first message or edit with these words since the last word of her own."""
        self.waits_for = f"the words {part!r}"
        while True:
            for act in self._log.since(self._since):
                if act.kind in SAID and act.get("chat") == ALICE and part in str(act.get("text")):
                    return act
            await self._log.wait_beyond(self._log.last)

    async def press(self, action: str, argument: str = "", *, is_answered: bool = True) -> None:
        """Presses the newest button of this action, as soon as there is one, and waits until the press is answered."""
        self.waits_for = f"the button {action}:{argument}"
        while (found := self._find(action, argument)) is None:
            await self._log.wait_beyond(self._log.last)
        await trio.sleep(0.2)
        self._since = self._log.last
        query = self._people.press_data(ALICE, *found)
        self.waits_for = f"an answer to the press {action}:{argument}"
        if is_answered:
            await self.until(lambda: any(act.get("query") == query for act in self._log.acts("press_answered")))

    async def choose(self, number: int) -> None:
        """Presses an option of the question that is asked now."""
        await self.press("answer", f"*.{number}")

    async def insist(self, act: Callable[[], Awaitable[object]], is_so: Callable[[], object]) -> None:
        """Does something again and again, as people do where something went wrong, until it is so."""
        while not is_so():
            with trio.move_on_after(PATIENCE_SECONDS):
                await act()
                await self.until(is_so)

    async def choose_until(self, number: int, part: str) -> None:
        """Chooses the same option of each question until these words come."""
        began = self._log.last
        await self.insist(lambda: self.choose(number), lambda: self.has_heard(part, began))

    @property
    def now(self) -> int:
        """The last act so far."""
        return self._log.last

    def has_heard(self, part: str, after: int) -> bool:
        """Whether these words have come after that act."""
        return any(act.kind in SAID and part in str(act.get("text")) for act in self._log.since(after))

    def sees(self, action: str) -> bool:
        """Whether there is such a button."""
        return self._find(action, "") is not None

    def count(self, kind: str) -> int:
        """Acts of this kind."""
        return self._log.count(kind)

    def _find(self, action: str, argument: str) -> tuple[int, str] | None:
        asked = {act.get("message") for act in self._log.since(self._since) if act.kind in SAID}
        for message in reversed(self._people.messages(ALICE)):
            if argument.startswith("*") and message.message_id not in asked:
                continue
            for button in (button for row in message.inline_rows for button in row):
                name, _, rest = str(button.get("callback_data", "")).rpartition(".")[0].partition(":")
                if name == action and (
                    rest.endswith(argument[1:]) if argument.startswith("*") else rest.startswith(argument)
                ):
                    return message.message_id, button["callback_data"]
        return None

    async def until(self, is_so: Callable[[], object]) -> None:
        """Something of the world's log."""
        while not is_so():
            await self._log.wait_beyond(self._log.last)

    async def see(self, kind: str, count: int = 1) -> None:
        """So many acts of a kind."""
        self.waits_for = f"{count} {kind}"
        await self.until(lambda: self._log.count(kind) >= count)

    async def connect(self) -> None:
        """Logs in at the board behind the link she is shown, and pastes the address it ends at."""
        await self.ask("/connect")
        await trio.sleep(1.0)  # the link may come after something else
        links = [str(act.get("links")) for act in self._log.since(self._since) if "/oauth/" in str(act.get("links"))]
        if not links:
            await self.choose(0)  # something went wrong before: once more
            return
        browser = Browser(fetch_with(self._theatre.browse()), stop_before=PUBLIC_URL)
        manners = Manners(self.person.email)
        person = ScriptedPerson(
            ALICE, self._people, self._log, browser, manners=manners, random_source=random.Random(ALICE)
        )
        self.mark()
        await person.open_page(links[-1])
        await self.hear()


async def seat(theatre: Theatre, *, wish: str, then: Callable[[Rooms], object] | None = None) -> Guest:
    """Alice, who has been all the way through the first dialog in a life before the first, and a small board."""
    world, path = theatre.world, theatre.folder / "before.db"
    state = world.hh.state
    person = copy_of(choose_people(state)[0], 1)
    somebody = world.people.add(person.first_name, user_id=ALICE)
    somebody.has_started = True
    state.people = dict(state.people) | {person.person_id: person}
    fitting = [one for one in state.vacancies.values() if one.trade == person.resumes[0].trade and one.is_suitable]
    state.vacancies = {one.vacancy_id: one for one in fitting[:VACANCIES]}
    theatre.accounts[ALICE] = person.person_id
    settings = {"AURORA_STORE__URL": f"sqlite:///{path}", "AURORA_SECRET_KEY": KEY}
    loaded, _ = load_settings(
        None, {**world.settings(f"http://{WORLD}"), **settings, "STATE_DIRECTORY": str(theatre.folder)}
    )
    outside = Outside(
        clock=world.clock, telegram=telegram_transport(world.service), http=WorldHttp({WORLD: world.service})
    )
    async with (
        open_store(loaded.store.url, inline=True) as store,
        own_shards(store, boot_id="before", now=world.clock.now()) as ownership,
        open_rooms(loaded, store, ownership, outside, public_url=PUBLIC_URL) as rooms,
    ):
        await store.write(await newcomer(rooms, world, ALICE, person, wish))
        if then is not None:
            await then(rooms)
    theatre.opening = path
    return Guest(theatre, person)
