"""The language a chat is written to."""

import pytest
import trio

from daemon.outbox import languages as languages_module
from daemon.outbox.languages import open_languages
from store.ids import UserId


async def register(store, user_id, language):
    await store.write(store.users.register(UserId(user_id), user_id, language, now=0))


async def test_known_person_is_written_to_in_their_language(store):
    await register(store, 42, "en")
    async with open_languages(store) as languages:
        assert await languages.language_of(42) == "en"


async def test_stranger_is_written_to_in_russian_until_known(store):
    async with open_languages(store) as languages:
        assert await languages.language_of(42) == "ru"
        await register(store, 42, "en")
        assert await languages.language_of(42) == "en"


async def test_first_message_after_a_change_speaks_the_new_language(store):
    await register(store, 42, "en")
    async with open_languages(store) as languages:
        assert await languages.language_of(42) == "en"
        await store.write(store.users.set_language(UserId(42), "ru"))
        assert await languages.language_of(42) == "ru"


async def test_change_in_the_middle_of_a_look_is_not_forgotten(store):
    await register(store, 42, "en")
    async with open_languages(store) as languages, trio.open_nursery() as nursery:
        nursery.start_soon(languages.language_of, 42)
        await store.write(store.users.set_language(UserId(42), "ru"))
        assert await languages.language_of(42) == "ru"


async def test_store_is_asked_once(store, monkeypatch):
    await register(store, 42, "en")
    async with open_languages(store) as languages:
        await languages.language_of(42)
        monkeypatch.setattr(store.users, "get", None)
        assert await languages.language_of(42) == "en"


@pytest.mark.parametrize("count", [5])
async def test_memory_is_bounded(store, monkeypatch, count):
    monkeypatch.setattr(languages_module, "_MOST_KNOWN", 3)
    async with open_languages(store) as languages:
        for chat_id in range(count):
            await languages.language_of(chat_id)
        assert len(languages._known) <= 3


async def test_overflow_of_announcements_forgets_everything(store):
    from store.write import wake

    await register(store, 42, "en")
    async with open_languages(store) as languages:
        await languages.language_of(42)
        await store.write(wake("language"))
        await languages.language_of(7)
        assert 42 not in languages._known


async def test_person_who_asked_to_be_forgotten_is_a_stranger(store):
    await register(store, 42, "en")
    async with open_languages(store) as languages:
        assert await languages.language_of(42) == "en"
        await store.write(store.users.set_deleted(UserId(42), 1))
        assert await languages.language_of(42) == "ru"
