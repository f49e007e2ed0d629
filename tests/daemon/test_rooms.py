"""Rooms are made from settings alone; keys for different purposes differ; a browser's return finds its outcome."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest

from daemon.config import Settings
from daemon.inbox.webhook import WebhookReceiver
from daemon.keyfile import KeyFileBroken
from daemon.outbox.buttons import ForgedButton
from daemon.rooms import Outside, Rooms, derive_key, load_key, open_rooms, receive_return
from daemon.vault import WrongSecretKey, make_secret_key
from daemon.web.oauth_return import ReturnOutcome
from store.durable.ownership import own_shards
from store.ids import BoardName, UserId
from tests.fakes.transport import FakeTransport, Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.clock import TrioClock
    from daemon.secret import Secret
    from store.store import Store

ANNA = UserId(1001)
HH = BoardName("hh")


def make_settings(secret_key: Secret | None = None, **rooms: object) -> Settings:
    return Settings.model_validate(
        {"telegram": {"token": "123456:" + "A" * 35}, "secret_key": secret_key, "hh": {"client_id": "us"}, **rooms}
    )


@asynccontextmanager
async def rooms_of(settings: Settings, store: Store, clock: TrioClock) -> AsyncIterator[Rooms]:
    outside = Outside(
        clock=clock, telegram=FakeTransport(Script()), http=httpx2.MockTransport(lambda _request: httpx2.Response(503))
    )
    async with (
        own_shards(store, boot_id="boot", now=clock.now()) as ownership,
        open_rooms(settings, store, ownership, outside, public_url="http://127.0.0.1:8080") as rooms,
    ):
        yield rooms


@pytest.fixture
async def rooms(store: Store, clock: TrioClock) -> AsyncIterator[Rooms]:
    async with rooms_of(make_settings(make_secret_key()), store, clock) as opened:
        yield opened


async def begin_login(rooms: Rooms) -> str:
    url, write = await rooms.accounts.sessions.begin_login(ANNA, HH)
    await rooms.store.write(write)
    return url.partition("state=")[2].partition("&")[0]


def test_keys_of_different_purposes_differ() -> None:
    secret_key = make_secret_key()

    assert derive_key(secret_key, "buttons") == derive_key(secret_key, "buttons")
    assert derive_key(secret_key, "buttons") != derive_key(secret_key, "pages")


def test_key_of_the_settings_goes_before_the_file(tmp_path: Path) -> None:
    given = make_secret_key()
    settings = make_settings(given, store={"url": f"sqlite:///{tmp_path / 'aurora.db'}"})

    assert load_key(settings, has_sealed_data=False) == given
    assert list(tmp_path.iterdir()) == []


def test_key_is_made_once_beside_the_store(tmp_path: Path) -> None:
    settings = make_settings(store={"url": f"sqlite:///{tmp_path / 'aurora.db'}"})

    assert load_key(settings, has_sealed_data=False) == load_key(settings, has_sealed_data=True)


def test_lost_key_of_a_filled_store_is_no_reason_to_make_another(tmp_path: Path) -> None:
    settings = make_settings(store={"url": f"sqlite:///{tmp_path / 'aurora.db'}"})

    with pytest.raises(KeyFileBroken, match="put the file back"):
        load_key(settings, has_sealed_data=True)


async def test_wrong_key_is_found_at_the_start(store: Store, clock: TrioClock) -> None:
    async with rooms_of(make_settings(make_secret_key()), store, clock) as rooms:
        await rooms.accounts.vault.seal(ANNA, "letter", "text")

    with pytest.raises(WrongSecretKey):
        async with rooms_of(make_settings(make_secret_key()), store, clock):
            pass


async def test_changed_secret_key_keeps_texts_and_buttons(store: Store, clock: TrioClock) -> None:
    old, new = make_secret_key(), make_secret_key()
    async with rooms_of(make_settings(old), store, clock) as rooms:
        sealed = await rooms.accounts.vault.seal(ANNA, "letter", "text")
        button = rooms.speech.signer.sign(ANNA, "send", "9")

    async with rooms_of(make_settings(new, secret_key_old=[old.reveal()]), store, clock) as rooms:
        assert await rooms.accounts.vault.open(ANNA, "letter", sealed) == "text"
        assert rooms.speech.signer.open(ANNA, button) == ("send", "9")
        await rooms.accounts.vault.rewrap()

    async with rooms_of(make_settings(new), store, clock) as rooms:
        assert await rooms.accounts.vault.open(ANNA, "letter", sealed) == "text"
        with pytest.raises(ForgedButton):
            rooms.speech.signer.open(ANNA, button)


async def test_webhook_secret_is_the_same_in_every_life_and_no_key(store: Store, clock: TrioClock) -> None:
    old, new = make_secret_key(), make_secret_key()
    places = {
        "telegram": {"token": "123456:" + "A" * 35, "mode": "webhook"},
        "web": {"public_url": "https://a.example"},
    }
    secrets = []
    for keys in ({"secret_key": new}, {"secret_key": new}, {"secret_key": new, "secret_key_old": [old]}):
        async with rooms_of(make_settings(**keys, **places), store, clock) as rooms:
            assert isinstance(rooms.poller, WebhookReceiver)
            secrets.append(derive_key(new, "webhook 123456").hex())
            assert rooms.poller.knows(secrets[-1])
            assert rooms.poller.knows(derive_key(old, "webhook 123456").hex()) is ("secret_key_old" in keys)
    assert len(set(secrets)) == 1
    assert new.reveal() not in secrets[0]


async def test_return_with_a_code_becomes_an_event_of_its_chat(rooms: Rooms) -> None:
    state = await begin_login(rooms)

    assert await receive_return(rooms, state, "code", None) is ReturnOutcome.ACCEPTED

    (item,) = await rooms.store.queues.waiting("inbox", ANNA, limit=5)
    assert item.payload["event"] == "board_returned"
    assert "code" not in str(item.payload["data"]["sealed_code"])


async def test_refusal_at_the_board_reaches_the_chat_too(rooms: Rooms) -> None:
    state = await begin_login(rooms)

    assert await receive_return(rooms, state, None, "access_denied") is ReturnOutcome.REFUSED
    assert len(await rooms.store.queues.waiting("inbox", ANNA, limit=5)) == 1


async def test_second_return_is_used_up(rooms: Rooms) -> None:
    state = await begin_login(rooms)
    await receive_return(rooms, state, "code", None)

    assert await receive_return(rooms, state, "code", None) is ReturnOutcome.USED


async def test_late_return_is_told_so(rooms: Rooms, autojump_clock: object) -> None:
    import trio

    state = await begin_login(rooms)
    await trio.sleep(24 * 3600)

    assert await receive_return(rooms, state, "code", None) is ReturnOutcome.EXPIRED


async def test_unknown_state_is_refused(rooms: Rooms) -> None:
    assert await receive_return(rooms, "made-up", "code", None) is ReturnOutcome.UNKNOWN


async def test_board_without_client_id_is_off(store: Store, clock: TrioClock) -> None:
    async with rooms_of(make_settings(make_secret_key(), hh={}), store, clock) as rooms:
        assert rooms.accounts.boards.names == ()


@pytest.mark.parametrize("screening", ["rules", "model"])
async def test_model_screens_only_where_the_operator_wants_it(store: Store, clock: TrioClock, screening: str) -> None:
    settings = make_settings(make_secret_key(), autopilot={"screening": screening})
    async with rooms_of(settings, store, clock) as rooms:
        assert (rooms.hunt.screener is not None) == (screening == "model")
