"""The simulated world in memory: a board on a clock moved by hand; Telegram with one person, the log and the faults."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest

from daemon.clock import TrioClock
from daemon.sandbox.faults import Faults
from daemon.sandbox.hh import HhWorld, build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.service import Request, Response
from daemon.sandbox.telegram import WORLD_TOKEN, TelegramDouble
from daemon.sandbox.telegram_people import TelegramPeople
from daemon.sandbox.world_log import WorldLog

if TYPE_CHECKING:
    import trio

AGENT = "Aurora/0.1 (operator@example.com)"
SOKOLOVA, TKACHENKO = "m.sokolova@example.com", "olga.tkachenko@example.com"


class HandClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.at = 1_790_000_000_000

    def now(self) -> int:
        return self.at

    async def sleep_until(self, due_at: int) -> None:
        self.at = max(self.at, due_at)

    def advance(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Board:
    """The board with a client's hands: shorthand for every request the tests make."""

    def __init__(self, world: HhWorld, clock: HandClock, lines: list[dict[str, Any]]) -> None:
        self.world = world
        self.state = world.state
        self.rules = world.state.rules
        self.switches = world.state.switches
        self.clock = clock
        self.lines = lines

    def logged(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]

    async def ask(
        self,
        method: str,
        address: str,
        token: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        parts = urlsplit(address)
        query: dict[str, tuple[str, ...]] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query[name] = (*query.get(name, ()), value)
        sent = {"user-agent": AGENT, **(headers or {})}
        if token:
            sent["authorization"] = f"Bearer {token}"
        # Paced, so that only the tests of the pace meet it.
        self.clock.advance(0.5)
        return await self.world.api.handle(Request(method, parts.path, query, sent, body))

    async def get(self, path: str, token: str | None = None, **query: Any) -> Response:
        return await self.ask("GET", f"{path}?{urlencode(query, doseq=True)}", token)

    async def json(self, path: str, token: str | None = None, **query: Any) -> Any:
        answer = await self.get(path, token, **query)
        assert answer.status == 200, answer.body
        return orjson.loads(answer.body)

    async def grant(self, **form: str) -> Response:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", "/token", headers=headers, body=urlencode(form).encode())

    async def visit(
        self, method: str = "GET", path: str = "/oauth/authorize", form: dict[str, str] | None = None, **query: str
    ) -> Response:
        headers = {"content-type": "application/x-www-form-urlencoded"} if form else {}
        values = {name: (value,) for name, value in query.items()}
        return await self.world.site.handle(Request(method, path, values, headers, urlencode(form or {}).encode()))

    def authorize_query(self, **more: str) -> dict[str, str]:
        query = {
            "response_type": "code",
            "client_id": self.rules.client_id,
            "state": "s1",
            "redirect_uri": self.rules.redirect_uri,
        }
        return query | more

    async def code(self, login: str = SOKOLOVA) -> str:
        answer = await self.visit("POST", form={"login": login, "decision": "allow"}, **self.authorize_query())
        assert answer.status == 302, answer.body.decode()
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]

    async def pair(self, login: str = SOKOLOVA) -> dict[str, Any]:
        answer = await self.exchange(await self.code(login))
        assert answer.status == 200, answer.body
        return dict(orjson.loads(answer.body))

    async def exchange(self, code: str, **changed: str) -> Response:
        return await self.grant(
            **{
                "grant_type": "authorization_code",
                "client_id": self.rules.client_id,
                "client_secret": self.rules.client_secret,
                "redirect_uri": self.rules.redirect_uri,
                "code": code,
                **changed,
            }
        )

    async def token(self, login: str = SOKOLOVA) -> str:
        return str((await self.pair(login))["access_token"])

    async def application_token(self) -> Response:
        rules = self.rules
        return await self.grant(
            grant_type="client_credentials", client_id=rules.client_id, client_secret=rules.client_secret
        )

    async def apply(
        self, token: str, vacancy_id: str, resume_id: str | None = None, letter: str = "Здравствуйте!"
    ) -> Response:
        fields = {"vacancy_id": vacancy_id, "resume_id": resume_id or self.resume_id(), "message": letter}
        return await self.post_multipart("/negotiations", token, fields)

    async def post_multipart(self, path: str, token: str, fields: dict[str, str]) -> Response:
        parts = [f'--b7\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        body = ("".join(parts) + "--b7--\r\n").encode()
        return await self.ask(
            "POST", path, token, headers={"content-type": "multipart/form-data; boundary=b7"}, body=body
        )

    def resume_id(self, login: str = SOKOLOVA, number: int = 0) -> str:
        person = self.state.person_by_login(login)
        assert person is not None
        return person.resumes[number].resume_id

    def suitable(self, count: int = 1, **wanted: Any) -> list[str]:
        """Ids of vacancies an application to which goes out."""
        fit = [v for v in self.state.vacancies.values() if v.is_suitable and not v.needs_letter and v.kind == "open"]
        fit = [v for v in fit if all(getattr(v, name) == value for name, value in wanted.items())]
        return [v.vacancy_id for v in fit][:count]

    def trapped(self, trap: str) -> str:
        return next(v.vacancy_id for v in self.state.vacancies.values() if trap in v.traps)


def refused_with(answer: Response) -> tuple[int, str]:
    """Status and value of a refusal in the common body."""
    return answer.status, orjson.loads(answer.body)["errors"][0].get("value", "")


def oauth_refused_with(answer: Response) -> tuple[int, str, str]:
    """Status, error and description of a refusal of the token endpoint."""
    body = orjson.loads(answer.body)
    return answer.status, body["error"], body["error_description"]


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def board(hand_clock: HandClock) -> Board:
    lines: list[dict[str, Any]] = []
    world = build_hh(hand_clock, 1, lambda kind, **facts: lines.append({"kind": kind, **facts}), Rules())
    return Board(world, hand_clock, lines)


@dataclass
class Bot:
    """Calls the double's methods as a bot would."""

    double: TelegramDouble
    token: str = WORLD_TOKEN

    async def ask(self, method: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        request = Request(
            "POST",
            f"/bot{self.token}/{method}",
            headers={"content-type": "application/json"},
            body=orjson.dumps(parameters),
        )
        response = await self.double.handle(request)
        return response.status, orjson.loads(response.body)

    async def call(self, method: str, **parameters: Any) -> Any:
        status, answer = await self.ask(method, **parameters)
        assert status == 200, answer
        return answer["result"]

    async def refusal(self, method: str, **parameters: Any) -> str:
        status, answer = await self.ask(method, **parameters)
        assert answer["ok"] is False
        assert answer["error_code"] == status
        return str(answer["description"])


@pytest.fixture
def world_clock() -> TrioClock:
    return TrioClock()


@pytest.fixture
def world_log(world_clock: TrioClock) -> WorldLog:
    return WorldLog(world_clock)


@pytest.fixture
async def faults(world_log: WorldLog, nursery: trio.Nursery) -> Faults:
    return Faults(random.Random(1), world_log, nursery)


@pytest.fixture
async def telegram(world_clock: TrioClock, world_log: WorldLog) -> TelegramDouble:
    return TelegramDouble(world_clock, world_log)


@pytest.fixture
async def bot(telegram: TelegramDouble) -> Bot:
    return Bot(telegram)


@pytest.fixture
async def people(telegram: TelegramDouble) -> TelegramPeople:
    return TelegramPeople(telegram)


@pytest.fixture
async def anna(people: TelegramPeople) -> int:
    """Somebody who has pressed Start."""
    person = people.add("Анна")
    people.send_text(person.user_id, "/start")
    return person.user_id
