"""A snapshot stands still while others write; a backup of a server is made from one."""

import pytest

from store.errors import StoreError
from store.factory import open_store
from store.ids import ChatId, UserId
from store.postgres import open_postgres
from store.postgresql.address import parse_address
from store.postgresql.snapshot import open_snapshot
from store.store import Store
from store.transfer import back_up_server
from tests.contracts.backends import VERSIONS, cluster_or_skip


@pytest.fixture(params=VERSIONS)
async def url(request):
    async with cluster_or_skip(request.param).migrated() as url:
        yield url


async def register(store, user_id):
    await store.write(store.users.register(UserId(user_id), ChatId(user_id), "ru", now=1))


async def test_snapshot_does_not_see_what_is_written_later(url):
    async with open_postgres(url) as database, open_snapshot(parse_address(url)) as snapshot:
        store = Store(database)
        await register(store, 1)
        before = len(await snapshot.fetch_all("SELECT * FROM users"))
        await register(store, 2)
        assert len(await snapshot.fetch_all("SELECT * FROM users")) == before
        assert await snapshot.fetch_one("SELECT 1 FROM users WHERE user_id = $1", 2) is None
        assert await store.users.count() == 2


async def test_snapshot_writes_nothing(url):
    async with open_snapshot(parse_address(url)) as snapshot:
        with pytest.raises(StoreError):
            await snapshot.fetch_all("DELETE FROM users")


async def test_backup_of_a_server_is_a_store_that_opens(url, tmp_path):
    path = tmp_path / "backup.db"
    async with open_postgres(url) as database:
        store = Store(database)
        for user_id in range(1, 6):
            await register(store, user_id)
        await back_up_server(url, str(path))
        await register(store, 6)
    async with open_store(f"sqlite:///{path}") as restored:
        assert await restored.users.count() == 5
