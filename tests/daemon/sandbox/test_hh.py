"""The simulated board as a whole: a login, a search, an application; and who is let in at its door."""

from __future__ import annotations

import orjson
import pytest

from daemon.sandbox.service import Request

from .conftest import SOKOLOVA, Board, refused_with


async def test_a_newcomer_logs_in_searches_and_applies(board: Board) -> None:
    token = await board.token(SOKOLOVA)
    me = await board.json("/me", token)
    assert (me["auth_type"], me["first_name"], me["is_applicant"]) == ("applicant", "Мария", True)
    resumes = await board.json("/resumes/mine", token)
    resume_id = resumes["items"][0]["id"]
    found = await board.json("/vacancies", token, text="NAME:python", per_page=100)
    vacancy = next(v for v in found["items"] if v["id"] in board.suitable(1000))
    full = await board.json(f"/vacancies/{vacancy['id']}", token)
    assert "<" in full["description"]
    answer = await board.apply(token, vacancy["id"], resume_id, "Здравствуйте! Меня заинтересовала ваша вакансия.")
    assert (answer.status, answer.body) == (201, b"")
    application_id = answer.headers["location"].rpartition("/")[2]
    listed = await board.json("/negotiations", token, vacancy_id=vacancy["id"])
    assert [item["id"] for item in listed["items"]] == [application_id]
    assert [line["vacancy"] for line in board.logged("application_made")] == [vacancy["id"]]


async def test_request_without_user_agent_is_refused(board: Board) -> None:
    answer = await board.world.api.handle(Request("GET", "/me"))
    assert refused_with(answer) == (400, "unset")
    assert orjson.loads(answer.body)["errors"][0]["type"] == "bad_user_agent"


@pytest.mark.parametrize("agent", ["curl/8.0", "Mozilla/5.0 (me@example.com)", "Aurora", "python-requests/2 (a@b.c)"])
async def test_unfit_user_agent_is_blacklisted(board: Board, agent: str) -> None:
    answer = await board.ask("GET", "/me", headers={"user-agent": agent})
    assert refused_with(answer) == (400, "blacklisted")


async def test_own_agent_header_wins_over_the_usual_one(board: Board) -> None:
    headers = {"user-agent": "curl/8.0", "hh-user-agent": "Aurora/0.1 (operator@example.com)"}
    answer = await board.ask("GET", "/dictionaries", headers=headers)
    assert answer.status == 200


async def test_unknown_address_and_method_are_told_apart(board: Board) -> None:
    assert (await board.ask("GET", "/nothing/here")).status == 404
    assert (await board.ask("PUT", "/me")).status == 405
    assert (await board.ask("GET", "/token")).status == 405


async def test_applicant_methods_need_a_token(board: Board) -> None:
    for path in ("/me", "/resumes/mine", "/negotiations"):
        assert refused_with(await board.get(path)) == (403, "bad_authorization")


async def test_search_without_token_gets_a_bare_403_until_opened(board: Board) -> None:
    answer = await board.get("/vacancies", text="python")
    assert (answer.status, answer.body) == (403, b"")
    board.rules.is_anonymous_search_open = True
    assert (await board.get("/vacancies", text="python")).status == 200


async def test_another_kind_of_authorization_is_refused(board: Board) -> None:
    answer = await board.ask("GET", "/me", headers={"authorization": "Basic abc"})
    assert refused_with(answer) == (403, "bad_authorization")
    assert orjson.loads(answer.body)["oauth_error"] == "bad-auth-type"


async def test_application_token_searches_and_does_nothing_else(board: Board) -> None:
    token = orjson.loads((await board.application_token()).body)["access_token"]
    assert (await board.json("/me", token))["auth_type"] == "application"
    assert (await board.json("/vacancies", token, text="бухгалтер"))["found"] > 30
    for path in ("/resumes/mine", "/negotiations"):
        assert refused_with(await board.get(path, token)) == (403, "user_auth_expected")
    assert refused_with(await board.apply(token, board.suitable()[0])) == (403, "user_auth_expected")


async def test_more_than_three_requests_a_second_are_too_many(board: Board) -> None:
    token = await board.token()
    board.clock.advance(2)
    request = Request("GET", "/me", {}, {"user-agent": "Aurora/0.1 (a@b.c)", "authorization": f"Bearer {token}"})
    statuses = [(await board.world.api.handle(request)).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    board.clock.advance(1.1)
    assert (await board.world.api.handle(request)).status == 200


async def test_each_token_has_its_own_pace(board: Board) -> None:
    first, second = await board.token(), await board.token("olga.tkachenko@example.com")
    board.clock.advance(2)
    headers = {"user-agent": "Aurora/0.1 (a@b.c)"}
    for token in (first, second) * 3:
        request = Request("GET", "/me", {}, {**headers, "authorization": f"Bearer {token}"})
        assert (await board.world.api.handle(request)).status == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no_scope", (403, "no_scope")),
        ("user_auth_expected", (403, "user_auth_expected")),
        ("forbidden", (403, "")),
    ],
)
async def test_closed_applicant_api_refuses_every_call_of_a_person(
    board: Board, value: str, expected: tuple[int, str]
) -> None:
    token = await board.token()
    board.state.close_applicant_api(value=value)
    for path in ("/me", "/resumes/mine", "/negotiations", "/vacancies"):
        assert refused_with(await board.get(path, token)) == expected
    assert refused_with(await board.apply(token, board.suitable()[0])) == expected
    assert board.logged("application_made") == []


async def test_closed_applicant_api_still_searches_with_the_application_token(board: Board) -> None:
    board.state.close_applicant_api()
    token = orjson.loads((await board.application_token()).body)["access_token"]
    assert (await board.json("/vacancies", token, text="python"))["found"] > 30


async def test_closed_door_can_answer_without_a_body(board: Board) -> None:
    token = await board.token()
    board.state.close_applicant_api(("negotiations",), "bare")
    answer = await board.get("/negotiations", token)
    assert (answer.status, answer.body) == (403, b"")
    assert (await board.get("/resumes/mine", token)).status == 200


async def test_doors_open_again(board: Board) -> None:
    token = await board.token()
    board.state.close_applicant_api()
    board.state.close_applicant_api(())
    assert (await board.get("/negotiations", token)).status == 200


async def test_captcha_stops_a_person_until_the_page_is_pressed(board: Board) -> None:
    token, other = await board.token(), await board.token("olga.tkachenko@example.com")
    board.state.require_captcha("10458821")
    answer = await board.get("/vacancies", token, text="python")
    error = orjson.loads(answer.body)["errors"][0]
    assert (answer.status, error["type"], error["value"]) == (403, "captcha_required", "captcha_required")
    assert error["captcha_url"].startswith("https://hh.ru/account/captcha?state=")
    assert (await board.get("/vacancies", other, text="python")).status == 200
    captcha_state = error["captcha_url"].partition("state=")[2]
    assert board.state.solve_captcha(captcha_state)
    assert (await board.get("/vacancies", token, text="python")).status == 200
    assert not board.state.solve_captcha(captcha_state)


async def test_captcha_for_everybody_stops_the_application_too(board: Board) -> None:
    token = orjson.loads((await board.application_token()).body)["access_token"]
    board.state.require_captcha()
    assert (await board.get("/vacancies", token)).status == 403


async def test_refusals_carry_the_requests_id(board: Board) -> None:
    bodies = [orjson.loads((await board.get(path, "nobody")).body) for path in ("/me", "/vacancies/1", "/nothing")]
    assert len({body["request_id"] for body in bodies}) == 3
    late = orjson.loads((await board.get("/vacancies/1", await board.token())).body)
    assert late["request_id"]
    grant = orjson.loads((await board.grant(grant_type="?")).body)
    assert sorted(grant) == ["error", "error_description"]


async def test_late_commit_is_carried_out_when_called(board: Board) -> None:
    token, vacancy_id = await board.token(), board.suitable()[0]
    body = f'--b\r\nContent-Disposition: form-data; name="vacancy_id"\r\n\r\n{vacancy_id}\r\n--b\r\nContent-Disposition: form-data; name="resume_id"\r\n\r\n{board.resume_id()}\r\n--b--\r\n'
    headers = {
        "user-agent": "Aurora/0.1 (a@b.c)",
        "authorization": f"Bearer {token}",
        "content-type": "multipart/form-data; boundary=b",
    }
    board.clock.advance(1)
    commit = board.world.api.accept(Request("POST", "/negotiations", {}, headers, body.encode()))
    assert (await board.json("/negotiations", token, vacancy_id=vacancy_id))["found"] == 0
    board.clock.advance(30)
    assert commit().status == 201
    assert (await board.json("/negotiations", token, vacancy_id=vacancy_id))["found"] == 1


async def test_two_worlds_of_one_seed_are_alike(board: Board, hand_clock: object) -> None:
    from daemon.sandbox.hh import build_hh

    other = build_hh(board.clock, 1, lambda _kind, **_facts: None)
    assert list(other.state.vacancies) == list(board.state.vacancies)
    assert other.state.new_secret() == board.state.new_secret()
