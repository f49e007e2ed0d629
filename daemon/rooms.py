"""Rooms: makes every room's objects from the settings and hands each its neighbours. Called by `main.py` only.

`Outside` is what the daemon touches of the world; tests and the simulation hand in their own. Nothing here runs.
"""

from __future__ import annotations

import hashlib
import hmac
import random as randomness
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import trio

from daemon.accounts.board_circuit import circuit_for
from daemon.accounts.board_session import BoardSessions
from daemon.accounts.profile import ResumeKeeper
from daemon.accounts.return_address import ReturnRejected
from daemon.accounts.rights import Rights
from daemon.accounts.usage_book import StoreUsageBook
from daemon.autopilot.gates import explain
from daemon.autopilot.letter import LetterWriter
from daemon.autopilot.query_writer import QueryWriter
from daemon.autopilot.screening import ModelScreener
from daemon.autopilot.templates import LetterTemplates
from daemon.autopilot.tools import HuntTools
from daemon.boards.hh.board import HhBoard
from daemon.boards.registry import BoardRegistry
from daemon.bot.introduction import Introduction
from daemon.bot.menu import menu_rows
from daemon.bot.routes import build_router
from daemon.bot.scripts.register import make_scripts
from daemon.bot.services import Services
from daemon.clock import SystemClock
from daemon.config import store_path
from daemon.dialogs.engine import DialogEngine
from daemon.http_client import make_http_client
from daemon.i18n.translate import Texts
from daemon.inbox.lanes import Lanes
from daemon.inbox.poller import UpdatePoller
from daemon.inbox.webhook import WebhookReceiver
from daemon.keyfile import key_path, load_or_make_key
from daemon.llm.asking import ask
from daemon.llm.registry import Models, make_models
from daemon.metrics import Metrics
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.delivery import TELEGRAM_CIRCUIT
from daemon.outbox.languages import open_languages
from daemon.outbox.message import OutgoingMessage, Text
from daemon.outbox.outbox import Outbox
from daemon.outbox.sender import OutboxSender
from daemon.supervisor.dependency import Dependencies
from daemon.vault import Vault, parse_secret_key
from daemon.web.oauth_return import ReturnOutcome
from daemon.web.telegram_webhook import PATH as WEBHOOK_PATH
from store.errors import Conflict
from telegram_client.client import TelegramClient
from telegram_client.http_transport import HttpTransport
from telegram_client.token import BotToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from daemon.clock import Clock
    from daemon.config import Settings
    from daemon.inbox.poller import Take
    from daemon.outbox.languages import Languages
    from daemon.secret import Secret
    from store.durable.ownership import Ownership
    from store.ids import ChatId
    from store.store import Store
    from store.write import Write
    from telegram_client.transport import Transport

CLOSING_SECONDS = 1.0
RETURNS = {"already_used": ReturnOutcome.USED, "too_late": ReturnOutcome.EXPIRED}


@dataclass(frozen=True, slots=True)
class Outside:
    """What the daemon touches of the world."""

    clock: Clock = field(default_factory=SystemClock)
    random: randomness.Random = field(default_factory=randomness.SystemRandom)
    telegram: Transport | None = None
    """None: sockets to `telegram.api_url`."""
    http: httpx2.AsyncBaseTransport | None = None
    """None: sockets."""
    is_store_inline: bool = False
    """SQL in the loop, for virtual time."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every room stands on."""

    settings: Settings
    store: Store
    ownership: Ownership
    outside: Outside
    metrics: Metrics
    dependencies: Dependencies
    secret_keys: tuple[Secret, ...]
    """The newest first."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Everything between us and a chat."""

    texts: Texts
    signer: ButtonSigner
    client: TelegramClient
    outbox: Outbox
    sender: OutboxSender


@dataclass(frozen=True, slots=True)
class Accounts:
    """Boards, models, and people's accounts at them."""

    vault: Vault
    boards: BoardRegistry
    sessions: BoardSessions
    resumes: ResumeKeeper
    rights: Rights
    models: Models


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything that is run, shown or asked."""

    settings: Settings
    outside: Outside
    store: Store
    ownership: Ownership
    speech: Speech
    accounts: Accounts
    hunt: HuntTools
    dialogs: DialogEngine
    lanes: Lanes
    poller: UpdatePoller | WebhookReceiver
    """Whichever brings updates."""
    introduction: Introduction
    dependencies: Dependencies


def load_key(settings: Settings, *, has_sealed_data: bool) -> Secret:
    """The secret key from the settings, else from the file beside the store."""
    if settings.secret_key is not None:
        return settings.secret_key
    return load_or_make_key(key_path(store_path(settings.store)), has_sealed_data=has_sealed_data)


def derive_key(secret_key: Secret, purpose: str) -> bytes:
    """A key of its own for each purpose, so that none gives another away."""
    return hmac.digest(parse_secret_key(secret_key), purpose.encode(), hashlib.sha256)


@asynccontextmanager
async def open_rooms(
    settings: Settings,
    store: Store,
    ownership: Ownership,
    outside: Outside,
    *,
    public_url: str,
    metrics: Metrics | None = None,
) -> AsyncIterator[Rooms]:
    """All rooms; what they opened is closed at the end. Raises `KeyFileBroken`, `WrongSecretKey`."""
    secret_key = load_key(settings, has_sealed_data=bool(await store.data_keys.page(-1, 1)))
    secret_keys = (secret_key, *settings.secret_key_old)
    vault = Vault(store, secret_key, outside.clock, older=settings.secret_key_old)
    await vault.check()
    transport = outside.telegram or HttpTransport(settings.telegram.api_url, proxy=settings.telegram.proxy)
    async with (
        make_http_client(proxy=settings.http.proxy, transport=outside.http) as http,
        open_languages(store) as languages,
    ):
        try:
            dependencies = Dependencies(outside.random)
            ground = Ground(settings, store, ownership, outside, metrics or Metrics(), dependencies, secret_keys)
            signer = ButtonSigner(*(derive_key(key, "buttons") for key in secret_keys))
            speech = make_speech(ground, transport, languages, signer)
            accounts = make_accounts(ground, http, vault, public_url)
            yield make_rooms(ground, speech, accounts, make_hunt(ground, speech, accounts))
        finally:
            with trio.move_on_after(CLOSING_SECONDS, shield=True):
                await transport.aclose()


def make_speech(ground: Ground, transport: Transport, languages: Languages, signer: ButtonSigner) -> Speech:
    """Everything between us and a chat."""
    settings, store, clock = ground.settings, ground.store, ground.outside.clock
    texts = Texts.load()
    client = TelegramClient(BotToken.parse(settings.telegram.token.reveal()), transport, settings.telegram.api_url)
    outbox = Outbox(store.queues, clock)
    sender = OutboxSender(
        store,
        client,
        texts,
        signer,
        clock,
        language_of=languages.language_of,
        menu=menu_rows(),
        messages_per_second=settings.telegram.messages_per_second,
        take_fresh=outbox.take_fresh,
        owner=ground.ownership,
        note_message=ground.metrics.note_message,
        random_source=ground.outside.random,
        circuit=ground.dependencies.get("telegram", TELEGRAM_CIRCUIT),
    )
    return Speech(texts, signer, client, outbox, sender)


def make_accounts(ground: Ground, http: httpx2.AsyncClient, vault: Vault, public_url: str) -> Accounts:
    """Boards, models, and people's accounts at them."""
    settings, store, clock = ground.settings, ground.store, ground.outside.clock
    note_call, rng = ground.metrics.note_call, ground.outside.random
    # The captcha's way back is each person's own: `BoardSessions.call` adds it.
    hh = HhBoard(
        http,
        settings.hh,
        captcha_return_url="",
        rng=rng,
        note_call=note_call,
        count_sharers=lambda: ground.ownership.members,
    )
    boards = BoardRegistry([hh] if settings.hh.client_id else [])
    sessions = BoardSessions(
        store,
        vault,
        boards,
        clock,
        public_url,
        owner=ground.ownership,
        dependencies=ground.dependencies,
        circuit=circuit_for(settings.autopilot.interval_seconds),
    )
    return Accounts(
        vault=vault,
        boards=boards,
        sessions=sessions,
        resumes=ResumeKeeper(store, vault, boards, sessions, clock, owner=ground.ownership),
        rights=Rights(store, vault, sessions, clock),
        models=make_models(http, settings.llm, StoreUsageBook(store, clock, note_call), clock, ground.dependencies),
    )


def make_hunt(ground: Ground, speech: Speech, accounts: Accounts) -> HuntTools:
    """What all hunts share."""
    settings, asker, may_ask = ground.settings.autopilot, partial(ask, accounts.models), accounts.rights.may_ask_model
    letters = LetterWriter(asker, LetterTemplates(speech.texts), may_ask)
    return HuntTools(
        store=ground.store,
        outbox=speech.outbox,
        boards=accounts.boards,
        sessions=accounts.sessions,
        vault=accounts.vault,
        ownership=ground.ownership,
        resumes=accounts.resumes,
        letters=letters,
        clock=ground.outside.clock,
        random=ground.outside.random,
        settings=settings,
        screener=ModelScreener(asker, may_ask) if settings.screening == "model" else None,
    )


def make_rooms(ground: Ground, speech: Speech, accounts: Accounts, hunt: HuntTools) -> Rooms:
    """The agents, on top of everything."""
    settings, store, clock = ground.settings, ground.store, ground.outside.clock
    services = Services(
        store=store,
        outbox=speech.outbox,
        clock=clock,
        signer=speech.signer,
        texts=speech.texts,
        boards=accounts.boards,
        sessions=accounts.sessions,
        resumes=accounts.resumes,
        rights=accounts.rights,
        vault=accounts.vault,
        queries=QueryWriter(partial(ask, accounts.models), accounts.rights.may_ask_model),
        explain=partial(explain, hunt),
        has_model=bool(accounts.models.describe()),
        daily_limit=settings.autopilot.daily_limit,
    )
    scripts = make_scripts(services)
    dialogs = DialogEngine(store, speech.outbox, ground.ownership, clock, scripts, sealer=accounts.vault)
    router = build_router(services, dialogs)
    lanes = Lanes(store, router, clock, apologise=partial(apologise, speech.outbox), owner=ground.ownership)
    return Rooms(
        settings=settings,
        outside=ground.outside,
        store=store,
        ownership=ground.ownership,
        speech=speech,
        accounts=accounts,
        hunt=hunt,
        dialogs=dialogs,
        lanes=lanes,
        poller=make_poller(ground, speech.client, lanes.intake.keep),
        introduction=Introduction(speech.client, speech.texts),
        dependencies=ground.dependencies,
    )


def make_poller(ground: Ground, client: TelegramClient, take: Take) -> UpdatePoller | WebhookReceiver:
    """Whoever brings updates, as the settings say."""
    settings, clock, chance = ground.settings, ground.outside.clock, ground.outside.random
    if settings.telegram.mode == "poll":
        return UpdatePoller(
            ground.store,
            client,
            clock,
            take=take,
            poll_seconds=settings.telegram.poll_seconds,
            random_source=chance,
            guard=partial(ground.ownership.guard_role, "poller"),
        )
    return WebhookReceiver(
        client,
        clock,
        take=take,
        url=f"{settings.web.public_url}{WEBHOOK_PATH}{client.bot_id}",
        secrets=[derive_key(key, f"webhook {client.bot_id}").hex() for key in ground.secret_keys],
        has_neighbours=lambda: ground.ownership.is_shared,
        guard=partial(ground.ownership.guard_role, "poller"),
        random_source=chance,
    )


def apologise(outbox: Outbox, chat_id: ChatId, key: str) -> Write:
    """What a person hears when one message of theirs could not be handled."""
    return outbox.say(OutgoingMessage(chat_id, Text("inbox.poisoned")), key=f"poisoned:{key}")


async def receive_return(rooms: Rooms, state: str, code: str | None, error: str | None) -> ReturnOutcome:
    """The browser's return from the board's login, on its way to the person's dialog."""
    try:
        await rooms.store.write(await rooms.accounts.sessions.claim_return(state, code, error))
    except ReturnRejected as rejected:
        return RETURNS.get(rejected.reason, ReturnOutcome.UNKNOWN)
    except Conflict:
        return ReturnOutcome.USED
    return ReturnOutcome.REFUSED if error else ReturnOutcome.ACCEPTED
