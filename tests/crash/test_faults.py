"""The runner: its table, its exit codes, and that a control which nobody catches fails the run."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.crash import faults
from tests.crash.broken import CONTROLS, apply_broken, find_control
from tests.crash.machines.report import Report, is_enough, repeat


@pytest.fixture
def machine(monkeypatch):
    """A machine that finds what it is told to find."""
    module = ModuleType("tests.crash.machines.pretended")
    module.violations = ()
    module.seen = []

    def run(*, size, seed=1, only=None):
        module.seen.append((size, seed, only))
        return Report("pretended", 3, 1.25, module.violations)

    module.run = run
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_a_clean_run_prints_its_table(machine, capsys):
    assert faults.main(["pretended", "--size", "sample", "--seed", "4", "--only", "x"]) == 0
    assert machine.seen == [("sample", 4, "x")]
    assert capsys.readouterr().out.splitlines() == [
        "machine           points   seconds  violations",
        "pretended              3       1.2           0",
    ]


def test_a_violation_is_printed_and_fails_the_run(machine, capsys):
    machine.violations = ("applied twice " + repeat("pretended", 4, "p9"),)
    assert faults.main(["pretended"]) == faults.VIOLATED
    said = capsys.readouterr().out
    assert "VIOLATION applied twice python -m tests.crash.faults pretended --seed 4 --only p9\n" in said


def test_machines_are_found_in_their_order():
    found = faults.find_machines()
    assert "report" not in found
    known = [name for name in found if name in faults.ORDER]
    assert known == sorted(known, key=faults.ORDER.index)


def test_a_control_that_nobody_wrote_is_not_caught(monkeypatch, capsys):
    monkeypatch.setattr(faults, "find_control", lambda _name: None)
    assert faults.run_controls(size="faults", seed=1) is False
    assert capsys.readouterr().out.splitlines()[-1] == f"controls caught: 0 of {len(CONTROLS)}"


def test_breaking_nothing_needs_no_module(monkeypatch):
    monkeypatch.delenv("CRASH_BROKEN", raising=False)
    apply_broken()
    monkeypatch.setenv("CRASH_BROKEN", "nobody_wrote_this")
    assert find_control("nobody_wrote_this") is None
    with pytest.raises(LookupError):
        apply_broken()


def test_a_broken_build_is_caught_by_its_first_violation(monkeypatch):
    assert not is_enough(["one"])
    monkeypatch.setenv("CRASH_STOP_AT_FIRST", "1")
    monkeypatch.setenv("CRASH_BROKEN", "no_grace")
    assert is_enough(["one"])
    assert not is_enough([])
    assert repeat("kill", 2, "p").endswith("--only p --broken no_grace")
