"""Everything of the store is reached from one place, and /readyz learns whether it takes writes."""

from __future__ import annotations

import pytest
import trio

from store.errors import StoreUnavailable
from store.factory import open_store
from store.store import Store
from tests.store.test_sqlite import largest_file

ATTRIBUTES = [
    "users",
    "consents",
    "data_keys",
    "profiles",
    "board_accounts",
    "oauth_states",
    "hunts",
    "vacancies",
    "quarantine",
    "cards",
    "audit",
    "usage",
    "leases",
    "members",
    "checkpoints",
    "queues",
    "effects",
    "journals",
    "timers",
    "cursors",
]


async def test_one_attribute_per_table_and_tool(store):
    assert sorted(name for name in vars(store) if not name.startswith("_")) == sorted(ATTRIBUTES)


OWN = {"writer_commits"}
"""What the backend of PostgreSQL keeps for itself."""
CATALOGUES = {
    "memory": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}


async def test_every_table_of_the_schema_is_there(store, request):
    catalogue = CATALOGUES["postgres" if "postgres" in request.node.name else "memory"]
    tables = {row[0] for row in await store.fetch_all(catalogue)} - OWN
    renamed = {"queues": "queue_items"}
    assert {renamed.get(name, name) for name in ATTRIBUTES} | {
        "journal_entries",
        "schema_migrations",
        "store_copies",
        "writable_probe",
    } == tables


async def test_write_of_several_tools_is_one(store):
    await store.write(
        store.users.register(7, 7, "ru", now=1)
        + store.queues.put("inbox", "update:1", 7, {}, now=1)
        + store.cursors.move("telegram", 2, now=1)
    )
    assert await store.fetch_one("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM queue_items)") == (1, 1)


async def test_transaction_reaches_the_database(store):
    async with store.transaction() as transaction:
        await transaction.execute("INSERT INTO cursors VALUES ('a', 1, 1)")
    assert await store.cursors.get("a") == 1


async def test_writable_store_says_nothing(store):
    await store.check_writable()
    await store.check_writable()


async def test_store_on_a_full_disk_is_not_writable_and_then_is_again(store_path):
    async with open_store(f"sqlite:///{store_path}") as store:
        with largest_file(4096), pytest.raises(StoreUnavailable, match=store_path):
            await store.check_writable()
        await store.check_writable()


class HungDatabase:
    """A disk that does not answer."""

    async def write(self, write):
        await trio.sleep_forever()


async def test_store_that_does_not_answer_is_not_writable(autojump_clock):
    with pytest.raises(StoreUnavailable, match="did not answer within 5 s"):
        await Store(HungDatabase()).check_writable()


async def test_backup_is_a_store(embedded_store, tmp_path):  # PostgreSQL is backed up by its own tools
    store = embedded_store
    await store.write(store.users.register(7, 7, "ru", now=1))
    await store.backup(tmp_path / "backup.db")
    async with open_store(f"sqlite:///{tmp_path}/backup.db") as copy:
        assert await copy.users.count() == 1
