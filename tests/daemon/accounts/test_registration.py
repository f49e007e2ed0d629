"""First contact, return, and the language somebody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.accounts.registration import Registration, choose_language
from store.ids import ChatId, UserId

if TYPE_CHECKING:
    from daemon.clock import TrioClock
    from store.store import Store

IVAN, CHAT = UserId(42), ChatId(42)


@pytest.fixture
def registration(store: Store, clock: TrioClock) -> Registration:
    return Registration(store, clock)


async def test_stranger_becomes_a_person(store: Store, registration: Registration) -> None:
    assert await registration.find(IVAN) is None
    assert await registration.language_of(IVAN) == "ru"
    await store.write(registration.register(IVAN, CHAT, "en-GB"))
    row = await registration.find(IVAN)
    assert row is not None
    assert (row.chat_id, row.language) == (CHAT, "en")
    assert await registration.language_of(IVAN) == "en"


async def test_known_person_keeps_their_language(store: Store, registration: Registration) -> None:
    await store.write(registration.register(IVAN, CHAT, "ru"))
    await store.write(store.users.set_language(IVAN, "en"))
    await store.write(registration.register(IVAN, CHAT, "ru"))
    assert await registration.language_of(IVAN) == "en"


async def test_deleted_person_is_a_stranger_until_they_return(
    store: Store, registration: Registration, clock: TrioClock
) -> None:
    await store.write(registration.register(IVAN, CHAT, "en"))
    await store.write(store.users.set_deleted(IVAN, clock.now()))
    assert await registration.find(IVAN) is None
    await store.write(registration.register(IVAN, CHAT, "ru"))
    assert await registration.language_of(IVAN) == "ru"


async def test_who_blocked_the_bot_is_reachable_again(store: Store, registration: Registration) -> None:
    await store.write(registration.register(IVAN, CHAT, "ru"))
    await store.write(store.users.set_blocked(IVAN, 5))
    await store.write(registration.register(IVAN, CHAT, "ru"))
    row = await registration.find(IVAN)
    assert row is not None
    assert row.blocked_at is None


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (None, "ru"),
        ("", "ru"),
        ("ru", "ru"),
        ("be", "ru"),
        ("kk-KZ", "ru"),
        ("en", "en"),
        ("EN-us", "en"),
        ("de", "en"),
        ("zh-hans", "en"),
    ],
)
def test_language_follows_the_telegram_client(code: str | None, language: str) -> None:
    assert choose_language(code) == language
