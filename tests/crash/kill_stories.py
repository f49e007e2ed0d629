"""The six stories of the kill machine: what is there before, what people do, and when the story is over.

Each is short on purpose: it is lived again for every point at which the daemon can be killed in it.

    onboarding   somebody new presses through the first dialog and logs in; ends with the first application
    hunt         somebody settled; two applications
    reply        somebody whose hunt is paused asks this and that and presses a button
    refresh      somebody whose login is over its time; ends with the first application
    reconcile    a former life died with two applications on their way: one arrived, the other did not
    recovery     a former life died with an application on its way, the next with messages on theirs, and people wrote
                 meanwhile; what is killed here is the coming up again
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from daemon.accounts.rights import MODEL, TERMS
from daemon.accounts.tokens import TokenKeeper
from daemon.autopilot.query_writer import query_from_resume
from daemon.config import load_settings
from daemon.rooms import Outside, open_rooms
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.plot import choose_people
from store.durable.ownership import own_shards
from store.factory import open_store
from store.ids import ChatId, UserId
from store.tables.hunts import HuntRow
from tests.crash.crowd import HH, copy_of, grant
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.boards.board import TokenPair
    from tests.crash.stage import Stage

ALICE = 100_001
VACANCIES = 15
FIRST_APPLICATION = "board.post.negotiations#1"
RECONNECT = (("🔑", "/connect"),)


@dataclass(frozen=True)
class Story:
    """One story. `openings` are the points at which the lives before the one that matters are killed."""

    name: str
    wish: str | None
    """Of the hunt of somebody settled: running or paused; None: nobody is settled."""
    act: Callable[[Stage], Awaitable[None]]
    is_over: Callable[[Stage], bool]
    limit: int = 1
    openings: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    """Typed while the daemon is down after the first opening."""
    has_stale_login: bool = False
    seconds: float = 240.0


def invite(stage: Stage) -> None:
    """One person of the board with a chat, the same in every world of one seed."""
    state = stage.world.hh.state
    person = copy_of(choose_people(state)[0], 1)
    somebody = stage.world.people.add(person.first_name, user_id=ALICE)
    state.people = dict(state.people) | {person.person_id: person}
    stage.people[somebody.user_id] = person
    # A small board: what is searched through each time costs more than all the rest.
    fitting = [one for one in state.vacancies.values() if one.trade == person.resumes[0].trade]
    state.vacancies = {one.vacancy_id: one for one in fitting[:VACANCIES]}


def let_in(stage: Stage, story: Story) -> TokenPair:
    """The person's login at the board, the same in every world of one seed."""
    stage.world.telegram.state.people[ALICE].has_started = True
    rules = stage.world.hh.state.rules
    usual = rules.access_token_seconds
    rules.access_token_seconds = 0.01 if story.has_stale_login else usual
    pair = grant(stage.world, stage.people[ALICE])
    rules.access_token_seconds = usual
    return pair


async def settle(stage: Stage, story: Story) -> None:
    """Puts the person into a store as somebody who has been all the way through the first dialog."""
    world, person, user_id = stage.world, stage.people[ALICE], UserId(ALICE)
    base_url = stage.settings["AURORA_HH__API_URL"].removesuffix("/hh")
    loaded, _ = load_settings(None, {**stage.settings, "STATE_DIRECTORY": str(stage.folder)})
    http = WorldHttp({base_url.partition("//")[2]: world.service})
    outside = Outside(clock=world.clock, telegram=telegram_transport(world.service), http=http)
    now = world.clock.now()
    async with (
        open_store(loaded.store.url) as store,
        own_shards(store, boot_id="settling", now=now) as ownership,
        open_rooms(loaded, store, ownership, outside, public_url="http://127.0.0.1:9") as rooms,
    ):
        accounts = rooms.accounts
        await store.write(store.users.register(user_id, ChatId(user_id), "ru", now=now))
        keeper = TokenKeeper(store, accounts.vault, accounts.boards, world.clock)
        fresh = grant(world, person)
        await keeper.connect(user_id, HH, fresh, mode="auto")
        await store.write(await accounts.resumes.keep_from_board(user_id, HH, person.resumes[0].resume_id))
        await keeper.connect(user_id, HH, let_in(stage, story), mode="auto")
        resume = await accounts.resumes.load(user_id)
        assert resume is not None
        hunt = HuntRow(user_id, HH, story.wish or "paused", "person", "", now, "auto", query_from_resume(resume))
        await store.write(
            accounts.rights.answer(user_id, TERMS, is_given=True)
            + accounts.rights.answer(user_id, MODEL, is_given=True)
            + store.hunts.insert_new(hunt)
        )


def remember(stage: Stage, story: Story) -> None:
    """What the board must remember of the logins in a store that `settle` has filled in another world of this seed."""
    grant(stage.world, stage.people[ALICE])
    let_in(stage, story)


class Regular(ScriptedPerson):
    """Somebody who knows the bot: reacts, and does not begin with /start."""

    async def live(self) -> None:
        number = self._log.last
        while True:
            for act in self._log.since(number):
                number = act.number
                if act.get("chat") == self.user_id and act.kind in {"message", "edit"}:
                    await self._read(act)
            await self._log.wait_beyond(number)


def wake_up(stage: Stage, kind: type[ScriptedPerson]) -> ScriptedPerson:
    """The person, with a phone in hand."""
    manners = Manners(stage.people[ALICE].email, replies=RECONNECT)
    return kind(
        ALICE,
        stage.world.people,
        stage.world.log,
        stage.browser,
        manners=manners,
        random_source=random.Random("person"),
    )


async def press_through(stage: Stage) -> None:
    """From /start on, whatever the bot asks."""
    await wake_up(stage, ScriptedPerson).live()


async def watch(stage: Stage) -> None:
    """Logs in again if told to; otherwise only reads."""
    await wake_up(stage, Regular).live()


TALK = ("/status", "/help", "/status", "hello there", "/help")


async def talk(stage: Stage) -> None:
    """One question after the other, two of them before the answer to the first, and a button at the end."""
    people, log = stage.world.people, stage.world.log
    for number, text in enumerate(TALK):
        people.send_text(ALICE, text)
        if number % 2:
            await _wait_for_messages(stage, 1 + number // 2)
    await _wait_for_messages(stage, 3)
    message = next((one for one in reversed(people.messages(ALICE)) if _is_pressable(one)), None)
    if message is not None:
        people.press(ALICE, message.message_id)
    log.note("talk_over")


def _is_pressable(message: object) -> bool:
    rows = getattr(message, "inline_rows", [])
    return getattr(message, "sender_id", 0) is None and bool(rows) and "callback_data" in rows[0][0]


async def _wait_for_messages(stage: Stage, count: int) -> None:
    log = stage.world.log
    while sum(act.get("chat") == ALICE for act in log.acts("message")) < count:
        await log.wait_beyond(log.last)


def has_applied(stage: Stage, count: int) -> bool:
    """So many applications are at the board, and the person has heard of each."""
    log = stage.world.log
    made = {act.get("vacancy") for act in log.acts("application_made")}
    told = "".join(str(act.get("links")) for act in log.acts("message"))
    return len(made) >= count and all(f"/vacancy/{vacancy}" in told for vacancy in made)


def has_talked(stage: Stage) -> bool:
    """Everything was said and everything was answered."""
    log = stage.world.log
    last = max((act.number for act in log.acts("update")), default=0)
    answered = any(act.number > last for act in log.acts("message", "edit", "press_answered"))
    return log.count("talk_over") > 0 and answered


async def nothing(stage: Stage) -> None:
    """Nobody does anything."""


def is_told(stage: Stage, count: int, texts: int) -> bool:
    """Applied, and the texts typed meanwhile are answered."""
    updates = sum(act.get("what") == "message" for act in stage.world.log.acts("update"))
    return has_applied(stage, count) and updates >= texts


STORIES = (
    Story("onboarding", None, press_through, partial(has_applied, count=1)),
    Story("hunt", "running", watch, partial(has_applied, count=2), limit=2),
    Story("reply", "paused", talk, has_talked),
    Story("refresh", "running", watch, partial(has_applied, count=1), has_stale_login=True),
    Story(
        "reconcile",
        "running",
        watch,
        partial(has_applied, count=2),
        limit=2,
        openings=(f"{FIRST_APPLICATION}:in", f"{FIRST_APPLICATION}:before"),
    ),
    Story(
        "recovery",
        "running",
        watch,
        partial(is_told, count=1, texts=3),
        openings=(f"{FIRST_APPLICATION}:in", "telegram.sendMessage#1:in"),
        between=("/status", "/help", "/status"),
    ),
)


def find_story(name: str) -> Story:
    """By its name; `LookupError` for another."""
    for story in STORIES:
        if story.name == name:
            return story
    raise LookupError(name)
