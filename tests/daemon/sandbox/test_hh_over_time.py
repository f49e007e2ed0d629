"""The simulated board under any order of events, against a small model of what must hold of it.

A machine logs people in, lets tokens run out, refreshes, revokes, applies and waits, in whatever order Hypothesis likes;
after each step the board must agree with the model on who is let in and which applications exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.service import Request

from .conftest import AGENT, HandClock

if TYPE_CHECKING:
    from daemon.sandbox.service import Response

LIFE_SECONDS = 1000
LIMIT = 4
LOGINS = ("m.sokolova@example.com", "olga.tkachenko@example.com")
STOCK = tuple(v for v in build_corpus(1) if v.is_suitable and v.kind == "open" and not v.needs_letter)[:6]


class BoardMachine(RuleBasedStateMachine):
    """The board on one side, a dict or two on the other."""

    pairs = Bundle("pairs")

    @initialize()
    def open_board(self) -> None:
        self.clock = HandClock()
        self.lines: list[dict[str, Any]] = []
        rules = Rules(access_token_seconds=LIFE_SECONDS, applications_per_day=LIMIT, requests_per_second=10**6)
        self.world = build_hh(
            self.clock, 1, lambda kind, **facts: self.lines.append({"kind": kind, **facts}), rules, vacancies=STOCK
        )
        self.dies_at: dict[str, int] = {}
        self.owner: dict[str, str] = {}
        self.revoked: set[str] = set()
        self.refreshed: set[str] = set()
        self.applied: dict[tuple[str, str, str], int] = {}

    def ask(self, method: str, address: str, token: str = "", body: bytes = b"", kind: str = "") -> Response:
        parts = urlsplit(address)
        query = {name: (value,) for name, value in parse_qsl(parts.query)}
        headers = {"user-agent": AGENT, "content-type": kind} | ({"authorization": f"Bearer {token}"} if token else {})
        return self.world.api.accept(Request(method, parts.path, query, headers, body))()

    def grant(self, **form: str) -> Response:
        return self.ask("POST", "/token", body=urlencode(form).encode(), kind="application/x-www-form-urlencoded")

    def keep(self, answer: Response, login: str) -> tuple[str, str]:
        body = orjson.loads(answer.body)
        access = body["access_token"]
        self.dies_at[access] = self.clock.now() + LIFE_SECONDS * 1000
        self.owner[access] = login
        return access, body["refresh_token"]

    def is_alive(self, access: str) -> bool:
        return access not in self.revoked and self.clock.now() < self.dies_at[access]

    @rule(target=pairs, login=st.sampled_from(LOGINS))
    def log_in(self, login: str) -> tuple[str, str]:
        person = self.world.state.person_by_login(login)
        assert person is not None
        code = self.world.state.tokens.issue_code(person.person_id, "http://127.0.0.1:8080/cb")
        rules = self.world.state.rules
        client = {"client_id": rules.client_id, "client_secret": rules.client_secret}
        answer = self.grant(grant_type="authorization_code", code=code, **client)
        assert answer.status == 200
        return self.keep(answer, login)

    @rule(seconds=st.sampled_from([1, 60, 400, LIFE_SECONDS, 86_400]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(target=pairs, pair=consumes(pairs))
    def refresh(self, pair: tuple[str, str]) -> tuple[str, str]:
        access, refresh = pair
        answer = self.grant(grant_type="refresh_token", refresh_token=refresh)
        may = access not in self.revoked and not self.is_alive(access) and refresh not in self.refreshed
        assert (answer.status == 200) is may, answer.body
        if not may:
            return pair
        self.refreshed.add(refresh)
        again = self.grant(grant_type="refresh_token", refresh_token=refresh)
        assert orjson.loads(again.body)["error_description"] == "token has already been refreshed"
        return self.keep(answer, self.owner[access])

    @rule(pair=pairs)
    def revoke(self, pair: tuple[str, str]) -> None:
        answer = self.ask("DELETE", "/oauth/token", pair[0])
        assert (answer.status == 204) is self.is_alive(pair[0])
        if answer.status == 204:
            self.revoked.add(pair[0])

    @rule(pair=pairs, vacancy=st.sampled_from(STOCK), number=st.integers(0, 1))
    def apply(self, pair: tuple[str, str], vacancy: Any, number: int) -> None:
        login = self.owner[pair[0]]
        person = self.world.state.person_by_login(login)
        assert person is not None
        resume = person.resumes[min(number, len(person.resumes) - 1)]
        fields = {"vacancy_id": vacancy.vacancy_id, "resume_id": resume.resume_id}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        body = ("".join(parts) + "--b--").encode()
        answer = self.ask("POST", "/negotiations", pair[0], body, "multipart/form-data; boundary=b")
        self.check_application(pair[0], (login, resume.resume_id, vacancy.vacancy_id), answer)

    def check_application(self, access: str, key: tuple[str, str, str], answer: Response) -> None:
        if not self.is_alive(access):
            assert answer.status == 403
            return
        value = "" if answer.status == 201 else orjson.loads(answer.body)["errors"][0]["value"]
        since = self.clock.now() - 86_400_000
        used = sum(at > since for (login, _, _), at in self.applied.items() if login == key[0])
        expected = "already_applied" if key in self.applied else "limit_exceeded" if used >= LIMIT else ""
        assert value == expected
        if not expected:
            self.applied[key] = self.clock.now()

    @rule(pair=pairs)
    def look(self, pair: tuple[str, str]) -> None:
        answer = self.ask("GET", "/negotiations?per_page=100", pair[0])
        assert (answer.status == 200) is self.is_alive(pair[0])
        if answer.status == 200:
            listed = {(a["resume"]["id"], a["vacancy"]["id"]) for a in orjson.loads(answer.body)["items"]}
            assert listed == {(r, v) for login, r, v in self.applied if login == self.owner[pair[0]]}

    @rule(pair=pairs)
    def who(self, pair: tuple[str, str]) -> None:
        answer = self.ask("GET", "/me", pair[0])
        assert (answer.status == 200) is self.is_alive(pair[0])
        if answer.status == 200:
            assert orjson.loads(answer.body)["email"] == self.owner[pair[0]]

    @invariant()
    def log_tells_what_was_applied(self) -> None:
        if hasattr(self, "lines"):
            made = [line for line in self.lines if line["kind"] == "application_made"]
            assert len(made) == len(self.applied)
            assert {(line["resume"], line["vacancy"]) for line in made} == {(r, v) for _, r, v in self.applied}


BoardMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestBoardOverTime = pytest.mark.slow(BoardMachine.TestCase)
