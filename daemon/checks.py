"""`aurora check`: a line for settings, store, Telegram, boards and models. Looks, changes nothing, costs nothing.

A board's application token is not asked for: each new one revokes the one the running daemon uses. So the board line
says that it is reachable, and that its credentials are judged at the first login.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.clock import SystemClock
from daemon.config import shown_url, store_path
from daemon.errors import Permanent, Temporary
from daemon.http_client import make_http_client, send
from daemon.keyfile import key_path, load_or_make_key
from daemon.llm.registry import missing_setting
from daemon.vault import Vault
from store.errors import StoreError, StoreInUse
from store.factory import open_store
from telegram_client.client import TelegramClient
from telegram_client.errors import TelegramError, Unauthorized
from telegram_client.http_transport import HttpTransport
from telegram_client.methods import get_me
from telegram_client.token import BotToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from daemon.config import HhSettings, LlmSettings, Settings, StoreSettings
    from telegram_client.transport import Transport

OK = "ok"
OFF = "off"
FAILED = "failed"
GEMINI_URL = "https://generativelanguage.googleapis.com"
OPENAI_URL = "https://api.openai.com/v1"
WAIT_SECONDS = 15.0
KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line."""

    name: str
    state: str
    """`ok`, `off` (has no settings, which is legal) or `failed`."""
    text: str


async def check_everything(settings: Settings) -> list[CheckResult]:
    """All lines, in the order of the settings page."""
    transport = HttpTransport(settings.telegram.api_url, proxy=settings.telegram.proxy)
    async with _closing(transport), make_http_client(proxy=settings.http.proxy) as http:
        return await check_with(settings, http, transport)


async def check_with(settings: Settings, http: httpx2.AsyncClient, transport: Transport) -> list[CheckResult]:
    """The same through given ways out, for tests."""
    return [
        CheckResult("settings", OK, "every value is legal"),
        await check_store(settings.store),
        await check_secret_key(settings),
        await check_telegram(settings, transport),
        await check_hh(settings.hh, http),
        await check_model(settings.llm, http),
    ]


async def check_store(store: StoreSettings) -> CheckResult:
    """Opens it, which brings its schema up to date, unless a daemon holds it."""
    try:
        async with open_store(store.url) as opened:
            await opened.check_writable()
    except StoreInUse as busy:
        return CheckResult("store", OK, f"{shown_url(store)}, held by a running daemon ({busy})")
    except StoreError as error:
        return CheckResult("store", FAILED, str(error))
    return CheckResult("store", OK, f"{shown_url(store)} takes writes")


async def check_secret_key(settings: Settings) -> CheckResult:
    """Whether it opens what the store holds, and how far a change of keys has come. Makes no key."""
    name, path = "secret key", key_path(store_path(settings.store))
    try:
        if settings.secret_key is None and not path.is_file():
            return CheckResult(name, OFF, f"none yet: the first start makes {path}")
        key = settings.secret_key or load_or_make_key(path)
        async with open_store(settings.store.url) as store:
            left = await Vault(store, key, SystemClock(), older=settings.secret_key_old).count_left_behind()
    except StoreInUse:
        return CheckResult(name, OK, "in use by a running daemon; `aurora ctl status` tells of a change of keys")
    except (StoreError, Permanent) as error:
        return CheckResult(name, FAILED, str(error))
    if left:
        return CheckResult(name, OK, f"{left} data keys are under an older one: leave AURORA_SECRET_KEY_OLD for now")
    return CheckResult(name, OK, "it opens every data key")


async def check_telegram(settings: Settings, transport: Transport) -> CheckResult:
    """Asks `getMe`, the real judge of a token."""
    client = TelegramClient(BotToken.parse(settings.telegram.token.reveal()), transport, settings.telegram.api_url)
    try:
        bot = await get_me(client)
    except Unauthorized:
        text = "the token is refused (401): copy AURORA_TELEGRAM__TOKEN from @BotFather again"
        return CheckResult("telegram", FAILED, text)
    except TelegramError as error:
        place = settings.telegram.api_url
        text = f"{place} gives no answer ({type(error).__name__}): check the network, AURORA_TELEGRAM__PROXY, __API_URL"
        return CheckResult("telegram", FAILED, text)
    return CheckResult("telegram", OK, f"@{bot.username} at {settings.telegram.api_url}")


async def check_hh(hh: HhSettings, http: httpx2.AsyncClient) -> CheckResult:
    """Fetches a public page of the API."""
    if not hh.client_id:
        return CheckResult("hh", OFF, "no AURORA_HH__CLIENT_ID: no logins, resumes are pasted")
    request = http.build_request("GET", f"{hh.api_url}/dictionaries", headers={"user-agent": hh.user_agent})
    status = await _fetch_status(http, request)
    if status is None:
        return CheckResult(
            "hh", FAILED, f"{hh.api_url} gives no answer: check the network, AURORA_HTTP__PROXY, __API_URL"
        )
    if status == 400:
        return CheckResult("hh", FAILED, "AURORA_HH__USER_AGENT is refused: name the program and an address of yours")
    if status >= 400:
        return CheckResult("hh", FAILED, f"{hh.api_url} answers with status {status}")
    return CheckResult("hh", OK, f"{hh.api_url} answers; the client id is judged at the first login")


async def check_model(llm: LlmSettings, http: httpx2.AsyncClient) -> CheckResult:
    """Asks for the list of models, which costs no token."""
    name = f"model {llm.provider}"
    missing = missing_setting(llm)
    if missing is not None:
        is_chosen = llm.provider != "template"
        return CheckResult(name if is_chosen else "model", OFF, f"no {missing}: letters come from plain templates")
    status = await _fetch_status(http, _model_list(llm, http))
    place = llm.base_url or "the provider"
    if status is None:
        return CheckResult(name, FAILED, f"{place} gives no answer: check the network, AURORA_HTTP__PROXY, __BASE_URL")
    if status in KEY_REFUSED:
        return CheckResult(name, FAILED, f"the key is refused ({status}): check AURORA_LLM__API_KEY")
    if status >= 500:
        return CheckResult(name, FAILED, f"{place} answers with status {status}")
    return CheckResult(name, OK, f"{place} answers")


def _model_list(llm: LlmSettings, http: httpx2.AsyncClient) -> httpx2.Request:
    key = llm.api_key.reveal() if llm.api_key is not None else ""
    if llm.provider == "gemini":
        return http.build_request("GET", f"{llm.base_url or GEMINI_URL}/v1beta/models", headers={"x-goog-api-key": key})
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return http.build_request("GET", f"{llm.base_url or OPENAI_URL}/models", headers=headers)


async def _fetch_status(http: httpx2.AsyncClient, request: httpx2.Request) -> int | None:
    try:
        return (await send(http, request, total_seconds=WAIT_SECONDS)).status
    except Temporary:
        return None


@asynccontextmanager
async def _closing(transport: HttpTransport) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await transport.aclose()
