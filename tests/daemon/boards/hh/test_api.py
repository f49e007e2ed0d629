"""Every way a call to hh.ru can fail, and the one difference that matters: may it have been carried out?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import trio

from daemon.boards.board import (
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
    UncertainOutcome,
)
from daemon.boards.hh.board import HhBoard
from store.ids import VacancyId
from tests.daemon.boards.hh import bodies
from tests.daemon.boards.hh.server import RETURN_URL, SETTINGS, TOKEN, Server, reply

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.boards.board import Application

VACANCY = VacancyId("555")
PAGE_HTML = b"<html><body>502 Bad Gateway</body></html>"


class Silent(httpx2.AsyncByteStream):
    """A body that never comes."""

    async def __aiter__(self) -> Any:
        await trio.sleep_forever()
        yield b""


async def apply(*answers: Any) -> Application:
    return await Server(*answers).board().apply(TOKEN, "resume-1", VACANCY, "Здравствуйте!")


async def read(*answers: Any) -> Any:
    return await Server(*answers).board().fetch_identity(TOKEN)


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"half": '])
@pytest.mark.parametrize(
    "status", [400, 402, 405, 406, 408, 409, 410, 418, 422, 425, 451, 500, 501, 502, 503, 504, 520, 599]
)
async def test_unlisted_statuses_are_uncertain_for_an_application_and_trouble_for_the_rest(
    status: int, body: bytes
) -> None:
    with pytest.raises(UncertainOutcome):
        await apply(reply(body, status))
    with pytest.raises(BoardTrouble):
        await read(reply(body, status))


@pytest.mark.parametrize(
    "lost",
    [
        httpx2.ReadTimeout("x"),
        httpx2.WriteError("x"),
        httpx2.WriteTimeout("x"),
        httpx2.ReadError("x"),
        httpx2.RemoteProtocolError("x"),
    ],
)
async def test_lost_answer_is_uncertain_for_an_application_and_trouble_for_the_rest(lost: Exception) -> None:
    with pytest.raises(UncertainOutcome):
        await apply(lost)
    with pytest.raises(BoardTrouble):
        await read(lost)


@pytest.mark.parametrize(
    "refused", [httpx2.ConnectError("x"), httpx2.ConnectTimeout("x"), httpx2.PoolTimeout("x"), httpx2.ProxyError("x")]
)
async def test_application_that_surely_did_not_leave_may_be_made_again(refused: Exception) -> None:
    with pytest.raises(BoardTrouble):
        await apply(refused)


async def test_hanging_board_is_uncertain_after_the_deadline(autojump_clock: MockClock) -> None:
    with pytest.raises(UncertainOutcome):
        await apply(httpx2.Response(201, stream=Silent()))
    with pytest.raises(BoardTrouble):
        await read(httpx2.Response(200, stream=Silent()))


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"null"])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_is_an_application_whatever_its_body(status: int, body: bytes) -> None:
    application = await apply(reply(body, status, {"Location": "https://api.hh.ru/negotiations/4000123"}))
    assert (application.external_id, application.vacancy_id) == ("4000123", VACANCY)


async def test_success_without_location_has_no_number() -> None:
    assert (await apply(reply(b"", 201))).external_id is None


async def test_redirect_to_the_employer_is_no_application() -> None:
    with pytest.raises(NotApplicable) as caught:
        await apply(reply(b"", 303, {"Location": "https://employer.example/form"}))
    assert (caught.value.reason, caught.value.url) == ("direct", "https://employer.example/form")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_other_redirects_are_uncertain(status: int) -> None:
    with pytest.raises(UncertainOutcome):
        await apply(reply(b"", status, {"Location": "https://hh.ru/"}))


@pytest.mark.parametrize("status", [400, 403])
async def test_existing_application_counts_as_made(status: int) -> None:
    assert (await apply(reply(bodies.error("negotiations", "already_applied"), status))).external_id is None


@pytest.mark.parametrize(
    ("value", "expected", "reason"),
    [
        ("test_required", NotApplicable, "test_required"),
        ("invalid_vacancy", NotApplicable, "archived"),
        ("application_denied", NotApplicable, "application_denied"),
        ("limit_exceeded", LimitReached, None),
        ("too_long_message", LetterRejected, "too_long_message"),
        ("resource_policy_violation_message", LetterRejected, "resource_policy_violation"),
        ("resume_not_found", ResumeGone, None),
        ("chat_is_not_ready", BoardBusy, None),
        ("invented_tomorrow", UncertainOutcome, None),
    ],
)
async def test_refused_applications(value: str, expected: type[BoardError], reason: str | None) -> None:
    for status in (400, 403):
        with pytest.raises(expected) as caught:
            await apply(reply(bodies.error("negotiations", value), status))
        assert getattr(caught.value, "reason", None) == reason


async def test_words_of_a_broken_machine_are_not_believed() -> None:
    with pytest.raises(UncertainOutcome):
        await apply(reply(bodies.error("negotiations", "test_required"), 502))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("token_expired", LoginExpired),
        ("bad_authorization", LoginLost),
        ("token_revoked", LoginLost),
        ("no_scope", DoorClosed),
        ("user_auth_expected", DoorClosed),
        ("application_not_found", DoorClosed),
    ],
)
async def test_token_refusals(value: str, expected: type[BoardError]) -> None:
    for call in (apply, read):
        with pytest.raises(expected):
            await call(reply(bodies.error("oauth", value), 403))


async def test_refusal_in_the_boards_own_words_closes_the_door() -> None:
    for body in ({"description": "Forbidden"}, {"errors": [{"type": "invented"}]}):
        with pytest.raises(DoorClosed):
            await read(reply(body, 403))
        with pytest.raises(UncertainOutcome):
            await apply(reply(body, 403))
    with pytest.raises(BoardTrouble):
        await read(reply(b"<html>are you a robot?</html>", 403))


async def test_refusal_without_a_word_closes_the_door_for_applications_too() -> None:
    for call in (apply, read):
        with pytest.raises(DoorClosed):
            await call(reply(b"", 403))


async def test_unauthorised_without_words_is_an_expired_token() -> None:
    for call in (apply, read):
        with pytest.raises(LoginExpired):
            await call(reply(b"", 401))


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (
            {"captcha_url": "https://hh.ru/account/captcha?state=abc", "fallback_url": None},
            "https://hh.ru/account/captcha?state=abc&",
        ),
        ({"captcha_url": "https://hh.ru/account/captcha"}, "https://hh.ru/account/captcha?"),
        ({"captcha_url": None, "fallback_url": "https://hh.ru/fallback?x=1"}, "https://hh.ru/fallback?x=1&"),
    ],
)
async def test_captcha_link_leads_back(error: dict[str, Any], base: str) -> None:
    for call in (apply, read):
        with pytest.raises(CaptchaRequired) as caught:
            await call(reply(bodies.error("captcha_required", "captcha_required", **error), 403))
        assert caught.value.url.startswith(base)
        assert parse_qs(urlsplit(caught.value.url).query)["backurl"] == [RETURN_URL]


async def test_captcha_link_is_left_alone_when_the_caller_knows_the_way_back() -> None:
    error = bodies.error("captcha_required", "captcha_required", captcha_url="https://hh.ru/account/captcha?state=abc")
    server = Server(reply(error, 403))
    board = HhBoard(server.http, SETTINGS, captcha_return_url="")
    with pytest.raises(CaptchaRequired) as caught:
        await board.fetch_identity(TOKEN)
    assert caught.value.url == "https://hh.ru/account/captcha?state=abc"


async def test_captcha_without_a_link_is_trouble() -> None:
    with pytest.raises(BoardTrouble):
        await read(reply(bodies.error("captcha_required", "captcha_required"), 403))


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "33"}, 33), ({}, 10), ({"Retry-After": "soon"}, 10)])
async def test_too_fast_means_wait_and_is_surely_not_carried_out(headers: dict[str, str], seconds: float) -> None:
    for call in (apply, read):
        with pytest.raises(BoardBusy) as caught:
            await call(reply(b"", 429, headers))
        assert caught.value.retry_after_seconds == seconds


async def test_slowed_down_token_keeps_still(autojump_clock: MockClock) -> None:
    server = Server(reply(b"", 429, {"Retry-After": "33"}), bodies.me())
    board = server.board()
    with pytest.raises(BoardBusy):
        await board.fetch_identity(TOKEN)
    started = trio.current_time()
    await board.fetch_identity(TOKEN)
    assert trio.current_time() - started == pytest.approx(33, abs=0.1)


async def test_every_request_says_who_asks() -> None:
    server = Server(bodies.me())
    await server.board().fetch_identity(TOKEN)
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer canary-access-token"
    assert headers["user-agent"] == headers["hh-user-agent"] == "Aurora/0.1 (me@example.com)"


async def test_refused_program_name_is_told_to_the_operator() -> None:
    with pytest.raises(BoardBusy, match=r"hh\.user_agent"):
        await read(reply(bodies.error("bad_user_agent", "blacklisted"), 400))


async def test_application_is_a_multipart_form() -> None:
    server = Server(reply(b"", 201))
    await server.board().apply(TOKEN, "resume-1", VACANCY, "Здравствуйте!\nИван")
    assert server.asked == ["POST /negotiations"]
    request = server.requests[0]
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    body = request.content.decode()
    for part in (
        'name="vacancy_id"\r\n\r\n555\r\n',
        'name="resume_id"\r\n\r\nresume-1\r\n',
        'name="message"\r\n\r\nЗдравствуйте!\nИван\r\n',
    ):
        assert part in body
    assert "filename" not in body


async def test_application_without_letter_has_no_message_field() -> None:
    server = Server(reply(b"", 201))
    await server.board().apply(TOKEN, "resume-1", VACANCY, "")
    assert b"message" not in server.requests[0].content


async def test_no_error_holds_token_or_letter() -> None:
    for answer in (
        httpx2.ReadTimeout("slow"),
        reply(b"", 500),
        reply(b"<html>", 403),
        reply(bodies.error("oauth", "no_scope"), 403),
    ):
        with pytest.raises(BoardError) as caught:
            await apply(answer)
        error: BaseException | None = caught.value
        while error is not None:
            assert "canary" not in repr(error) + str(error)
            assert "Здравствуйте" not in repr(error)
            error = error.__cause__ or error.__context__


BODIES: list[Any] = [
    b"",
    b"<html>",
    b"null",
    b"[]",
    b"3",
    b'"x"',
    b"\xff\xfe\x00",
    b"{" * 1000,
    {"errors": [[], None, {"type": []}, {"type": "negotiations", "value": None}]},
    {"errors": {"type": "oauth"}, "oauth_error": 7, "bad_argument": [], "bad_arguments": {"name": 1}},
    {"error": None, "error_description": ["token not expired"]},
    {"description": "х" * 10_000, "request_id": None},
]


@pytest.mark.slow
async def test_every_status_with_any_body_is_one_of_the_boards_errors(autojump_clock: MockClock) -> None:
    # Every status, the bodies in turn: all pairs would only take longer.
    answers = [reply(BODIES[status % len(BODIES)], status) for status in range(400, 600) for _ in range(3)]
    board = Server(*answers).board()
    for _ in range(len(answers) // 3):
        with pytest.raises(BoardError):
            await board.apply(TOKEN, "resume-1", VACANCY, "Здравствуйте!")
        with pytest.raises(BoardError):
            await board.fetch_identity(TOKEN)
        with pytest.raises(BoardError):
            await board.fetch_application_token()


async def test_endless_refusal_is_cut_off() -> None:
    with pytest.raises(UncertainOutcome):
        await apply(reply(b"x" * 9_000_000, 500))
    with pytest.raises(BoardTrouble):
        await read(reply(b"x" * 9_000_000, 200))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(bodies.me()), "2xx"),
        (reply(b"", 429), "429"),
        (reply(b"", 403), "4xx"),
        (reply(PAGE_HTML, 502), "5xx"),
        (httpx2.ConnectError("x"), "not_sent"),
        (httpx2.ReadError("x"), "answer_lost"),
    ],
)
async def test_every_call_is_noted_with_its_outcome(answer: Any, outcome: str) -> None:
    noted: list[tuple[str, str, str, float]] = []
    with suppress(BoardError):
        await Server(answer).board(note_call=lambda *call: noted.append(call)).fetch_identity(TOKEN)
    assert [call[:3] for call in noted] == [("hh", "GET /me", outcome)]


async def test_seconds_of_a_call_leave_out_the_wait_for_its_turn(autojump_clock: MockClock) -> None:
    noted: list[tuple[str, str, str, float]] = []
    board = Server(reply(bodies.me())).board(note_call=lambda *call: noted.append(call))
    for _ in range(3):
        await board.fetch_identity(TOKEN)
    assert trio.current_time() > 0.9
    assert [call[3] for call in noted] == [0, 0, 0]


async def test_call_that_is_cut_off_is_noted(autojump_clock: MockClock) -> None:
    noted: list[tuple[str, str, str, float]] = []
    with trio.move_on_after(20):
        await (
            Server(httpx2.Response(200, stream=Silent()))
            .board(note_call=lambda *call: noted.append(call))
            .fetch_identity(TOKEN)
        )
    assert noted == [("hh", "GET /me", "cut_off", 20.0)]


async def test_no_id_is_part_of_a_call_s_name() -> None:
    noted: list[tuple[str, str, str, float]] = []
    settings = SETTINGS.model_copy(update={"api_url": "http://127.0.0.1:1/hh"})
    board = Server(reply(b"", 404)).board(settings, note_call=lambda *call: noted.append(call))
    for resume_id in ("abcdef", "Соколова", "7/anna"):
        with pytest.raises(ResumeGone):
            await board.fetch_resume(TOKEN, resume_id)
    with suppress(BoardError):
        await board.fetch_vacancy(TOKEN, VACANCY)
    assert {call[1] for call in noted} == {"GET /resumes/-", "GET /resumes/-/-", "GET /vacancies/-"}
