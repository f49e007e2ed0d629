"""A store copied into another: whole, equal, resumed after a cut, never half opened."""

from contextlib import asynccontextmanager

import pytest

from store import transfer
from store.factory import open_store
from store.ids import ChatId, UserId
from store.migrate import load_migrations, migrate
from store.sqlite import open_sqlite
from store.store import Store
from store.transfer import CopyRefused, copy_rows, copy_to_file, describe_rows, describe_tables, refuse_unfinished
from tests.contracts.backends import STORES

NAME = "sqlite of the test"


async def fill(store, users):
    for user_id in range(1, users + 1):
        await store.write(
            store.users.register(UserId(user_id), ChatId(user_id), "ru", now=user_id)
            + store.queues.put("outbox", f"say:{user_id}", user_id, {"text": "Привет, «мир» 😀"}, now=1)
            + store.cursors.move(f"stream {user_id:05}", 2**62 - user_id, now=1)
        )


@asynccontextmanager
async def filled(users=30):
    async with open_sqlite(":memory:") as database:
        await migrate(database, load_migrations())
        await fill(Store(database), users)
        yield database


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(transfer, "_PAGE", 7)


async def reports_of(reader):
    return [await describe_rows(reader, table) for table in await describe_tables()]


class CutOff(Exception):
    pass


class Cut:
    """A target that breaks at its nth write, before or after it is on disk."""

    def __init__(self, database, left, *, is_done):
        self.database, self.left, self.is_done = database, left, is_done

    async def write(self, write):
        self.left -= 1
        if self.left == 0:
            if self.is_done:
                await self.database.write(write)
            raise CutOff
        await self.database.write(write)

    def __getattr__(self, name):
        return getattr(self.database, name)


async def test_tables_are_those_of_the_schema():
    tables = {table.name: table for table in await describe_tables()}
    assert {"users", "effects", "queue_items", "leases", "vacancies"} <= set(tables)
    assert not {"members", "store_copies", "schema_migrations", "writable_probe"} & set(tables)
    assert tables["vacancies"].key == ("user_id", "board", "vacancy_id")
    assert all(table.key for table in tables.values())


@pytest.mark.parametrize("backend", STORES)
async def test_copy_there_and_back_is_equal(backend, tmp_path, small_pages):
    lines = []
    async with filled() as source, STORES[backend](tmp_path) as target:
        there = await copy_rows(source, target, source_name=NAME, tell=lines.append)
        assert {report.name: report.rows for report in there}["users"] == 30
        assert list(there) == await reports_of(source) == await reports_of(target)
        await refuse_unfinished(target)
        async with open_sqlite(str(tmp_path / "back.db")) as back:
            await migrate(back, load_migrations())
            assert await copy_rows(target, back, source_name="there") == there
            assert (await Store(back).queues.waiting("outbox", 5, limit=1))[0].payload == {"text": "Привет, «мир» 😀"}
    assert len(lines) == len(there)


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("backend", STORES)
async def test_copy_cut_off_anywhere_goes_on(backend, is_done, tmp_path, small_pages):
    async with filled() as source, STORES[backend](tmp_path) as target:
        for step in (1, 2, 3, 5, 8):
            with pytest.raises(CutOff):
                await copy_rows(source, Cut(target, step, is_done=is_done), source_name=NAME)
        with pytest.raises(CopyRefused, match="unfinished copy"):
            await refuse_unfinished(target)
        await copy_rows(source, target, source_name=NAME)
        await refuse_unfinished(target)
        assert await reports_of(source) == await reports_of(target)


async def test_unfinished_copy_is_not_opened_as_a_store(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with open_store(url) as store:
        target = store._database
        async with filled(3) as source:
            with pytest.raises(CutOff):
                await copy_rows(source, Cut(target, 3, is_done=True), source_name=NAME)
    with pytest.raises(CopyRefused, match="run `aurora store copy` again"):
        async with open_store(url):
            pass


async def test_target_that_is_used_is_refused():
    async with filled(2) as source, filled(1) as target:
        with pytest.raises(CopyRefused, match="not empty"):
            await copy_rows(source, target, source_name=NAME)
        assert len(await target.fetch_all("SELECT * FROM users")) == 1


async def test_unfinished_copy_of_another_source_is_refused(tmp_path):
    async with filled(3) as source, STORES["memory"](tmp_path) as target:
        with pytest.raises(CutOff):
            await copy_rows(source, Cut(target, 3, is_done=True), source_name="one")
        with pytest.raises(CopyRefused, match="copy of one"):
            await copy_rows(source, target, source_name="two")


async def test_source_that_changes_meanwhile_is_found_out(tmp_path, small_pages):
    async with filled(20) as source, STORES["memory"](tmp_path) as target:
        with pytest.raises(CutOff):
            await copy_rows(source, Cut(target, 12, is_done=True), source_name=NAME)
        await source.write(Store(source).cursors.move("stream 00001", 5, now=9))
        with pytest.raises(CopyRefused, match="cursors differs"):
            await copy_rows(source, target, source_name=NAME)
        with pytest.raises(CopyRefused):
            await refuse_unfinished(target)


async def test_checksum_tells_rows_apart_and_not_their_order(store):
    [table] = [table for table in await describe_tables() if table.name == "cursors"]
    empty = await describe_rows(store, table)
    await store.write(store.cursors.move("b", 2, now=1) + store.cursors.move("a", 1, now=1))
    first = await describe_rows(store, table)
    await store.write(store.cursors.move("a", 3, now=1))
    second = await describe_rows(store, table)
    await store.write(store.cursors.move("a", 1, now=1))
    assert (empty.rows, first.rows) == (0, 2)
    assert len({empty.checksum, first.checksum, second.checksum}) == 3
    assert await describe_rows(store, table) == first


async def test_text_with_a_character_0_is_no_difference(tmp_path):
    async with filled(1) as source, STORES["postgres15"](tmp_path) as target:
        await Store(source).write(Store(source).queues.put("outbox", "odd\0key", 1, {"text": "a\0b"}, now=1))
        await copy_rows(source, target, source_name=NAME)
        assert await target.fetch_one("SELECT count(*) FROM queue_items WHERE key = $1", "oddkey") == (1,)


async def test_copy_to_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "copy.db"
    async with filled(5) as source:
        await copy_to_file(source, str(path), source_name=NAME)
        assert [file.name for file in tmp_path.iterdir()] == ["copy.db"]
        async with open_store(f"sqlite:///{path}") as copy:
            assert await copy.users.count() == 5
        for file in tmp_path.iterdir():
            file.unlink()
        await source.write(transfer.statement("UPDATE schema_migrations SET checksum = 'x' WHERE number = 1"))
        with pytest.raises(CopyRefused, match="another release"):
            await copy_to_file(source, str(path), source_name=NAME)
    assert list(tmp_path.iterdir()) == []
