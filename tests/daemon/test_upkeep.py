"""Migration and copy of a store from the command line."""

from __future__ import annotations

import pytest

from daemon.config import StoreSettings
from daemon.keyfile import key_path, load_or_make_key
from daemon.upkeep import BackupRefused, back_up_store, migrate_store
from store.errors import StoreInUse
from store.factory import open_store
from store.ids import ChatId, UserId


@pytest.fixture
def settings(tmp_path):
    return StoreSettings(url=f"sqlite:///{tmp_path / 'aurora.db'}")


async def register(store, user_id):
    await store.write(store.users.register(UserId(user_id), ChatId(user_id), "ru", now=1))


async def test_migration_names_the_schema(settings):
    assert "schema 0" in await migrate_store(settings.url)
    assert "schema 0" in await migrate_store(settings.url)


async def test_store_in_use_is_not_migrated(settings):
    async with open_store(settings.url):
        with pytest.raises(StoreInUse):
            await migrate_store(settings.url)


async def test_copy_is_consistent_while_the_daemon_runs(settings, tmp_path):
    async with open_store(settings.url) as store:
        await register(store, 1)
        said = back_up_store(settings, tmp_path / "copy.db")
        await register(store, 2)
    assert str(tmp_path / "copy.db") in said
    async with open_store(f"sqlite:///{tmp_path / 'copy.db'}") as copy:
        assert await copy.users.count() == 1


async def test_copy_reminds_of_the_key(settings, tmp_path):
    await migrate_store(settings.url)
    load_or_make_key(key_path(tmp_path / "aurora.db"))
    assert "secret.key" in back_up_store(settings, tmp_path / "copy.db")


async def test_copy_never_overwrites(settings, tmp_path):
    await migrate_store(settings.url)
    (tmp_path / "copy.db").write_text("precious", encoding="utf-8")
    with pytest.raises(BackupRefused, match="exists already"):
        back_up_store(settings, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text(encoding="utf-8") == "precious"


async def test_copy_without_store_or_folder_is_refused(settings, tmp_path):
    with pytest.raises(BackupRefused, match="no store"):
        back_up_store(settings, tmp_path / "copy.db")
    await migrate_store(settings.url)
    with pytest.raises(BackupRefused, match="does not exist"):
        back_up_store(settings, tmp_path / "nowhere" / "copy.db")
