"""The simulated hh.ru: `build_hh` gives the API and the site as services, and the state a story and a judge look at.

Written from the board's public description; every limit, refusal and mode has a switch in `hh_state.py`. A late commit
is done by whoever serves it: `HhApi.accept` checks a request now and hands back what carries it out, whenever that is
called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import orjson

from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh_applications import Applications
from daemon.sandbox.hh_errors import Refusal, not_found, refuse, refuse_bare, refuse_oauth
from daemon.sandbox.hh_login import HhSite, answer_grant
from daemon.sandbox.hh_methods import Call, Caller, HhMethods, Route
from daemon.sandbox.hh_state import HhState, Log, Rules
from daemon.sandbox.hh_tokens import Tokens, bearer_of
from daemon.sandbox.hh_views import Views
from daemon.sandbox.people import load_people
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.clock import Clock
    from daemon.sandbox.people import Person
    from daemon.sandbox.vacancy import BoardVacancy

USER_AGENT = re.compile(r".+/.+\(.+@.+\)")
BLACKLISTED_AGENTS = ("curl/", "python-requests/", "python-httpx", "okhttp/", "mozilla/")


class HhApi:
    """The API as a `Service`."""

    def __init__(self, state: HhState, tokens: Tokens, views: Views, applications: Applications) -> None:
        self._state = state
        self._tokens = tokens
        self._views = views
        self._applications = applications
        self._routes = HhMethods(state, views, applications).routes()
        self._requests = 0

    async def handle(self, request: Request) -> Response:
        """Answers one request."""
        return self.accept(request)()

    def accept(self, request: Request) -> Callable[[], Response]:
        """Checks caller, pace and doors now; what comes back carries the request out (late, for a late commit)."""
        self._requests += 1
        number = self._requests
        self._state.advance_employers()
        try:
            carry_out = self._admit(request)
        except Refusal as refusal:
            answer = _number(refusal.answer, number)
            return lambda: answer

        def carry() -> Response:
            try:
                return carry_out()
            except Refusal as refusal:
                return _number(refusal.answer, number)

        return carry

    def _admit(self, request: Request) -> Callable[[], Response]:
        _check_agent(request)
        path = request.path.rstrip("/") or "/"
        if path in {"/token", "/oauth/token"}:
            return lambda: self._token(request)
        for route in self._routes:
            match = route.path.fullmatch(path)
            if match and route.method == request.method:
                caller = self._identify(request, route)
                call = Call(request, caller, match.groups())
                return lambda: route.answer(call)
        if any(route.path.fullmatch(path) for route in self._routes):
            raise refuse(405, "method_not_allowed")
        raise not_found()

    def _identify(self, request: Request, route: Route) -> Caller:
        token = bearer_of(request.headers)
        if token is None:
            return self._identify_nobody(route)
        if self._state.is_too_fast(token):
            raise refuse(429, "too_many_requests")
        grant = self._tokens.authenticate(token)
        caller = Caller(token, self._state.people[grant.person_id] if grant.person_id else None)
        if caller.someone is None and route.is_for_applicants:
            raise refuse_oauth("user_auth_expected")
        if caller.someone is not None:
            self._check_open(route, caller.person)
        self._check_captcha(caller)
        return caller

    def _identify_nobody(self, route: Route) -> Caller:
        if route.is_for_applicants or route.door == "me":
            raise refuse_oauth("bad_authorization")
        if route.door == "search" and not self._state.rules.is_anonymous_search_open:
            # What the real API answers to programs without a token since 2026.
            raise refuse_bare(403)
        return Caller(None, None)

    def _check_open(self, route: Route, person: Person) -> None:
        switches = self._state.switches
        if route.door not in switches.closed_calls:
            return
        self._state.log("call_refused", at=self._state.clock.now(), user=person.person_id, call=route.door)
        if switches.closed_value == "bare":
            raise refuse_bare(403)
        if switches.closed_value == "forbidden":
            raise refuse(403, "forbidden")
        raise refuse_oauth(switches.closed_value)

    def _check_captcha(self, caller: Caller) -> None:
        wanted = self._state.switches.captcha_for
        asked = caller.person_id if caller.person_id in wanted else "*" if "*" in wanted else None
        if asked is None:
            return
        captcha_state = self._state.new_secret(32)
        self._state.captchas[captcha_state] = asked
        self._state.log("captcha_asked", at=self._state.clock.now(), user=caller.person_id)
        page = f"{self._state.rules.site_url}/account/captcha?state={quote(captcha_state)}"
        errors = [{"type": "captcha_required", "value": "captcha_required", "captcha_url": page, "fallback_url": None}]
        body = {"description": "Forbidden", "errors": errors}
        raise Refusal("captcha_required", answer_json(body, 403))

    def _token(self, request: Request) -> Response:
        if request.method == "POST":
            return answer_grant(self._tokens, request)
        if request.method == "DELETE":
            token = bearer_of(request.headers)
            if token is None:
                raise refuse_oauth("bad_authorization")
            self._tokens.revoke(token)
            return Response(204)
        raise refuse(405, "method_not_allowed")


def _check_agent(request: Request) -> None:
    agent = request.headers.get("hh-user-agent") or request.headers.get("user-agent", "")
    if not agent:
        raise refuse(400, "bad_user_agent", "unset")
    if agent.lower().startswith(BLACKLISTED_AGENTS) or not USER_AGENT.fullmatch(agent):
        raise refuse(400, "bad_user_agent", "blacklisted")


def _number(answer: Response, number: int) -> Response:
    """Refusals in the common body carry the request's id, for letters to the board's support."""
    if not answer.body.startswith(b'{"description"'):
        return answer
    body = {"request_id": f"{number:016x}", **orjson.loads(answer.body)}
    return Response(answer.status, answer.headers, orjson.dumps(body))


class HhWorld(NamedTuple):
    """The simulated board: two services and their common memory."""

    api: HhApi
    site: HhSite
    state: HhState


def build_hh(
    clock: Clock,
    seed: int,
    log: Log,
    rules: Rules | None = None,
    *,
    people: tuple[Person, ...] | None = None,
    vacancies: tuple[BoardVacancy, ...] | None = None,
) -> HhWorld:
    """A board with its people and its corpus. `rules` may be changed while it runs."""
    state = HhState(
        clock,
        seed,
        log,
        rules=rules or Rules(),
        people=load_people() if people is None else people,
        vacancies=build_corpus(seed) if vacancies is None else vacancies,
    )
    tokens, views = Tokens(state), Views(state)
    state.tokens = tokens
    applications = Applications(state, views)
    return HhWorld(HhApi(state, tokens, views, applications), HhSite(state, tokens, applications), state)
