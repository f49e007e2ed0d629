"""Tables for people: nothing is lost, nothing is read as markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from daemon.admin.tables import print_reply, show_duration


def shown(verb, reply):
    console = Console(file=io.StringIO(), width=120, highlight=False)
    print_reply(console, verb, reply)
    return console.file.getvalue()


def test_scalars_stand_in_a_grid():
    out = shown(
        "status", {"version": "0.1.0", "uptime_seconds": 125, "is_ready": False, "missing": ["poller"], "next": None}
    )
    for part in ("version", "0.1.0", "uptime", "2 min 05 s", "ready", "no", "poller", "–"):
        assert part in out


def test_records_stand_in_a_table():
    out = shown("users", {"total": 2, "users": [{"user": 1, "wish": "running"}, {"user": 22, "wish": None}]})
    assert [cell for cell in ("user", "wish", "22", "running", "–") if cell not in out] == []


def test_mapping_is_one_line():
    assert "running 2, held 1" in shown("status", {"children": {"running": 2, "held": 1}})


def test_text_is_never_markup():
    assert "[bold]x[/bold]" in shown("why", {"verdict": "[bold]x[/bold]"})
    assert "[red]" in shown("users", {"users": [{"step": "[red]"}]})


def test_tree_is_indented_and_says_when_it_is_cut():
    line = {
        "depth": 2,
        "name": "poller",
        "phase": "waiting",
        "seconds": 61,
        "restarts": 3,
        "last_error": "E@x",
        "place": None,
    }
    out = shown("tree", {"tasks": 9, "lines": [line], "is_cut": True})
    assert out.startswith("    poller  waiting  1 min 01 s  3 restarts, last E@x")
    assert "9 tasks, cut short" in out


def test_event_is_one_line_with_what_was_left_out():
    out = shown("events", {"event": {"at": "12:00", "level": "info", "event": "poll", "count": 3}, "dropped": 5})
    assert out.splitlines() == ["… 5 lines left out", "12:00 info poll count=3"]


def test_plain_value_is_printed():
    assert shown("x", "hello") == "hello\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3_700, "1 h 01 min"), (273_600, "3 d 04 h")]
)
def test_duration_is_short(seconds, text):
    assert show_duration(seconds) == text
