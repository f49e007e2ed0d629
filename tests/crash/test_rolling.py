"""What the rolling trial measures is judged; the trial itself is `make rolling`, a small fleet is in `test_fleet.py`."""

from __future__ import annotations

from tests.crash.rolling import Limits, Order, Report, _settled_since, table
from tests.crash.thousand import milliseconds_of


def test_what_is_not_as_it_must_be_is_said():
    report = Report(Order(lease_seconds=5), handed_over=[0.1, 2.5], taken_over=[6.9, 7.1], codes=[0, 1], lost=2)
    assert report.faults(Limits()) == [
        "2 hunts lost",
        "exit codes [0, 1]",
        "handed over in 2.50 s",
        "taken over in 7.10 s",
    ]
    assert report.faults(None) == ["2 hunts lost", "exit codes [0, 1]"]


def test_table_says_the_longest_pause():
    report = Report(Order(), exits=[0.5], pauses=[3.0, 17.25, 2.0], events=["roll", "kill", "kill"])
    lines = table(report)
    assert lines[1] == "1 rolling restarts, 2 SIGKILLs"
    assert lines[-1] == "longest pause of any hunt: 17.25 s"


def test_daemon_has_settled_when_hunts_of_its_last_gain_run(tmp_path):
    class Ship:
        folder = tmp_path

    def say(*lines):
        (tmp_path / "daemon.log").write_text("\n".join(lines), encoding="utf-8")

    moved = '{"at":"2026-11-21T10:00:05.000+00:00","event":"shards_moved","gained":3}'
    roles = '{"at":"2026-11-21T10:00:09.000+00:00","event":"shards_moved","gained":0}'
    settled = '{"at":"2026-11-21T10:00:0%d.000+00:00","event":"hunts_settled"}'
    signal_at = milliseconds_of("2026-11-21T10:00:04.000+00:00")
    say(settled % 3)
    assert not _settled_since(Ship, signal_at)
    say(moved, settled % 3)
    assert not _settled_since(Ship, signal_at)
    say(moved, roles, settled % 6)
    assert _settled_since(Ship, signal_at)
    assert not _settled_since(Ship, milliseconds_of("2026-11-21T10:00:07.000+00:00"))
