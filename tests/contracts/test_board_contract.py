"""What every board does alike: the fake, and each real adapter against its simulated world."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from daemon.boards.board import (
    DoorClosed,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    SearchQuery,
    TokenStillValid,
)
from daemon.boards.hh.board import HhBoard
from daemon.config import HhSettings
from daemon.http_client import make_http_client
from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_state import Rules
from daemon.secret import Secret
from store.ids import VacancyId
from tests.fakes.board import FakeBoard, make_vacancy
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trio.testing import MockClock

    from daemon.boards.board import Board
    from daemon.clock import TrioClock

RETURN_URL = "http://127.0.0.1:8080/oauth/hh/callback"
EVERYTHING = SearchQuery("Python")


class Scene(Protocol):
    """A board with an ordinary vacancy and three traps, and one resume."""

    board: Board
    resume_id: str
    ordinary: VacancyId
    traps: Mapping[str, VacancyId]
    """`test_required`, `archived`, `direct`."""

    async def log_in(self) -> str:
        """The code with which the browser came back."""

    def expire_tokens(self) -> None:
        """All access tokens are over their time."""


class FakeScene:
    """The fake, set up."""

    resume_id = "r1"
    ordinary = VacancyId("1")
    traps: ClassVar = {
        "test_required": VacancyId("2"),
        "archived": VacancyId("3"),
        "direct": VacancyId("4"),
    }

    def __init__(self, clock: TrioClock) -> None:
        self.board = FakeBoard()
        self.board.add(make_vacancy("4", is_direct=True), make_vacancy("3", is_archived=True))
        self.board.add(make_vacancy("2", has_test=True), make_vacancy("1"))

    async def log_in(self) -> str:
        return "code-ivan"

    def expire_tokens(self) -> None:
        self.board.expire_tokens()


def _forget(kind: str, **facts: Any) -> None:
    """The world's log; nobody judges here."""


class HhScene:
    """The real adapter on the simulated hh.ru, in memory."""

    def __init__(self, clock: TrioClock) -> None:
        rules = Rules(redirect_uri=RETURN_URL)
        stock = build_corpus(7)
        ordinary = min(
            (one for one in stock if one.is_suitable and "Python" in one.title), key=lambda one: one.age_seconds
        )
        traps = {
            "test_required": next(one for one in stock if one.has_test and not one.is_archived),
            "archived": next(one for one in stock if one.is_archived),
            "direct": next(one for one in stock if one.kind == "direct" and not one.is_archived),
        }
        self.ordinary = VacancyId(ordinary.vacancy_id)
        self.traps = {reason: VacancyId(one.vacancy_id) for reason, one in traps.items()}
        few = {one.vacancy_id: one for one in (ordinary, *traps.values(), *stock[:30])}
        self._world = build_hh(clock, 7, _forget, rules, vacancies=tuple(few.values()))
        settings = HhSettings(client_id=rules.client_id, client_secret=Secret(rules.client_secret))
        self._http = make_http_client(transport=WorldHttp({"api.hh.ru": self._world.api, "hh.ru": self._world.site}))
        self.board = HhBoard(self._http, settings, captcha_return_url=RETURN_URL, rng=random.Random(1))
        self._person = next(person for person in self._world.state.people.values() if person.resumes)
        self.resume_id = self._person.resumes[0].resume_id

    async def log_in(self) -> str:
        url = self.board.authorize_url("state-1", RETURN_URL)
        form = {"login": self._person.person_id, "decision": "allow"}
        response = await self._http.post(url, data=form)
        return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]

    def expire_tokens(self) -> None:
        self._world.state.tokens.expire_person(self._person.person_id)


@pytest.fixture(params=[FakeScene, HhScene])
async def scene(request: pytest.FixtureRequest, clock: TrioClock) -> Scene:
    scene: Scene = request.param(clock)
    return scene


async def token_of(scene: Scene) -> Secret:
    return (await scene.board.exchange_code(await scene.log_in(), RETURN_URL)).access_token


async def test_authorize_url_carries_state_and_return(autojump_clock: MockClock, scene: Scene) -> None:
    url = scene.board.authorize_url("state-1", RETURN_URL)
    assert "state-1" in url
    assert "callback" in url


async def test_code_works_once(autojump_clock: MockClock, scene: Scene) -> None:
    code = await scene.log_in()
    await scene.board.exchange_code(code, RETURN_URL)
    with pytest.raises(LoginLost):
        await scene.board.exchange_code(code, RETURN_URL)


async def test_made_up_token_is_no_login(autojump_clock: MockClock, scene: Scene) -> None:
    with pytest.raises(LoginLost):
        await scene.board.list_resumes(Secret("made-up"))


async def test_valid_token_is_not_refreshed(autojump_clock: MockClock, scene: Scene) -> None:
    pair = await scene.board.exchange_code(await scene.log_in(), RETURN_URL)
    assert pair.refresh_token is not None
    with pytest.raises(TokenStillValid):
        await scene.board.refresh_tokens(pair.refresh_token)
    assert await scene.board.list_resumes(pair.access_token)


async def test_refresh_token_works_once_and_after_expiry(autojump_clock: MockClock, scene: Scene) -> None:
    old = await scene.board.exchange_code(await scene.log_in(), RETURN_URL)
    assert old.refresh_token is not None
    scene.expire_tokens()
    with pytest.raises(LoginExpired):
        await scene.board.list_resumes(old.access_token)
    new = await scene.board.refresh_tokens(old.refresh_token)
    assert await scene.board.list_resumes(new.access_token)
    with pytest.raises(LoginLost):
        await scene.board.refresh_tokens(old.refresh_token)


async def test_revoked_token_is_gone(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.revoke_token(token)
    with pytest.raises(LoginLost):
        await scene.board.fetch_identity(token)


async def test_identity_is_the_applicant(autojump_clock: MockClock, scene: Scene) -> None:
    identity = await scene.board.fetch_identity(await token_of(scene))
    assert identity.is_applicant
    assert identity.external_id


async def test_application_token_searches_and_knows_no_person(autojump_clock: MockClock, scene: Scene) -> None:
    pair = await scene.board.fetch_application_token()
    assert (await scene.board.search(pair.access_token, EVERYTHING)).vacancies
    with pytest.raises(DoorClosed):
        await scene.board.list_resumes(pair.access_token)


async def test_resume_comes_without_contacts_in_text(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    rows = await scene.board.list_resumes(token)
    assert scene.resume_id in {row.resume_id for row in rows}
    resume = await scene.board.fetch_resume(token, scene.resume_id)
    assert resume.contacts
    assert not any(contact in resume.text for contact in resume.contacts)


async def test_unknown_resume_is_gone(autojump_clock: MockClock, scene: Scene) -> None:
    with pytest.raises(ResumeGone):
        await scene.board.fetch_resume(await token_of(scene), "nobody")


async def test_search_finds_what_is_published(autojump_clock: MockClock, scene: Scene) -> None:
    page = await scene.board.search(await token_of(scene), EVERYTHING)
    assert scene.ordinary in {vacancy.vacancy_id for vacancy in page.vacancies}
    assert page.broken == 0
    assert page.found >= len(page.vacancies)


async def test_page_behind_the_last_is_empty(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    assert (await scene.board.search(token, EVERYTHING, page=19)).vacancies == ()
    assert (await scene.board.search(token, EVERYTHING, page=20)).vacancies == ()


async def test_whole_vacancy_has_its_text(autojump_clock: MockClock, scene: Scene) -> None:
    vacancy = await scene.board.fetch_vacancy(await token_of(scene), scene.ordinary)
    assert vacancy.text
    assert "<" not in vacancy.text


async def test_unknown_vacancy_is_not_applicable(autojump_clock: MockClock, scene: Scene) -> None:
    with pytest.raises(NotApplicable):
        await scene.board.fetch_vacancy(await token_of(scene), VacancyId("999999999"))


async def test_application_is_made_and_found(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    assert await scene.board.find_application(token, scene.resume_id, scene.ordinary) is None
    made = await scene.board.apply(token, scene.resume_id, scene.ordinary, "Здравствуйте!")
    assert made.external_id
    found = await scene.board.find_application(token, scene.resume_id, scene.ordinary)
    assert found is not None
    assert found.vacancy_id == scene.ordinary


async def test_second_application_counts_as_made(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.apply(token, scene.resume_id, scene.ordinary, "Здравствуйте!")
    again = await scene.board.apply(token, scene.resume_id, scene.ordinary, "Здравствуйте!")
    assert again.external_id is None


async def test_answered_vacancy_says_so(autojump_clock: MockClock, scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.apply(token, scene.resume_id, scene.ordinary, "Здравствуйте!")
    page = await scene.board.search(token, EVERYTHING)
    assert [vacancy.is_answered for vacancy in page.vacancies if vacancy.vacancy_id == scene.ordinary] == [True]


@pytest.mark.parametrize("reason", ["test_required", "archived", "direct"])
async def test_traps_are_not_applicable_with_reason(autojump_clock: MockClock, scene: Scene, reason: str) -> None:
    with pytest.raises(NotApplicable) as caught:
        await scene.board.apply(await token_of(scene), scene.resume_id, scene.traps[reason], "Здравствуйте!")
    assert caught.value.reason == reason
    if reason == "direct":
        assert caught.value.url is not None


async def test_unknown_resume_can_not_apply(autojump_clock: MockClock, scene: Scene) -> None:
    with pytest.raises(ResumeGone):
        await scene.board.apply(await token_of(scene), "nobody", scene.ordinary, "Здравствуйте!")
