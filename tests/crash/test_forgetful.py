"""The ledger switched off: what was on its way is taken for never sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.crash.forgetful import forget


def test_what_was_on_its_way_is_planned_again(tmp_path):
    path = tmp_path / "aurora.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE effects (key TEXT, state TEXT, sending_at INTEGER)")
        states = ["planned", "sending", "ambiguous", "confirmed", "refused"]
        connection.executemany("INSERT INTO effects VALUES (?, ?, 1)", [(state, state) for state in states])
    assert forget(path) == 2
    with closing(sqlite3.connect(path)) as connection:
        left = dict(connection.execute("SELECT key, state FROM effects"))
    assert left == {
        "planned": "planned",
        "sending": "planned",
        "ambiguous": "planned",
        "confirmed": "confirmed",
        "refused": "refused",
    }


def test_a_first_start_has_nothing_to_forget(tmp_path):
    assert forget(tmp_path / "aurora.db") == 0
    (tmp_path / "aurora.db").touch()
    assert forget(tmp_path / "aurora.db") == 0
