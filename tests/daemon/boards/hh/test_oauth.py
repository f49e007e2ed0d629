"""hh.ru's authorisation: what is sent for each grant, and what each refusal means."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    DoorClosed,
    LoginExpired,
    LoginLost,
    TokenStillValid,
)
from daemon.config import HhSettings
from daemon.secret import Secret
from tests.daemon.boards.hh import bodies
from tests.daemon.boards.hh.server import RETURN_URL, SETTINGS, TOKEN, Server, reply


def form(server: Server) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(server.requests[-1].content.decode()).items()}


def test_authorize_page_is_the_sites() -> None:
    url = urlsplit(Server(b"").board().authorize_url("st/ate&1", RETURN_URL))
    assert (url.netloc, url.path) == ("hh.ru", "/oauth/authorize")
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["client-1"],
        "state": ["st/ate&1"],
        "redirect_uri": [RETURN_URL],
    }


async def test_code_is_exchanged_with_the_clients_name() -> None:
    server = Server(bodies.tokens())
    pair = await server.board().exchange_code("code-1", RETURN_URL)
    assert server.asked == ["POST /token"]
    assert server.requests[0].url.host == "api.hh.ru"
    assert server.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(server) == {
        "grant_type": "authorization_code",
        "client_id": "client-1",
        "client_secret": "canary-client-secret",
        "redirect_uri": RETURN_URL,
        "code": "code-1",
    }
    assert pair.access_token.reveal() == "access-1"
    assert pair.refresh_token is not None
    assert pair.refresh_token.reveal() == "refresh-1"
    assert pair.expires_in_seconds == 1_209_600


async def test_refresh_sends_the_token_alone() -> None:
    server = Server(bodies.tokens())
    await server.board().refresh_tokens(Secret("refresh-0"))
    assert form(server) == {"grant_type": "refresh_token", "refresh_token": "refresh-0"}


async def test_application_token_has_no_end() -> None:
    server = Server(bodies.application_token())
    pair = await server.board().fetch_application_token()
    assert form(server)["grant_type"] == "client_credentials"
    assert (pair.refresh_token, pair.expires_in_seconds) == (None, None)


async def test_revoking_is_a_delete_with_the_token() -> None:
    server = Server(reply(status=204))
    await server.board().revoke_token(TOKEN)
    assert server.asked == ["DELETE /oauth/token"]
    assert server.requests[0].headers["authorization"] == "Bearer canary-access-token"


async def test_addresses_follow_the_settings() -> None:
    server = Server(bodies.tokens())
    settings = SETTINGS.model_copy(
        update={"api_url": "http://127.0.0.1:9/api/", "site_url": "http://127.0.0.1:9/site/"}
    )
    board = server.board(settings)
    await board.exchange_code("code-1", RETURN_URL)
    assert str(server.requests[0].url) == "http://127.0.0.1:9/api/token"
    assert board.authorize_url("s", RETURN_URL).startswith("http://127.0.0.1:9/site/oauth/authorize?")


async def test_without_client_nothing_is_sent() -> None:
    server = Server(bodies.tokens())
    with pytest.raises(DoorClosed, match=r"hh\.client_id"):
        await server.board(HhSettings()).fetch_application_token()
    assert server.requests == []


@pytest.mark.parametrize(
    ("error", "description", "status", "expected", "reason"),
    [
        ("invalid_grant", "token not expired", 400, TokenStillValid, None),
        ("invalid_grant", "token has already been refreshed", 400, LoginLost, "refresh_lost"),
        ("invalid_grant", "token was revoked", 400, LoginLost, "revoked"),
        ("invalid_grant", "code has already been used", 400, LoginLost, "code_used"),
        ("invalid_grant", "code expired", 400, LoginLost, "code_expired"),
        ("invalid_request", "account is locked", 400, LoginLost, "account_locked"),
        ("invalid_request", "account not found", 400, DoorClosed, None),
        ("forbidden", "app token refresh too early", 403, BoardBusy, None),
        ("invalid_request", "invented", 400, BoardTrouble, None),
        ("forbidden", "invented", 403, DoorClosed, None),
    ],
)
async def test_refusals_of_the_token_endpoint(
    error: str, description: str, status: int, expected: type[BoardError], reason: str | None
) -> None:
    body = {"error": error, "error_description": description}
    with pytest.raises(expected) as caught:
        await Server(reply(body, status)).board().refresh_tokens(Secret("refresh-0"))
    assert getattr(caught.value, "reason", None) == reason
    if isinstance(caught.value, BoardBusy):
        assert caught.value.retry_after_seconds == 300


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>", 200),
        reply(b"", 200),
        reply({}, 200),
        reply([], 200),
        reply({"access_token": ""}, 200),
        reply({"access_token": None}, 200),
        reply({"access_token": ["x"]}, 200),
        reply(b"<html>bad gateway</html>", 502),
        reply(b"", 500),
        reply(b"", 302),
        httpx2.ReadTimeout("slow"),
        httpx2.ConnectError("refused"),
    ],
)
async def test_nonsense_of_the_token_endpoint_is_trouble(answer: Any) -> None:
    for ask in (
        Server(answer).board().fetch_application_token(),
        Server(answer).board().exchange_code("c", RETURN_URL),
    ):
        with pytest.raises(BoardTrouble):
            await ask


async def test_secrets_are_in_no_error() -> None:
    for answer in (reply({"access_token": ["canary-token"]}), httpx2.ReadTimeout("slow"), reply(b"canary-token", 500)):
        with pytest.raises(BoardError) as caught:
            await Server(answer).board().refresh_tokens(Secret("canary-refresh"))
        error: BaseException | None = caught.value
        while error is not None:
            assert "canary" not in repr(error) + str(error)
            error = error.__cause__ or error.__context__


async def test_expired_token_can_not_be_revoked() -> None:
    with pytest.raises(LoginExpired):
        await Server(reply(bodies.error("oauth", "token_expired"), 403)).board().revoke_token(TOKEN)
