"""Codes and tokens of the simulated board: every grant, every documented error, and the life of each."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.hh_tokens import is_same_door
from daemon.sandbox.service import Request

from .conftest import SOKOLOVA, TKACHENKO, Board, oauth_refused_with, refused_with

SOKOLOVA_ID = "10458821"


async def refresh(board: Board, token: str) -> object:
    return await board.grant(grant_type="refresh_token", refresh_token=token)


async def test_code_becomes_a_pair_as_documented(board: Board):
    pair = await board.pair()
    assert sorted(pair) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 1_209_600)


async def test_old_address_of_the_token_endpoint_works_too(board: Board):
    form = f"grant_type=client_credentials&client_id={board.rules.client_id}&client_secret={board.rules.client_secret}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await board.ask("POST", "/oauth/token", headers=headers, body=form.encode())
    assert answer.status == 200
    board.clock.advance(301)
    site = await board.world.site.handle(Request("POST", "/oauth/token", {}, headers, form.encode()))
    assert site.status == 200


async def test_code_works_once(board: Board):
    code = await board.code()
    assert (await board.exchange(code)).status == 200
    assert oauth_refused_with(await board.exchange(code)) == (400, "invalid_grant", "code has already been used")


async def test_code_lives_for_minutes(board: Board):
    code = await board.code()
    board.clock.advance(299)
    board.clock.advance(2)
    assert oauth_refused_with(await board.exchange(code)) == (400, "invalid_grant", "code expired")


async def test_code_of_a_changed_password_is_revoked(board: Board):
    code = await board.code()
    board.state.tokens.revoke_person(SOKOLOVA_ID)
    assert oauth_refused_with(await board.exchange(code)) == (400, "invalid_grant", "code was revoke")


async def test_unknown_code_is_not_found(board: Board):
    assert oauth_refused_with(await board.exchange("X")) == (400, "invalid_request", "code not found")


async def test_code_belongs_to_its_return_address(board: Board):
    code = await board.code()
    answer = await board.exchange(code, redirect_uri="http://127.0.0.1:8080/other")
    assert oauth_refused_with(answer) == (400, "invalid_request", "bad redirect url")
    assert (await board.exchange(code)).status == 200


@pytest.mark.parametrize("changed", [{"client_id": "who"}, {"client_secret": "?"}])
async def test_wrong_client_is_an_unknown_account(board: Board, changed: dict[str, str]):
    answer = await board.exchange(await board.code(), **changed)
    assert oauth_refused_with(answer) == (400, "invalid_request", "account not found")


async def test_missing_client_is_invalid(board: Board):
    answer = await board.exchange(await board.code(), client_secret="")
    assert oauth_refused_with(answer)[:2] == (400, "invalid_client")


@pytest.mark.parametrize("trouble", ["account is locked", "password invalidated", "login not verified"])
async def test_troubled_account_gets_no_tokens(board: Board, trouble: str):
    code, pair = await board.code(), await board.pair()
    board.switches.account_trouble[SOKOLOVA_ID] = trouble
    assert oauth_refused_with(await board.exchange(code)) == (400, "invalid_request", trouble)
    board.clock.advance(1_209_601)
    answer = await refresh(board, pair["refresh_token"])
    assert oauth_refused_with(answer) == (400, "invalid_request", trouble)  # type: ignore[arg-type]  # a Response


async def test_unknown_grants_are_refused(board: Board):
    assert oauth_refused_with(await board.grant(grant_type="password"))[:2] == (400, "unsupported_grant_type")
    assert oauth_refused_with(await board.grant(grant_type=""))[:2] == (400, "invalid_request")
    answer = await board.ask("POST", "/token", headers={"content-type": "application/json"}, body=b"{}")
    assert oauth_refused_with(answer)[:2] == (400, "invalid_request")


async def test_access_token_expires_with_its_own_error(board: Board):
    board.rules.access_token_seconds = 60
    token = await board.token()
    board.clock.advance(30)
    assert (await board.get("/me", token)).status == 200
    board.clock.advance(30)
    answer = await board.get("/me", token)
    assert refused_with(answer) == (403, "token_expired")
    assert orjson.loads(answer.body)["oauth_error"] == "token-expired"


async def test_refresh_before_expiry_is_refused(board: Board):
    pair = await board.pair()
    answer = await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert oauth_refused_with(answer) == (400, "invalid_grant", "token not expired")
    assert (await board.get("/me", pair["access_token"])).status == 200


async def test_refresh_after_expiry_gives_a_new_pair_once(board: Board):
    pair = await board.pair()
    board.clock.advance(1_209_601)
    answer = await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    fresh = orjson.loads(answer.body)
    assert (await board.get("/me", fresh["access_token"])).status == 200
    assert refused_with(await board.get("/me", pair["access_token"])) == (403, "token_expired")
    again = await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert oauth_refused_with(again) == (400, "invalid_grant", "token has already been refreshed")
    assert [line["user"] for line in board.logged("token_refreshed")] == [SOKOLOVA_ID]


@pytest.mark.parametrize(
    ("token", "expected"),
    [("", ("invalid_request", "token is empty")), ("ABC", ("invalid_request", "token not found"))],
)
async def test_refresh_token_that_is_none(board: Board, token: str, expected: tuple[str, str]):
    answer = await board.grant(grant_type="refresh_token", refresh_token=token)
    assert oauth_refused_with(answer) == (400, *expected)


async def test_access_token_is_no_refresh_token(board: Board):
    answer = await board.grant(grant_type="refresh_token", refresh_token=await board.token())
    assert oauth_refused_with(answer) == (400, "invalid_grant", "bad token")


async def test_revoked_login_can_not_be_refreshed(board: Board):
    pair = await board.pair()
    board.state.tokens.revoke_person(SOKOLOVA_ID)
    answer = await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert oauth_refused_with(answer) == (400, "invalid_grant", "token was revoked")
    assert refused_with(await board.get("/me", pair["access_token"])) == (403, "token_revoked")


async def test_changed_password_deactivates_the_login(board: Board):
    pair, other = await board.pair(), await board.pair(TKACHENKO)
    board.state.tokens.revoke_person(SOKOLOVA_ID, is_password_changed=True)
    answer = await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert oauth_refused_with(answer) == (400, "invalid_grant", "token deactivated")
    assert (await board.get("/me", other["access_token"])).status == 200


async def test_story_can_let_a_login_run_out_at_once(board: Board):
    pair = await board.pair()
    other = await board.token(TKACHENKO)
    board.state.tokens.expire_person(SOKOLOVA_ID)
    assert (await board.get("/me", other)).status == 200
    assert refused_with(await board.get("/me", pair["access_token"])) == (403, "token_expired")
    assert (await board.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])).status == 200


async def test_delete_ends_a_living_login_with_204(board: Board):
    token = await board.token()
    answer = await board.ask("DELETE", "/oauth/token", token)
    assert (answer.status, answer.body) == (204, b"")
    assert refused_with(await board.get("/me", token)) == (403, "token_revoked")
    assert refused_with(await board.ask("DELETE", "/oauth/token", token)) == (403, "token_revoked")


async def test_delete_needs_a_persons_living_token(board: Board):
    assert refused_with(await board.ask("DELETE", "/oauth/token")) == (403, "bad_authorization")
    application = orjson.loads((await board.application_token()).body)["access_token"]
    assert refused_with(await board.ask("DELETE", "/oauth/token", application)) == (403, "user_auth_expected")
    board.rules.access_token_seconds = 1
    token = await board.token()
    board.clock.advance(2)
    assert refused_with(await board.ask("DELETE", "/oauth/token", token)) == (403, "token_expired")


async def test_application_token_has_no_end_and_no_refresh_token(board: Board):
    body = orjson.loads((await board.application_token()).body)
    assert sorted(body) == ["access_token", "token_type"]
    board.clock.advance(365 * 86_400)
    assert (await board.get("/me", body["access_token"])).status == 200


async def test_application_token_can_not_be_asked_for_every_minute(board: Board):
    first = orjson.loads((await board.application_token()).body)["access_token"]
    board.clock.advance(200)
    answer = await board.application_token()
    assert oauth_refused_with(answer) == (403, "forbidden", "app token refresh too early")
    assert (await board.get("/me", first)).status == 200


async def test_new_application_token_revokes_the_old_one_only(board: Board):
    person = await board.token()
    first = orjson.loads((await board.application_token()).body)["access_token"]
    board.clock.advance(301)
    second = orjson.loads((await board.application_token()).body)["access_token"]
    assert refused_with(await board.get("/me", first)) == (403, "token_revoked")
    assert (await board.get("/me", second)).status == 200
    assert (await board.get("/me", person)).status == 200


async def test_deleted_application_is_told_on_every_call(board: Board):
    token = await board.token()
    board.switches.is_client_deleted = True
    answer = await board.get("/me", token)
    assert refused_with(answer) == (403, "application_not_found")
    assert orjson.loads(answer.body)["oauth_error"] == "client-id-deleted"
    assert oauth_refused_with(await board.application_token())[:2] == (400, "invalid_client")


async def test_unknown_token_is_a_bad_authorization(board: Board):
    assert refused_with(await board.get("/me", "nonsense")) == (403, "bad_authorization")


async def test_two_people_have_two_logins(board: Board):
    first, second = await board.token(SOKOLOVA), await board.token(TKACHENKO)
    names = [(await board.json("/me", token))["first_name"] for token in (first, second)]
    assert names == ["Мария", "Ольга"]


@pytest.mark.parametrize(
    ("given_address", "is_same"),
    [
        ("https://aurora.example.com/cb", True),
        ("https://aurora.example.com/other/path?a=1", True),
        ("https://eu.aurora.example.com/cb", True),
        ("http://aurora.example.com/cb", False),
        ("https://aurora.example.com:8443/cb", False),
        ("https://example.com/cb", False),
        ("https://evilaurora.example.com/cb", False),
        ("https://aurora.example.com.evil.org/cb", False),
        ("https://aurora.example.com:port/cb", False),
        ("nonsense", False),
    ],
)
def test_return_address_is_compared_by_scheme_host_and_port(given_address: str, is_same: bool):
    assert is_same_door("https://aurora.example.com/cb", given_address) is is_same


@given(st.text(max_size=40))
def test_any_text_as_a_return_address_is_judged_quietly(text: str):
    assert is_same_door("https://aurora.example.com/cb", text) in {True, False}


async def test_empty_registered_address_accepts_any(board: Board):
    board.rules.redirect_uri = ""
    assert board.state.tokens.accepts_redirect("https://anything.example.org:1/x")
