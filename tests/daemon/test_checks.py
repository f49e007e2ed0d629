"""`aurora check`: a line for each dependency, what is off is no failure, and nothing outside is changed."""

from __future__ import annotations

import httpx2
import pytest

from daemon.checks import (
    FAILED,
    OFF,
    OK,
    check_hh,
    check_model,
    check_secret_key,
    check_store,
    check_telegram,
    check_with,
)
from daemon.clock import SystemClock
from daemon.config import HhSettings, LlmSettings, StoreSettings, load_settings
from daemon.http_client import make_http_client
from daemon.secret import Secret
from daemon.vault import Vault, make_secret_key
from store.factory import open_store
from store.ids import UserId
from telegram_client.errors import NetworkTrouble
from telegram_client.transport import HttpResponse

TOKEN = "123456:" + "a" * 35
KEY = "canary-key"


class TelegramSays:
    """Stands for the transport to Telegram."""

    def __init__(
        self,
        status=200,
        body=b'{"ok": true, "result": {"id": 1, "is_bot": true, "first_name": "A", "username": "our_bot"}}',
    ):
        self.status = status
        self.body = body

    async def send(self, _request, _deadlines):
        if self.status == 0:
            raise NetworkTrouble("refused", sent=False)
        return HttpResponse(self.status, {"content-type": "application/json"}, self.body)


@pytest.fixture
def settings(tmp_path):
    found, _ = load_settings(None, {"AURORA_TELEGRAM__TOKEN": TOKEN, "STATE_DIRECTORY": str(tmp_path)})
    return found


def http_that(status=200, seen=None):
    def answer(request):
        if seen is not None:
            seen.append(request)
        if status == 0:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(status, json={})

    return make_http_client(transport=httpx2.MockTransport(answer))


async def test_only_the_token_is_needed(settings):
    async with http_that(0) as http:
        results = await check_with(settings, http, TelegramSays())
    assert [(result.name, result.state) for result in results] == [
        ("settings", OK),
        ("store", OK),
        ("secret key", OFF),
        ("telegram", OK),
        ("hh", OFF),
        ("model", OFF),
    ]
    assert "@our_bot" in results[3].text


async def test_secret_key_is_held_against_the_store_and_none_is_made(settings, tmp_path):
    first, second = make_secret_key(), make_secret_key()
    assert (await check_secret_key(settings)).state == OFF
    assert list(tmp_path.glob("*.key")) == []
    async with open_store(settings.store.url) as store:
        await Vault(store, first, SystemClock()).seal(UserId(1), "letter", "text")
    for keys, state, words in (
        ({"secret_key": first}, OK, "opens every data key"),
        ({"secret_key": second}, FAILED, "AURORA_SECRET_KEY_OLD"),
        ({"secret_key": second, "secret_key_old": (first,)}, OK, "1 data keys are under an older one"),
    ):
        result = await check_secret_key(settings.model_copy(update=keys))
        assert (result.state, words in result.text) == (state, True)
        assert not any(key.reveal() in result.text for key in (first, second))
    async with open_store(settings.store.url):
        held = await check_secret_key(settings.model_copy(update={"secret_key": second}))
    assert (held.state, "ctl status" in held.text) == (OK, True)


async def test_store_held_by_the_daemon_is_fine(settings):
    async with open_store(settings.store.url):
        assert (await check_store(settings.store)).state == OK


async def test_damaged_store_is_told(tmp_path):
    (tmp_path / "x.db").write_bytes(b"nonsense" * 1000)
    result = await check_store(StoreSettings(url=f"sqlite:///{tmp_path / 'x.db'}"))
    assert (result.state, "x.db" in result.text) == (FAILED, True)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b'{"ok": false, "error_code": 401, "description": "Unauthorized"}', "@BotFather"),
        (502, b"<html>", "gives no answer"),
        (0, b"", "AURORA_TELEGRAM__PROXY"),
    ],
)
async def test_telegram_trouble_is_told_without_the_token(settings, status, body, expected):
    result = await check_telegram(settings, TelegramSays(status, body))
    assert result.state == FAILED
    assert expected in result.text
    assert TOKEN not in result.text


@pytest.mark.parametrize(
    ("status", "state", "expected"),
    [(200, OK, "first login"), (400, FAILED, "USER_AGENT"), (503, FAILED, "503"), (0, FAILED, "AURORA_HTTP__PROXY")],
)
async def test_board_is_looked_at_without_a_login(status, state, expected):
    seen = []
    async with http_that(status, seen) as http:
        result = await check_hh(HhSettings(client_id="me", client_secret=Secret(KEY)), http)
    assert (result.state, expected in result.text) == (state, True)
    assert [(request.method, request.url.path) for request in seen] == [("GET", "/dictionaries")]
    assert KEY not in repr(seen[0].headers) + str(seen[0].url)


def a_model(provider):
    return LlmSettings(provider=provider, api_key=Secret(KEY), base_url="http://m/v1", model="m")


@pytest.mark.parametrize(
    ("status", "state"), [(200, OK), (404, OK), (401, FAILED), (403, FAILED), (500, FAILED), (0, FAILED)]
)
@pytest.mark.parametrize("provider", ["gemini", "openai"])
async def test_model_is_asked_for_its_list(provider, status, state):
    seen = []
    async with http_that(status, seen) as http:
        result = await check_model(a_model(provider), http)
    assert result.state == state
    assert KEY not in result.text
    assert seen[0].method == "GET"
    assert KEY not in str(seen[0].url)


async def test_local_server_needs_no_key():
    seen = []
    async with http_that(200, seen) as http:
        assert (await check_model(LlmSettings(provider="openai", base_url="http://l/v1", model="m"), http)).state == OK
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize(
    ("llm", "missing"),
    [
        (LlmSettings(), "AURORA_LLM__PROVIDER"),
        (LlmSettings(provider="gemini"), "AURORA_LLM__API_KEY"),
        (LlmSettings(provider="openai"), "AURORA_LLM__API_KEY"),
        (LlmSettings(provider="openai", api_key=Secret(KEY)), "AURORA_LLM__MODEL"),
    ],
)
async def test_model_that_nobody_would_ask_is_off_and_says_for_want_of_what(llm, missing):
    async with http_that() as http:
        result = await check_model(llm, http)
    assert result.state == OFF
    assert missing in result.text
