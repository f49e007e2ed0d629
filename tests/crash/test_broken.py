"""Each broken build is one module that names the machines which must catch it, and breaks only when told to."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import store.store
from store.write import statement
from tests.crash import broken
from tests.crash.broken import CONTROLS, cursor_before_inbox, find_control
from tests.crash.faults import ORDER

BREAKS = {
    "no_ledger": ("daemon.autopilot.autopilot", "inherit"),
    "no_reconcile": ("daemon.autopilot.autopilot", "ask_board"),
    "no_grace": ("daemon.autopilot.reconcile", "question_at"),
    "unshielded_confirm": ("daemon.autopilot.apply", "trio"),
    "swallowed_cancel": ("daemon.autopilot.apply", "_call_board"),
    "ack_before_commit": ("telegram_client.long_poll", "get_updates"),
}
"""What each puts something else in the place of, as far as the kill machine's are concerned."""


def keep(monkeypatch, owner, name):
    """As it is now, it is again after the test."""
    before = getattr(owner, name)
    monkeypatch.setattr(owner, name, before)
    return before


def test_every_module_is_a_control_and_names_its_machines():
    modules = {module.name for module in pkgutil.iter_modules(broken.__path__)}
    assert {*BREAKS} <= modules <= {*CONTROLS}
    for name in modules:
        machines = find_control(name).MACHINES
        assert machines
        assert {*machines} <= {*ORDER}


@pytest.mark.parametrize("name", BREAKS)
def test_a_control_breaks_what_it_says_and_only_when_applied(name, monkeypatch):
    module, attribute = importlib.import_module(BREAKS[name][0]), BREAKS[name][1]
    if name == "unshielded_confirm":
        keep(monkeypatch, importlib.import_module("daemon.supervisor.finishing"), "trio")
    if name == "no_grace":
        keep(monkeypatch, importlib.import_module("daemon.autopilot.facts"), "question_at")
    before = keep(monkeypatch, module, attribute)
    control = find_control(name)
    assert getattr(module, attribute) is before
    control.apply()
    assert getattr(module, attribute) is not before


async def test_the_cursor_control_writes_the_cursor_first_and_by_itself(monkeypatch):
    seen = []

    async def write(_self, write):
        seen.append([one.sql for one in write.statements])

    monkeypatch.setattr(store.store.Store, "write", write)
    cursor_before_inbox.apply()
    put, cursor = statement("INSERT INTO queue_items"), statement("INSERT INTO cursors")
    broken_store = store.store.Store.__new__(store.store.Store)
    for wanted in (put + cursor, put, cursor):
        await broken_store.write(wanted)
    assert seen == [
        ["INSERT INTO cursors"],
        ["INSERT INTO queue_items"],
        ["INSERT INTO queue_items"],
        ["INSERT INTO cursors"],
    ]
