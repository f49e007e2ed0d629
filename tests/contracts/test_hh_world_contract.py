"""The real adapter of hh.ru against the simulated board, in memory: every refusal, door, limit and delay on the way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from daemon.boards.board import (
    Application,
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LetterRejected,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    SearchQuery,
    UncertainOutcome,
)
from daemon.boards.hh.board import HhBoard
from daemon.config import HhSettings
from daemon.http_client import make_http_client
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.service import ConnectionCut, Request, Response
from daemon.secret import Secret
from store.ids import VacancyId
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from daemon.sandbox.hh import HhApi
    from daemon.sandbox.people import Person

RETURN_URL = "http://127.0.0.1:8080/oauth/hh/callback"
LETTER = "Здравствуйте! Хочу у вас работать."


class Line:
    """The wire between adapter and board; the next request may get lost on it, or come late."""

    def __init__(self, api: HhApi) -> None:
        self._api = api
        self.is_answer_lost = False
        self.late: list[Callable[[], Response]] = []
        self.is_late = False

    async def handle(self, request: Request) -> Response:
        if self.is_late:
            self.is_late = False
            self.late.append(self._api.accept(request))
            raise ConnectionCut
        response = await self._api.handle(request)
        if self.is_answer_lost:
            self.is_answer_lost = False
            raise ConnectionCut
        return response


class World:
    """The simulated board, the adapter, and a person's hands on the site."""

    def __init__(self, clock: TrioClock) -> None:
        self.rules = Rules(redirect_uri=RETURN_URL)
        self.log: list[dict[str, Any]] = []
        self.hh = build_hh(clock, 3, lambda kind, **facts: self.log.append({"kind": kind, **facts}), self.rules)
        self.state = self.hh.state
        self.line = Line(self.hh.api)
        self.http = make_http_client(transport=WorldHttp({"api.hh.ru": self.line, "hh.ru": self.hh.site}))
        settings = HhSettings(client_id=self.rules.client_id, client_secret=Secret(self.rules.client_secret))
        self.board = HhBoard(self.http, settings, captcha_return_url="https://t.me/aurora_bot", rng=random.Random(1))
        self.person = self.someone("Соколова")

    def someone(self, last_name: str) -> Person:
        return next(person for person in self.state.people.values() if person.last_name == last_name)

    async def log_in(self, person: Person | None = None) -> Secret:
        url = self.board.authorize_url("state-1", RETURN_URL)
        form = {"login": (person or self.person).email, "decision": "allow"}
        response = await self.http.post(url, data=form)
        code = parse_qs(urlsplit(response.headers["location"]).query)["code"][0]
        return (await self.board.exchange_code(code, RETURN_URL)).access_token

    async def apply(self, token: Secret, vacancy_id: VacancyId, letter: str = LETTER) -> Application:
        return await self.board.apply(token, self.resume_id, vacancy_id, letter)

    async def find(self, token: Secret, vacancy_id: VacancyId) -> Application | None:
        return await self.board.find_application(token, self.resume_id, vacancy_id)

    @property
    def resume_id(self) -> str:
        return self.person.resumes[0].resume_id

    def suitable(self, number: int = 0) -> VacancyId:
        fit = [v for v in self.state.vacancies.values() if v.is_suitable and v.trade == "python"]
        return VacancyId(fit[number].vacancy_id)

    def trapped(self, trap: str) -> VacancyId:
        return VacancyId(next(v.vacancy_id for v in self.state.vacancies.values() if trap in v.traps))

    def applied(self) -> list[str]:
        return [line["vacancy"] for line in self.log if line["kind"] == "application_made"]


@pytest.fixture
async def world(clock: TrioClock) -> World:
    return World(clock)


REFUSALS: list[tuple[int, str, type[BoardError]]] = [
    (400, "vacancy_not_found", NotApplicable),
    (400, "resume_not_found", ResumeGone),
    (400, "limit_exceeded", LimitReached),
    (400, "resource_policy_violation", LetterRejected),
    (400, "inappropriate_language", LetterRejected),
    (403, "invalid_vacancy", NotApplicable),
    (403, "resume_not_found", ResumeGone),
    (403, "test_required", NotApplicable),
    (403, "resume_visibility_conflict", NotApplicable),
    (403, "edit_forbidden", NotApplicable),
    (403, "application_denied", NotApplicable),
    (403, "limit_exceeded", LimitReached),
    (403, "wrong_state", NotApplicable),
    (403, "empty_message", LetterRejected),
    (403, "too_long_message", LetterRejected),
    (403, "inappropriate_language_message", LetterRejected),
    (403, "resource_policy_violation_message", LetterRejected),
    (403, "address_not_found", NotApplicable),
    (403, "not_enough_purchased_services", NotApplicable),
    (403, "in_a_row_limit", NotApplicable),
    (403, "overall_limit", NotApplicable),
    (403, "no_invitation", NotApplicable),
    (403, "message_cannot_be_empty", LetterRejected),
    (403, "disabled_by_employer", NotApplicable),
    (403, "resume_deleted", ResumeGone),
    (403, "archived", NotApplicable),
    (403, "chat_archived", NotApplicable),
    (403, "topic_archived", NotApplicable),
    (403, "chat_is_not_ready", BoardBusy),
    (400, "applicant_visibility", NotApplicable),
    (403, "a_value_of_next_year", UncertainOutcome),
]


@pytest.mark.parametrize(("status", "value", "error"), REFUSALS)
async def test_refusal_of_the_board_is_understood(
    autojump_clock: MockClock, world: World, status: int, value: str, error: type[BoardError]
) -> None:
    token = await world.log_in()
    world.state.refuse_next(value, status)
    with pytest.raises(error):
        await world.apply(token, world.suitable())
    assert world.applied() == []


async def test_already_applied_counts_as_done(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.state.refuse_next("already_applied")
    assert (await world.apply(token, world.suitable())).external_id is None


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("test", "test_required"),
        ("archived", "archived"),
        ("direct", "direct"),
        ("closed_for_applicants", "application_denied"),
    ],
)
async def test_trap_of_the_corpus_has_its_reason(
    autojump_clock: MockClock, world: World, trap: str, reason: str
) -> None:
    with pytest.raises(NotApplicable) as caught:
        await world.apply(await world.log_in(), world.trapped(trap))
    assert caught.value.reason == reason


async def test_letter_the_board_dislikes_is_rejected_and_another_passes(
    autojump_clock: MockClock, world: World
) -> None:
    token = await world.log_in()
    with pytest.raises(LetterRejected):
        await world.apply(token, world.suitable(), "Всё подробно тут: https://example.com/cv")
    assert (await world.apply(token, world.suitable())).external_id


async def test_flags_of_traps_are_seen_before_applying(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    seen = {
        trap: await world.board.fetch_vacancy(token, world.trapped(trap)) for trap in ("test", "archived", "direct")
    }
    assert seen["test"].has_test
    assert seen["archived"].is_archived
    assert seen["direct"].is_direct
    answered = await world.board.fetch_vacancy(token, world.trapped("answered"))
    assert answered.is_answered
    assert (await world.board.fetch_vacancy(token, world.trapped("letter"))).needs_letter
    closed = await world.board.fetch_vacancy(token, world.trapped("closed_for_applicants"))
    assert closed.is_closed_for_applicants
    hated = next(v.vacancy_id for v in world.state.vacancies.values() if v.employer.is_blacklisted)
    assert (await world.board.fetch_vacancy(token, VacancyId(hated))).is_blacklisted


@pytest.mark.slow
async def test_whole_corpus_can_be_listed_without_a_broken_item(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    ids: set[str] = set()
    page = 0
    while page < 20:
        found = await world.board.search(token, SearchQuery(""), page)
        assert found.broken == 0
        ids |= {vacancy.vacancy_id for vacancy in found.vacancies}
        page += 1
        if page >= found.pages:
            break
    assert ids == set(world.state.vacancies)


@pytest.mark.slow
async def test_every_vacancy_with_gaps_can_be_read(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    for vacancy in world.state.vacancies.values():
        if vacancy.missing or vacancy.traps & {"long", "empty_text", "injection"}:
            read = await world.board.fetch_vacancy(token, VacancyId(vacancy.vacancy_id))
            assert read.title
            assert "<" not in read.text.replace("<!--", "")


async def test_everybodys_resumes_can_be_read(autojump_clock: MockClock, world: World) -> None:
    for person in world.state.people.values():
        token = await world.log_in(person)
        rows = await world.board.list_resumes(token)
        assert [row.resume_id for row in rows] == [resume.resume_id for resume in person.resumes]
        assert [row.is_published for row in rows] == [resume.status == "published" for resume in person.resumes]
        for row in rows:
            resume = await world.board.fetch_resume(token, row.resume_id)
            assert person.phone not in resume.text
            assert person.email not in resume.text
            assert resume.title == row.title


async def test_search_filters_reach_the_board(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    query = SearchQuery("NAME:python", area="1", is_remote=True, excluded_words=("senior", "ведущий"))
    found = await world.board.search(token, query)
    assert found.vacancies
    for vacancy in found.vacancies:
        known = world.state.vacancies[vacancy.vacancy_id]
        assert (known.area.area_id, known.work_format) == ("1", "REMOTE")
        assert "senior" not in known.title.lower()
    paid = await world.board.search(token, SearchQuery("NAME:python", salary=400_000, currency="RUB"))
    assert 0 < paid.found < (await world.board.search(token, SearchQuery("NAME:python"))).found


async def test_adapter_never_asks_too_fast(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(world.board.fetch_identity, token)


async def test_limit_is_reached_and_frees_itself(autojump_clock: MockClock, world: World) -> None:
    world.rules.applications_per_day = 2
    token = await world.log_in()
    for number in range(2):
        await world.apply(token, world.suitable(number))
    with pytest.raises(LimitReached):
        await world.apply(token, world.suitable(2))
    await trio.sleep(24 * 3600)
    assert (await world.apply(token, world.suitable(2))).external_id


async def test_captcha_leads_to_its_page_and_is_over_when_pressed(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.state.require_captcha(world.person.person_id)
    with pytest.raises(CaptchaRequired) as caught:
        await world.apply(token, world.suitable())
    pressed = await world.http.post(caught.value.url, data={"answer": "human"})
    assert pressed.headers["location"] == "https://t.me/aurora_bot"
    assert (await world.apply(token, world.suitable())).external_id


@pytest.mark.parametrize("value", ["no_scope", "user_auth_expected", "application_auth_expected", "forbidden"])
async def test_closed_applicant_api_is_a_closed_door(autojump_clock: MockClock, world: World, value: str) -> None:
    token = await world.log_in()
    world.state.close_applicant_api(value=value)
    with pytest.raises(DoorClosed):
        await world.board.list_resumes(token)
    with pytest.raises(DoorClosed):
        await world.apply(token, world.suitable())
    with pytest.raises(DoorClosed):
        await world.find(token, world.suitable())
    application = await world.board.fetch_application_token()
    assert (await world.board.search(application.access_token, SearchQuery("NAME:python"))).vacancies


async def test_bare_refusal_is_a_closed_door_too(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.state.close_applicant_api(("negotiations",), "bare")
    with pytest.raises(DoorClosed):
        await world.apply(token, world.suitable())
    assert world.applied() == []


async def test_only_applications_closed_leaves_resumes_open(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.state.close_applicant_api(("negotiations",))
    assert await world.board.list_resumes(token)
    with pytest.raises(DoorClosed):
        await world.apply(token, world.suitable())


async def test_lost_answer_is_uncertain_and_the_application_is_found(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.line.is_answer_lost = True
    with pytest.raises(UncertainOutcome):
        await world.apply(token, world.suitable())
    assert await world.find(token, world.suitable()) is not None
    assert world.applied() == [world.suitable()]


async def test_fresh_application_is_found_after_its_delay(autojump_clock: MockClock, world: World) -> None:
    world.rules.visible_after_seconds = 60
    token = await world.log_in()
    await world.apply(token, world.suitable())
    assert await world.find(token, world.suitable()) is None
    await trio.sleep(60)
    assert await world.find(token, world.suitable()) is not None


async def test_late_commit_is_not_seen_at_first_and_never_doubles(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    world.line.is_late = True
    with pytest.raises(UncertainOutcome):
        await world.apply(token, world.suitable())
    assert await world.find(token, world.suitable()) is None
    assert world.line.late[0]().status == 201
    assert await world.find(token, world.suitable()) is not None
    assert (await world.apply(token, world.suitable())).external_id is None
    assert world.applied() == [world.suitable()]


async def test_employers_answer_shows_as_state(autojump_clock: MockClock, world: World) -> None:
    token = await world.log_in()
    made = await world.apply(token, world.suitable())
    assert made.external_id is not None
    world.state.answer(made.external_id, "invitation", "Приходите")
    found = await world.find(token, world.suitable())
    assert found is not None
    assert found.state == "invitation"


async def test_expired_revoked_and_locked_logins_are_told_apart(autojump_clock: MockClock, world: World) -> None:
    world.rules.access_token_seconds = 3600
    token = await world.log_in()
    await trio.sleep(3601)
    with pytest.raises(LoginExpired):
        await world.board.fetch_identity(token)
    fresh = await world.log_in()
    world.state.tokens.revoke_person(world.person.person_id)
    with pytest.raises(LoginLost):
        await world.board.fetch_identity(fresh)


async def test_application_token_asked_for_too_early_is_busy(autojump_clock: MockClock, world: World) -> None:
    await world.board.fetch_application_token()
    with pytest.raises(BoardBusy):
        await world.board.fetch_application_token()
    await trio.sleep(301)
    assert (await world.board.fetch_application_token()).access_token


async def test_unknown_program_is_the_operators_matter(autojump_clock: MockClock, world: World) -> None:
    settings = HhSettings(client_id=world.rules.client_id, client_secret=Secret("wrong"))
    stranger = HhBoard(world.http, settings, captcha_return_url=RETURN_URL, rng=random.Random(1))
    with pytest.raises(BoardError) as caught:
        await stranger.fetch_application_token()
    assert not isinstance(caught.value, BoardTrouble)
