"""What every board does alike: the fake, and each real adapter against its simulated world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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
from daemon.secret import Secret
from store.ids import VacancyId
from tests.fakes.board import FakeBoard, make_vacancy

if TYPE_CHECKING:
    from daemon.boards.board import Board

RETURN_URL = "http://127.0.0.1:8080/oauth/hh/callback"
EVERYTHING = SearchQuery("Python")


class Scene(Protocol):
    """A board with vacancies `1` (ordinary), `2` (has a test), `3` (archived), `4` (direct), and one resume."""

    board: Board
    resume_id: str

    async def log_in(self) -> str:
        """The code with which the browser came back."""

    def expire_tokens(self) -> None:
        """All access tokens are over their time."""


class FakeScene:
    """The fake, set up."""

    resume_id = "r1"

    def __init__(self) -> None:
        self.board = FakeBoard()
        self.board.add(make_vacancy("4", is_direct=True), make_vacancy("3", is_archived=True))
        self.board.add(make_vacancy("2", has_test=True), make_vacancy("1"))

    async def log_in(self) -> str:
        return "code-ivan"

    def expire_tokens(self) -> None:
        self.board.expire_tokens()


@pytest.fixture(params=[FakeScene])
def scene(request: pytest.FixtureRequest, autojump_clock: object) -> Scene:
    return request.param()


async def token_of(scene: Scene) -> Secret:
    return (await scene.board.exchange_code(await scene.log_in(), RETURN_URL)).access_token


async def test_authorize_url_carries_state_and_return(scene: Scene) -> None:
    url = scene.board.authorize_url("state-1", RETURN_URL)
    assert "state-1" in url
    assert "callback" in url


async def test_code_works_once(scene: Scene) -> None:
    code = await scene.log_in()
    await scene.board.exchange_code(code, RETURN_URL)
    with pytest.raises(LoginLost):
        await scene.board.exchange_code(code, RETURN_URL)


async def test_made_up_token_is_no_login(scene: Scene) -> None:
    with pytest.raises(LoginLost):
        await scene.board.list_resumes(Secret("made-up"))


async def test_valid_token_is_not_refreshed(scene: Scene) -> None:
    pair = await scene.board.exchange_code(await scene.log_in(), RETURN_URL)
    assert pair.refresh_token is not None
    with pytest.raises(TokenStillValid):
        await scene.board.refresh_tokens(pair.refresh_token)
    assert await scene.board.list_resumes(pair.access_token)


async def test_refresh_token_works_once_and_after_expiry(scene: Scene) -> None:
    old = await scene.board.exchange_code(await scene.log_in(), RETURN_URL)
    assert old.refresh_token is not None
    scene.expire_tokens()
    with pytest.raises(LoginExpired):
        await scene.board.list_resumes(old.access_token)
    new = await scene.board.refresh_tokens(old.refresh_token)
    assert await scene.board.list_resumes(new.access_token)
    with pytest.raises(LoginLost):
        await scene.board.refresh_tokens(old.refresh_token)


async def test_revoked_token_is_gone(scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.revoke_token(token)
    with pytest.raises(LoginLost):
        await scene.board.fetch_identity(token)


async def test_identity_is_the_applicant(scene: Scene) -> None:
    identity = await scene.board.fetch_identity(await token_of(scene))
    assert identity.is_applicant
    assert identity.external_id


async def test_application_token_searches_and_knows_no_person(scene: Scene) -> None:
    pair = await scene.board.fetch_application_token()
    assert (await scene.board.search(pair.access_token, EVERYTHING)).vacancies
    with pytest.raises(DoorClosed):
        await scene.board.list_resumes(pair.access_token)


async def test_resume_comes_without_contacts_in_text(scene: Scene) -> None:
    token = await token_of(scene)
    rows = await scene.board.list_resumes(token)
    assert scene.resume_id in {row.resume_id for row in rows}
    resume = await scene.board.fetch_resume(token, scene.resume_id)
    assert resume.contacts
    assert not any(contact in resume.text for contact in resume.contacts)


async def test_unknown_resume_is_gone(scene: Scene) -> None:
    with pytest.raises(ResumeGone):
        await scene.board.fetch_resume(await token_of(scene), "nobody")


async def test_search_finds_what_is_published(scene: Scene) -> None:
    page = await scene.board.search(await token_of(scene), EVERYTHING)
    assert "1" in {vacancy.vacancy_id for vacancy in page.vacancies}
    assert page.broken == 0
    assert page.found >= len(page.vacancies)


async def test_page_behind_the_last_is_empty(scene: Scene) -> None:
    token = await token_of(scene)
    assert (await scene.board.search(token, EVERYTHING, page=19)).vacancies == ()
    assert (await scene.board.search(token, EVERYTHING, page=20)).vacancies == ()


async def test_whole_vacancy_has_its_text(scene: Scene) -> None:
    vacancy = await scene.board.fetch_vacancy(await token_of(scene), VacancyId("1"))
    assert vacancy.text
    assert "<" not in vacancy.text


async def test_unknown_vacancy_is_not_applicable(scene: Scene) -> None:
    with pytest.raises(NotApplicable):
        await scene.board.fetch_vacancy(await token_of(scene), VacancyId("999999999"))


async def test_application_is_made_and_found(scene: Scene) -> None:
    token = await token_of(scene)
    assert await scene.board.find_application(token, scene.resume_id, VacancyId("1")) is None
    made = await scene.board.apply(token, scene.resume_id, VacancyId("1"), "Здравствуйте!")
    assert made.external_id
    found = await scene.board.find_application(token, scene.resume_id, VacancyId("1"))
    assert found is not None
    assert found.vacancy_id == "1"


async def test_second_application_counts_as_made(scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.apply(token, scene.resume_id, VacancyId("1"), "Здравствуйте!")
    again = await scene.board.apply(token, scene.resume_id, VacancyId("1"), "Здравствуйте!")
    assert again.external_id is None


async def test_answered_vacancy_says_so(scene: Scene) -> None:
    token = await token_of(scene)
    await scene.board.apply(token, scene.resume_id, VacancyId("1"), "Здравствуйте!")
    page = await scene.board.search(token, EVERYTHING)
    assert [vacancy.is_answered for vacancy in page.vacancies if vacancy.vacancy_id == "1"] == [True]


@pytest.mark.parametrize(("vacancy_id", "reason"), [("2", "test_required"), ("3", "archived"), ("4", "direct")])
async def test_traps_are_not_applicable_with_reason(scene: Scene, vacancy_id: str, reason: str) -> None:
    with pytest.raises(NotApplicable) as caught:
        await scene.board.apply(await token_of(scene), scene.resume_id, VacancyId(vacancy_id), "Здравствуйте!")
    assert caught.value.reason == reason
    if reason == "direct":
        assert caught.value.url is not None


async def test_unknown_resume_can_not_apply(scene: Scene) -> None:
    with pytest.raises(ResumeGone):
        await scene.board.apply(await token_of(scene), "nobody", VacancyId("1"), "Здравствуйте!")
