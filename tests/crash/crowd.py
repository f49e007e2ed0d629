"""A crowd: a thousand people with logins, resumes and hunts in one store, made by the product's own rooms.

Each is somebody of the simulated board with a name, an account and a resume of their own. Their tokens come from the
board's own grant, their resumes through the adapter, their letters and tokens are sealed by the vault: nothing here
writes SQL. Used by `thousand.py`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from daemon.accounts.rights import MODEL, TERMS
from daemon.accounts.tokens import TokenKeeper
from daemon.autopilot.query_writer import query_from_resume
from daemon.boards.board import TokenPair
from daemon.clock import SystemClock
from daemon.config import load_settings
from daemon.rooms import Outside, open_rooms
from daemon.sandbox.plot import choose_people
from daemon.secret import Secret
from store.durable.ownership import own_shards
from store.factory import open_store
from store.ids import BoardName, ChatId, UserId
from store.tables.hunts import HuntRow
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.rooms import Rooms
    from daemon.sandbox.people import Person
    from daemon.sandbox.service import Request, Response, Service
    from daemon.sandbox.world import World
    from store.write import Write

HH = BoardName("hh")
SIDE_BY_SIDE = 40


def invite(world: World, count: int) -> dict[int, Person]:
    """So many people with accounts at the board, and their chats with the bot: by user id."""
    models = choose_people(world.hh.state)
    crowd: dict[int, Person] = {}
    for number in range(count):
        person = copy_of(models[number % len(models)], number)
        somebody = world.people.add(person.first_name)
        somebody.has_started = True
        crowd[somebody.user_id] = person
    world.hh.state.people = dict(world.hh.state.people) | {person.person_id: person for person in crowd.values()}
    return crowd


def copy_of(person: Person, number: int) -> Person:
    """Somebody like this one, with a login and a resume of their own."""
    resume = person.resumes[0]
    own = resume.model_copy(update={"resume_id": f"{number:06x}{resume.resume_id[6:]}"})
    mine = {"person_id": f"9{number:07}", "email": f"crowd{number}@example.com", "resumes": (own,)}
    return person.model_copy(update=mine)


async def settle(
    world: World, base_url: str, settings: Mapping[str, str], crowd: Mapping[int, Person], paused: int
) -> None:
    """All of them into the store; the last `paused` have put their hunts on pause by themselves."""
    loaded, _ = load_settings(None, settings)
    host = base_url.partition("//")[2]
    outside = Outside(telegram=telegram_transport(world.service), http=WorldHttp({host: world.service}))
    clock, rows = outside.clock, list(crowd.items())
    limit = trio.CapacityLimiter(SIDE_BY_SIDE)
    async with (
        open_store(loaded.store.url) as store,
        own_shards(store, boot_id="crowd", now=clock.now()) as ownership,
        open_rooms(loaded, store, ownership, outside, public_url="http://127.0.0.1:9") as rooms,
        trio.open_nursery() as nursery,
    ):

        async def enter(number: int) -> None:
            async with limit:
                user_id, person = rows[number]
                wish = "paused" if number >= len(rows) - paused else "running"
                await store.write(await newcomer(rooms, world, UserId(user_id), person, wish))

        for number in range(len(rows)):
            nursery.start_soon(enter, number)


async def newcomer(rooms: Rooms, world: World, user_id: UserId, person: Person, wish: str) -> Write:
    """One person who has been all the way through the first dialog."""
    store, accounts, now = rooms.store, rooms.accounts, rooms.outside.clock.now()
    await store.write(store.users.register(user_id, ChatId(user_id), "ru", now=now))
    keeper = TokenKeeper(store, accounts.vault, accounts.boards, rooms.outside.clock)
    await keeper.connect(user_id, HH, grant(world, person), mode="auto")
    await store.write(await accounts.resumes.keep_from_board(user_id, HH, person.resumes[0].resume_id))
    resume = await accounts.resumes.load(user_id)
    assert resume is not None
    hunt = HuntRow(user_id, HH, wish, "person", "", now, "auto", query_from_resume(resume))
    return (
        accounts.rights.answer(user_id, TERMS, is_given=True)
        + accounts.rights.answer(user_id, MODEL, is_given=True)
        + store.hunts.insert_new(hunt)
    )


def grant(world: World, person: Person) -> TokenPair:
    """What the board gives for a code of this person's."""
    tokens, rules = world.hh.state.tokens, world.hh.state.rules
    form = {
        "grant_type": "authorization_code",
        "code": tokens.issue_code(person.person_id, rules.redirect_uri),
        "client_id": rules.client_id,
        "client_secret": rules.client_secret,
    }
    answer = tokens.answer_grant(form)
    expires_in = int(str(answer["expires_in"]))
    return TokenPair(Secret(str(answer["access_token"])), Secret(str(answer["refresh_token"])), expires_in)


class Gatekeeper:
    """Stands before the board and counts who knocks how often. A `Service`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._clock = SystemClock()
        self.in_flight = 0
        self.begin()

    def begin(self) -> None:
        """Counts anew."""
        self._recent: dict[str, deque[int]] = {}
        self._all: deque[int] = deque()
        self.requests = self.most_a_second = self.most_a_second_and_token = self.too_fast = 0

    async def handle(self, request: Request) -> Response:
        """Passes everything on."""
        if not request.path.startswith("/hh/"):
            return await self._service.handle(request)
        self._count(request.headers.get("authorization", ""))
        self.in_flight += 1
        try:
            answer = await self._service.handle(request)
        finally:
            self.in_flight -= 1
        self.too_fast += answer.status == 429
        return answer

    def _count(self, token: str) -> None:
        now = self._clock.now()
        self.requests += 1
        self.most_a_second = max(self.most_a_second, _push(self._all, now))
        if token:
            own = _push(self._recent.setdefault(token, deque()), now)
            self.most_a_second_and_token = max(self.most_a_second_and_token, own)


def _push(times: deque[int], now: int) -> int:
    """How many within the last second, this one included."""
    while times and times[0] <= now - 1000:
        times.popleft()
    times.append(now)
    return len(times)
