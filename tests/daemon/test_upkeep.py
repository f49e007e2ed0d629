"""Migration and copy of a store from the command line."""

from __future__ import annotations

import pytest
import trio

from daemon.config import StoreSettings
from daemon.keyfile import key_path, load_or_make_key
from daemon.upkeep import BackupRefused, back_up_store, copy_store, migrate_store, refuse_in_use, show_store
from store.errors import StoreInUse
from store.factory import open_store
from store.ids import ChatId, UserId
from store.transfer import CopyRefused
from tests.contracts.backends import VERSIONS, cluster_or_skip


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


async def test_backup_that_takes_the_place_of_the_store_is_the_store_of_then(settings, tmp_path):
    async with open_store(settings.url) as store:
        await register(store, 1)
        back_up_store(settings, tmp_path / "copy.db")
        await register(store, 2)
    for file in tmp_path.glob("aurora.db*"):
        file.unlink()
    (tmp_path / "copy.db").rename(tmp_path / "aurora.db")
    async with open_store(settings.url) as restored:
        assert await restored.users.count() == 1
        await register(restored, 3)


# Copies between stores.


async def test_store_is_copied_into_another(settings, tmp_path):
    async with open_store(settings.url) as store:
        await register(store, 1)
    lines = []
    said = await copy_store(settings.url, f"sqlite:///{tmp_path / 'b.db'}", lines.append)
    assert "checksums equal" in said
    assert any(line.startswith("users") and " 1 rows" in line for line in lines)
    async with open_store(f"sqlite:///{tmp_path / 'b.db'}") as copy:
        assert await copy.users.count() == 1


async def test_store_that_a_daemon_has_open_is_not_copied(settings, tmp_path):
    async with open_store(settings.url):
        with pytest.raises(StoreInUse):
            await copy_store(settings.url, f"sqlite:///{tmp_path / 'b.db'}", print)


async def test_copy_needs_a_source_and_two_stores(settings, tmp_path):
    with pytest.raises(CopyRefused, match="there is no store"):
        await copy_store(settings.url, f"sqlite:///{tmp_path / 'b.db'}", print)
    assert not (tmp_path / "aurora.db").exists()
    with pytest.raises(CopyRefused, match="name two stores"):
        await copy_store(settings.url, settings.url, print)


async def test_database_of_a_living_daemon_is_refused_and_of_a_dead_one_is_not(store, autojump_clock):
    await store.write(store.members.join("boot-1", lease_ms=15_000, now=1))
    began = trio.current_time()
    await refuse_in_use(store._database, "it")
    assert trio.current_time() - began == pytest.approx(15)
    async with trio.open_nursery() as nursery:

        async def beat():
            while True:
                await trio.sleep(5)
                await store.write(store.members.beat("boot-1", now=2))

        nursery.start_soon(beat)
        with pytest.raises(CopyRefused, match="boot-1"):
            await refuse_in_use(store._database, "it")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("version", VERSIONS)
def test_backup_of_a_server_is_a_sqlite_store(version, tmp_path):
    async def play():
        async with cluster_or_skip(version).migrated() as url:
            said = await trio.to_thread.run_sync(back_up_store, StoreSettings(url=url), tmp_path / "copy.db")
            return said, await copy_store(f"sqlite:///{tmp_path / 'copy.db'}", f"sqlite:///{tmp_path / 'b.db'}", print)

    said, copied = trio.run(play)
    assert "a SQLite store" in said
    assert "checksums equal" in copied


def test_name_of_a_store_holds_no_password():
    assert show_store("postgresql://me:geheim@host/db") == "postgresql host=host dbname=db user=me"
    assert show_store("postgresql:///db?host=/a&password=geheim") == "postgresql host=/a dbname=db"
    assert show_store("sqlite:////a/b.db") == "/a/b.db"
