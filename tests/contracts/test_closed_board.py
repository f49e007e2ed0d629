"""hh.ru as it has been since December 2025: applicants' calls refused, in every wording; what still works must work."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from daemon.accounts.board_session import BoardSessions
from daemon.boards.board import DoorClosed, SearchQuery
from daemon.boards.hh.board import HhBoard
from daemon.boards.registry import BoardRegistry
from daemon.config import HhSettings
from daemon.http_client import make_http_client
from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.world_log import WorldLog
from daemon.secret import Secret
from daemon.vault import Vault, make_secret_key
from store.ids import BoardName, UserId, VacancyId
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from store.store import Store

IVAN, HH = UserId(42), BoardName("hh")
WORDINGS = ["no_scope", "user_auth_expected", "forbidden", "bare"]


class Scene:
    """The whole way from a login to a call, on a board whose doors can be closed."""

    def __init__(self, store: Store, clock: TrioClock) -> None:
        rules = Rules(redirect_uri="")
        self._world = build_hh(clock, 5, WorldLog(clock).note, rules, vacancies=build_corpus(5)[:80])
        settings = HhSettings(client_id=rules.client_id, client_secret=Secret(rules.client_secret))
        http = make_http_client(transport=WorldHttp({"api.hh.ru": self._world.api}))
        self.board = HhBoard(http, settings, captcha_return_url="", rng=random.Random(5))
        self._vault = Vault(store, make_secret_key(), clock)
        self.sessions = BoardSessions(store, self._vault, BoardRegistry([self.board]), clock, "http://127.0.0.1:8080")
        self.person = next(person for person in self._world.state.people.values() if person.resumes)
        self.vacancy_id = VacancyId(next(one.vacancy_id for one in build_corpus(5)[:80] if one.is_suitable))

    async def log_in(self) -> str:
        """The mode the login ended in."""
        code = self._world.state.tokens.issue_code(self.person.person_id, "http://127.0.0.1:8080/oauth/hh/callback")
        sealed = await self._vault.seal(IVAN, "inbox.sealed_code/hh", code)
        outcome = await self.sessions.finish_login(IVAN, HH, sealed)
        assert outcome.is_connected
        return outcome.mode

    def close(self, wording: str, *calls: str) -> None:
        self._world.state.close_applicant_api(calls or ("me", "resumes", "search", "negotiations"), wording)


@pytest.fixture
async def scene(store: Store, clock: TrioClock) -> Scene:
    return Scene(store, clock)


async def test_open_board_is_auto(autojump_clock: MockClock, scene: Scene) -> None:
    assert await scene.log_in() == "auto"


@pytest.mark.parametrize("calls", [(), ("me",), ("resumes",)])
@pytest.mark.parametrize("wording", WORDINGS)
async def test_closed_board_is_assisted_and_the_login_kept(
    autojump_clock: MockClock, scene: Scene, wording: str, calls: tuple[str, ...]
) -> None:
    scene.close(wording, *calls)
    assert await scene.log_in() == "assisted"
    account = await scene.sessions.account(IVAN, HH)
    assert account is not None
    assert (account.state, account.mode) == ("connected", "assisted")


@pytest.mark.parametrize("wording", WORDINGS)
async def test_search_goes_on_with_the_applications_token(
    autojump_clock: MockClock, scene: Scene, wording: str
) -> None:
    scene.close(wording)
    await scene.log_in()
    with pytest.raises(DoorClosed):
        await scene.sessions.call(IVAN, HH, lambda token: scene.board.search(token, SearchQuery("")))
    page = await scene.sessions.application_call(HH, lambda token: scene.board.search(token, SearchQuery("")))
    assert page.vacancies
    found = page.vacancies[0].vacancy_id
    vacancy = await scene.sessions.application_call(HH, lambda token: scene.board.fetch_vacancy(token, found))
    assert vacancy.text


@pytest.mark.parametrize("wording", WORDINGS)
async def test_door_that_closes_later_refuses_applications_plainly(
    autojump_clock: MockClock, scene: Scene, wording: str
) -> None:
    assert await scene.log_in() == "auto"
    scene.close(wording, "negotiations")
    resume_id = scene.person.resumes[0].resume_id
    with pytest.raises(DoorClosed):
        await scene.sessions.call(
            IVAN, HH, lambda token: scene.board.apply(token, resume_id, scene.vacancy_id, "Здравствуйте!")
        )
    with pytest.raises(DoorClosed):
        await scene.sessions.call(
            IVAN, HH, lambda token: scene.board.find_application(token, resume_id, scene.vacancy_id)
        )
