"""What an operator did is noted with it or not at all."""

from __future__ import annotations

import pytest

from store.errors import Conflict
from store.tables.audit import AuditRow
from tests.fakes.rows import read_audit


async def test_acts_are_listed_the_last_first(store):
    for number in range(3):
        await store.write(store.audit.add(AuditRow(f"a{number}", number, "uid:1000", "pause", "user:7", "asked for")))
    await store.write(store.audit.add(AuditRow("b", 9, "uid:1000", "resume", "user:8", "")))
    assert [row.id for row in await read_audit(store)] == ["b", "a2", "a1", "a0"]


async def test_act_is_noted_only_if_it_happened(store):
    row = AuditRow("a", 1, "uid:1000", "pause", "user:7", "")
    with pytest.raises(Conflict):
        await store.write(store.audit.add(row) + store.hunts.set_wish(7, "paused", by="admin", reason="asked", now=1))
    assert await read_audit(store) == []
