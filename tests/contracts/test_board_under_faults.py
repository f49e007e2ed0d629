"""The real adapter on a board whose network breaks: what it says of an application must agree with what the board did.

One rule is held against every fault at every call: when an application may have been made, `apply` never says that it
was not; and `find_application` never says "none" of one that exists and that the board shows.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, get_args

import pytest
import trio

from daemon.boards.board import BoardBusy, BoardError, BoardTrouble, SearchQuery, UncertainOutcome
from daemon.boards.hh.board import HhBoard
from daemon.config import HhSettings
from daemon.http_client import make_http_client
from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.faults import FaultKind, Faults
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.world_log import WorldLog
from daemon.secret import Secret
from store.ids import VacancyId
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
SEED = 11


class Scene:
    """A board behind faults, a person logged in, and the board's own word on what happened."""

    def __init__(self, clock: TrioClock, nursery: trio.Nursery) -> None:
        log = WorldLog(clock)
        rules = Rules(redirect_uri="")
        suitable = [one for one in build_corpus(SEED) if one.is_suitable][:120]
        self._world = build_hh(clock, SEED, log.note, rules, vacancies=tuple(suitable))
        self.faults = Faults(random.Random(SEED), log, nursery)
        http = make_http_client(transport=WorldHttp({"api.hh.ru": self.faults.around("hh", self._world.api)}))
        settings = HhSettings(client_id=rules.client_id, client_secret=Secret(rules.client_secret))
        self.board = HhBoard(http, settings, captcha_return_url="", rng=random.Random(SEED))
        self._person = next(person for person in self._world.state.people.values() if person.resumes)
        self.resume_id = self._person.resumes[0].resume_id
        self.vacancies = [VacancyId(one.vacancy_id) for one in suitable]

    async def log_in(self) -> Secret:
        code = self._world.state.tokens.issue_code(self._person.person_id, "http://x")
        return (await self.board.exchange_code(code, "http://x")).access_token

    def has_application(self, vacancy_id: VacancyId) -> bool:
        """The board's own word."""
        return self._world.state.find_application(self.resume_id, vacancy_id) is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_what_apply_says_agrees_with_what_the_board_did(
    autojump_clock: MockClock, clock: TrioClock, kind: FaultKind
) -> None:
    async with trio.open_nursery() as nursery:
        scene = Scene(clock, nursery)
        token = await scene.log_in()
        vacancy_id = scene.vacancies[0]
        scene.faults.add(kind, path="/negotiations", count=1, seconds=5.0)
        try:
            await scene.board.apply(token, scene.resume_id, vacancy_id, "Здравствуйте!")
        except UncertainOutcome:
            pass  # whatever happened, it will be asked about
        except (BoardBusy, BoardTrouble):
            await trio.sleep(60)
            assert not scene.has_application(vacancy_id)
        else:
            assert scene.has_application(vacancy_id)
        await trio.sleep(60)
        found = await scene.board.find_application(token, scene.resume_id, vacancy_id)
        assert (found is not None) is scene.has_application(vacancy_id)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("path", ["/negotiations", "/vacancies/*/resumes_by_status"])
@pytest.mark.parametrize("kind", KINDS)
async def test_existing_application_is_never_called_missing(
    autojump_clock: MockClock, clock: TrioClock, kind: FaultKind, path: str
) -> None:
    async with trio.open_nursery() as nursery:
        scene = Scene(clock, nursery)
        token = await scene.log_in()
        vacancy_id = scene.vacancies[0]
        await scene.board.apply(token, scene.resume_id, vacancy_id, "Здравствуйте!")
        scene.faults.add(kind, path=path, seconds=5.0)
        try:
            found = await scene.board.find_application(token, scene.resume_id, vacancy_id)
        except UncertainOutcome:
            pytest.fail("only an application is uncertain")
        except BoardError:
            pass
        else:
            assert found is not None
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kind", KINDS)
async def test_reading_fails_in_ways_that_pass(autojump_clock: MockClock, clock: TrioClock, kind: FaultKind) -> None:
    async with trio.open_nursery() as nursery:
        scene = Scene(clock, nursery)
        token = await scene.log_in()
        calls = (
            lambda: scene.board.fetch_identity(token),
            lambda: scene.board.list_resumes(token),
            lambda: scene.board.search(token, SearchQuery("python")),
            lambda: scene.board.fetch_vacancy(token, scene.vacancies[0]),
        )
        for call in calls:
            fault = scene.faults.add(kind, seconds=5.0)
            if kind in {"latency", "slow_answer"}:
                await call()
            else:
                with pytest.raises((BoardTrouble, BoardBusy)):
                    await call()
            scene.faults.remove(fault.fault_id)
            await trio.sleep(30)
            await call()
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_many_applications_through_a_bad_network_agree_with_the_board(
    autojump_clock: MockClock, clock: TrioClock
) -> None:
    async with trio.open_nursery() as nursery:
        scene = Scene(clock, nursery)
        scene._world.state.rules.applications_per_day = 10_000
        token = await scene.log_in()
        for kind in KINDS:
            if kind != "hang":  # each would cost its deadline; it has its own test
                scene.faults.add(kind, probability=0.06, seconds=2.0)
        for vacancy_id in scene.vacancies:
            await apply_like_the_ledger(scene, token, vacancy_id)
        made = [scene.has_application(vacancy_id) for vacancy_id in scene.vacancies]
        nursery.cancel_scope.cancel()
    assert all(made)


async def apply_like_the_ledger(scene: Scene, token: Secret, vacancy_id: VacancyId) -> None:
    """Sends; what is uncertain is left alone for a while, asked about, and sent again only when it is not there."""
    for _ in range(30):
        try:
            await scene.board.apply(token, scene.resume_id, vacancy_id, "Здравствуйте!")
        except UncertainOutcome:
            if await is_there(scene, token, vacancy_id):
                return
        except (BoardBusy, BoardTrouble):
            assert not scene.has_application(vacancy_id)
        else:
            return
        await trio.sleep(5)
    raise AssertionError("never applied")


async def is_there(scene: Scene, token: Secret, vacancy_id: VacancyId) -> bool:
    while True:
        await trio.sleep(5)
        try:
            return await scene.board.find_application(token, scene.resume_id, vacancy_id) is not None
        except (BoardBusy, BoardTrouble):
            continue
