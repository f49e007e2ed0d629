"""The protocol is what the backends are held to in tests/contracts; here only that they have all of it."""

from __future__ import annotations

import pytest

from store.database import BackedUpDatabase, Database, Reader, Transaction, Wakeups
from store.postgres import PostgresDatabase, PostgresTransaction
from store.sqlite import SqliteDatabase, SqliteTransaction
from store.store import Store
from store.wakeups import TopicWakeups


def verbs(protocol):
    return {name for name in dir(protocol) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "implementation"),
    [
        (Reader, SqliteDatabase),
        (Database, SqliteDatabase),
        (BackedUpDatabase, SqliteDatabase),
        (BackedUpDatabase, Store),
        (BackedUpDatabase, PostgresDatabase),
        (Transaction, PostgresTransaction),
        (Transaction, SqliteTransaction),
        (Wakeups, TopicWakeups),
    ],
)
def test_implementation_has_every_verb(protocol, implementation):
    assert verbs(protocol) <= verbs(implementation)
