"""On a shared store every write for a person, and every role's, carries the fence of whoever makes it.

The whole daemon lives a newcomer's story, a pause, an approval and a goodbye on a store that calls itself shared, and
every single write it hands to the store is looked at: a room that forgets its fence is found by name.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
import trio

from store.store import Store
from tests.journeys.stage import open_stage

pytestmark = pytest.mark.slow

FENCE = re.compile(r"\s*SELECT 1 FROM leases")
CHANGE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
SOMEBODYS = {
    "hunts",
    "vacancies",
    "effects",
    "checkpoints",
    "journals",
    "journal_entries",
    "cards",
    "board_accounts",
    "profiles",
    "consents",
    "users",
    "timers",
    "cursors",
    "queue_items",
}
NOBODYS = {
    "leases": "who owns what is what this is about",
    "members": "the same",
    "writable_probe": "a probe of the disk",
    "data_keys": "a key is made once, whoever makes it; the second is refused",
    "oauth_states": "random names; the web door of any process takes a return",
    "usage": "a line in a book, with an id of its own",
    "audit": "the same",
    "quarantine": "guarded by name of the child: tests/daemon/supervisor/test_stored_quarantine.py",
}


class Audit:
    """Looks at writes on their way to the store."""

    def __init__(self, monkeypatch):
        self.fenced = Counter()
        self.bare = []
        real = Store.write

        def write(store, wanted):
            self.look_at(wanted)
            return real(store, wanted)

        monkeypatch.setattr(Store, "write", write)

    def look_at(self, wanted):
        is_fenced = any(FENCE.match(one.sql) for one in wanted.statements)
        for one in wanted.statements:
            change = CHANGE.match(one.sql)
            if change is None:
                continue
            verb, table = change.groups()
            assert table in SOMEBODYS | NOBODYS.keys(), f"{table}: whose is it?"
            if table in NOBODYS or self.is_free(verb, table, one):
                continue
            if is_fenced:
                self.fenced[table] += 1
            else:
                self.bare.append(" ".join(one.sql.split())[:160])

    @staticmethod
    def is_free(verb, table, one):
        if table == "queue_items" and verb == "INSERT INTO":
            return True  # whoever has news for a person puts it there; who owns the person takes it
        if table == "queue_items" and verb == "DELETE FROM":
            return True  # upkeep forgets tombstones of days ago, and no harm is done by doing so twice
        return table == "board_accounts" and one.parameters[0] == 0  # the application's own account


async def test_every_write_for_a_person_carries_its_fence(autojump_clock, tmp_path, monkeypatch):
    monkeypatch.setattr(Store, "is_shared", property(lambda _store: True))
    audit = Audit(monkeypatch)
    async with open_stage(tmp_path) as stage:
        stage.enter()
        await stage.until("application_made", 2)
        await stage.until_said("✅ Отклик отправлен", 2)
        (chat,) = stage.accounts
        for words in ("/pause", "/autopilot", "/status", "/language", "/cancel", "/delete"):
            stage.world.people.send_text(chat, words)
            await trio.sleep(30)
        await trio.sleep(1200)
    assert not audit.bare, "; ".join(audit.bare)
    assert SOMEBODYS - audit.fenced.keys() <= {"timers"}, "the story has to meet every kind of write"
