"""HhBoard call by call: what is asked, what comes of whole, broken, missing and hostile answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import trio

from daemon.boards.board import (
    Application,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LimitReached,
    LoginExpired,
    NotApplicable,
    ResumeGone,
    SearchQuery,
)
from store.ids import VacancyId
from tests.daemon.boards.hh import bodies
from tests.daemon.boards.hh.server import TOKEN, Server, reply

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.conftest import Logged

VACANCY = VacancyId("555")
NO_SCOPE = reply(bodies.error("oauth", "no_scope"), 403)
NOT_FOUND = reply(bodies.error("not_found"), 404)
NONE_LISTED = bodies.page()
UNREADABLE: list[Any] = [b"", b"<html>", b"null", b"[]", b'{"items": null}', b"{}", b'"x"']


async def find(*answers: Any) -> Application | None:
    return await Server(*answers).board().find_application(TOKEN, "resume-1", VACANCY)


async def test_identity_of_a_person_and_of_the_application() -> None:
    person = await Server(bodies.me()).board().fetch_identity(TOKEN)
    assert (person.external_id, person.is_applicant) == ("9876", True)
    application = {"auth_type": "application", "is_application": True, "is_applicant": False}
    assert not (await Server(application).board().fetch_identity(TOKEN)).is_applicant
    assert not (
        await Server({**bodies.me(), "is_applicant": None, "auth_type": "employer"}).board().fetch_identity(TOKEN)
    ).is_applicant


async def test_search_asks_newest_first_and_a_whole_page() -> None:
    server = Server(bodies.search_page(bodies.found_vacancy(), found=13, pages=1))
    query = SearchQuery(
        "NAME:(python)", "2", "between1And3", 150_000, "RUB", is_remote=True, excluded_words=("стажёр", "senior")
    )
    page = await server.board().search(TOKEN, query, page=3)
    assert [vacancy.vacancy_id for vacancy in page.vacancies] == ["555"]
    assert (page.found, page.pages, page.broken) == (13, 1, 0)
    assert dict(parse_qsl(server.requests[0].url.query.decode())) == {
        "text": "NAME:(python)",
        "order_by": "publication_time",
        "page": "3",
        "per_page": "100",
        "area": "2",
        "experience": "between1And3",
        "salary": "150000",
        "currency": "RUR",
        "work_format": "REMOTE",
        "excluded_text": "стажёр,senior",
    }


async def test_plain_query_asks_for_nothing_else() -> None:
    server = Server(bodies.search_page())
    await server.board().search(TOKEN, SearchQuery("python"))
    assert {name for name, _ in parse_qsl(server.requests[0].url.query.decode())} == {
        "text",
        "order_by",
        "page",
        "per_page",
    }


async def test_search_deeper_than_the_board_allows_asks_nothing() -> None:
    server = Server(bodies.search_page(bodies.found_vacancy()))
    page = await server.board().search(TOKEN, SearchQuery("python"), page=20)
    assert (page.vacancies, page.pages) == ((), 20)
    assert server.requests == []


async def test_broken_items_are_counted_and_the_rest_kept(logged: Logged) -> None:
    items = (
        bodies.found_vacancy(),
        None,
        {},
        {"id": "7"},
        "x",
        {**bodies.found_vacancy(), "id": "556", "salary": "??"},
    )
    page = await Server(bodies.search_page(*items)).board().search(TOKEN, SearchQuery("python"))
    assert [vacancy.vacancy_id for vacancy in page.vacancies] == ["555", "556"]
    assert page.broken == 4
    assert [line["event"] for line in logged] == ["vacancies_unreadable"]


async def test_totals_that_are_missing_are_zero() -> None:
    page = await Server({"items": [bodies.found_vacancy()], "found": None}).board().search(TOKEN, SearchQuery("python"))
    assert (len(page.vacancies), page.found, page.pages) == (1, 0, 0)


@pytest.mark.parametrize("body", UNREADABLE)
async def test_unreadable_pages_are_trouble(body: bytes) -> None:
    board = Server(reply(body)).board()
    with pytest.raises(BoardTrouble):
        await board.search(TOKEN, SearchQuery("python"))
    with pytest.raises(BoardTrouble):
        await Server(reply(body)).board().list_resumes(TOKEN)


async def test_whole_vacancy_comes_with_text() -> None:
    server = Server(bodies.whole_vacancy())
    vacancy = await server.board().fetch_vacancy(TOKEN, VACANCY)
    assert server.asked == ["GET /vacancies/555"]
    assert "• Python" in vacancy.text


async def test_vacancy_that_is_gone_or_unreadable_is_skipped_with_its_reason() -> None:
    for answer, reason in (
        (NOT_FOUND, "vacancy_gone"),
        (reply(b"", 404), "vacancy_gone"),
        ({"id": "555"}, "unreadable"),
        ([], "unreadable"),
    ):
        with pytest.raises(NotApplicable) as caught:
            await Server(answer).board().fetch_vacancy(TOKEN, VACANCY)
        assert caught.value.reason == reason


async def test_ids_can_not_leave_their_place_in_the_address() -> None:
    server = Server(NOT_FOUND)
    with pytest.raises(NotApplicable):
        await server.board().fetch_vacancy(TOKEN, VacancyId("../me?x=1#"))
    assert server.requests[0].url.raw_path == b"/vacancies/..%2Fme%3Fx%3D1%23"


async def test_resumes_of_all_pages_are_listed(autojump_clock: MockClock, logged: Logged) -> None:
    first = bodies.page(bodies.resume_row("a"), {"id": None}, pages=2)
    server = Server(first, bodies.page(bodies.resume_row("b"), pages=2, number=1))
    rows = await server.board().list_resumes(TOKEN)
    assert [row.resume_id for row in rows] == ["a", "b"]
    assert [line["event"] for line in logged] == ["resume_row_unreadable"]


async def test_resume_that_is_gone_says_so() -> None:
    with pytest.raises(ResumeGone):
        await Server(NOT_FOUND).board().fetch_resume(TOKEN, "resume-1")
    with pytest.raises(BoardTrouble):
        await Server({"title": "no id"}).board().fetch_resume(TOKEN, "resume-1")
    assert (await Server(bodies.whole_resume()).board().fetch_resume(TOKEN, "resume-1")).title == "Разработчик Python"


async def test_viewed_too_often_is_busy() -> None:
    with pytest.raises(BoardError) as caught:
        await Server(reply(bodies.error("resumes", "view_limit_exceeded"), 429)).board().fetch_resume(TOKEN, "resume-1")
    assert type(caught.value).__name__ == "BoardBusy"


async def test_application_in_the_list_is_found(autojump_clock: MockClock) -> None:
    server = Server(bodies.page(bodies.negotiation(vacancy={"id": "555"})))
    found = await server.board().find_application(TOKEN, "resume-1", VACANCY)
    assert found is not None
    assert (found.external_id, found.state) == ("123", "invitation")
    assert dict(parse_qsl(server.requests[0].url.query.decode()))["vacancy_id"] == "555"


async def test_application_with_another_resume_is_found_too(autojump_clock: MockClock) -> None:
    found = await find(NONE_LISTED, bodies.by_status(bodies.resume_row("another")))
    assert found == Application(None, VACANCY, "response", None)


async def test_none_is_said_when_both_lists_know_of_none(autojump_clock: MockClock) -> None:
    assert await find(NONE_LISTED, bodies.by_status()) is None


async def test_one_closed_list_leaves_the_others_word(autojump_clock: MockClock) -> None:
    assert await find(NO_SCOPE, bodies.by_status()) is None
    assert await find(NO_SCOPE, bodies.by_status(bodies.resume_row())) is not None
    assert await find(NOT_FOUND, bodies.by_status()) is None
    assert await find(NONE_LISTED, NO_SCOPE) is None
    assert await find(NONE_LISTED, NOT_FOUND) is None


async def test_none_is_never_said_when_no_list_could_be_read(autojump_clock: MockClock) -> None:
    for answers in ((NO_SCOPE, NO_SCOPE), (NOT_FOUND, NOT_FOUND), (reply(b"", 403), reply(b"", 403))):
        with pytest.raises(DoorClosed):
            await find(*answers)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((reply(b"", 500), bodies.by_status()), BoardTrouble),
        ((NONE_LISTED, reply(b"", 502)), BoardTrouble),
        ((NONE_LISTED, reply(b"<html>")), BoardTrouble),
        ((NONE_LISTED, {"already_applied": None}), BoardTrouble),
        ((NONE_LISTED, {}), BoardTrouble),
        (({"items": None}, bodies.by_status()), BoardTrouble),
        ((reply(bodies.error("oauth", "token_expired"), 403), bodies.by_status()), LoginExpired),
        (
            (
                reply(bodies.error("captcha_required", "captcha_required", captcha_url="https://hh.ru/c"), 403),
                bodies.by_status(),
            ),
            CaptchaRequired,
        ),
        ((bodies.page({"id": None}), NO_SCOPE), BoardTrouble),
    ],
)
async def test_trouble_is_never_taken_for_none(
    autojump_clock: MockClock, answers: Any, expected: type[BoardError]
) -> None:
    with pytest.raises(expected):
        await find(*answers)


async def test_applications_to_other_vacancies_are_not_taken(autojump_clock: MockClock) -> None:
    others = bodies.page(bodies.negotiation(vacancy={"id": "1"}), bodies.negotiation(vacancy={"id": "2"}))
    assert await find(others, bodies.by_status()) is None


async def test_list_without_end_is_trouble(autojump_clock: MockClock) -> None:
    with pytest.raises(BoardTrouble, match="pages"):
        await find(bodies.page(bodies.negotiation(vacancy={"id": "1"}), pages=1000))


async def test_board_offers_everything_by_name() -> None:
    board = Server(b"").board()
    assert board.name == "hh"
    assert board.capabilities.can_apply


LIMIT = reply(bodies.error("negotiations", "limit_exceeded"), 403)


async def made_at(*answers: Any) -> tuple[int, ...]:
    server = Server(LIMIT, *answers)
    with pytest.raises(LimitReached) as caught:
        await server.board().apply(TOKEN, "resume-1", VACANCY, "Здравствуйте!")
    assert server.asked[0] == "POST /negotiations"
    return caught.value.made_at


async def test_limit_tells_when_the_latest_applications_were_made(autojump_clock: MockClock) -> None:
    pages = [
        bodies.page(bodies.negotiation(), bodies.negotiation(created_at="2026-11-04T10:00:00+0300"), pages=2),
        bodies.page(bodies.negotiation(created_at=None), {"broken": True}, pages=2),
    ]
    assert await made_at(*pages) == (1793897498000, 1793775600000)


async def test_no_more_pages_than_a_day_fills_are_read(autojump_clock: MockClock) -> None:
    assert len(await made_at(bodies.page(bodies.negotiation(), pages=90))) == 3


@pytest.mark.parametrize("answer", [NO_SCOPE, NOT_FOUND, reply(b"", 502), *UNREADABLE])
async def test_limit_stays_a_limit_where_the_list_does_not_answer(autojump_clock: MockClock, answer: Any) -> None:
    assert await made_at(answer) == ()


async def test_limit_does_not_wait_for_a_list_that_hangs(autojump_clock: MockClock) -> None:
    class Silent(httpx2.AsyncByteStream):
        async def __aiter__(self) -> Any:
            await trio.sleep_forever()
            yield b""

    assert await made_at(httpx2.Response(200, stream=Silent())) == ()
    assert trio.current_time() < 10
