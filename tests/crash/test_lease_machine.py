"""The lease machine: clean as it is, and not blind to writes of former owners or to a trust that never ends."""

from __future__ import annotations

import pytest

import store.tables.hunts
from store.durable.leases import Leases
from store.write import NOTHING
from tests.crash.machines.lease import STEALS, STORIES, TIMES, run, try_point

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_sample_of_the_lease_machine_is_clean():
    report = run(size="sample")
    assert report.points == sum(TIMES.values()) == 14
    assert report.violations == ()


def test_writes_of_former_owners_are_seen(monkeypatch):
    monkeypatch.setattr(Leases, "fence", lambda *_arguments: NOTHING)
    without = store.tables.hunts._NOTE_STEP.replace("AND epoch <= $2", "")
    monkeypatch.setattr(store.tables.hunts, "_NOTE_STEP", without)
    assert any("epoch: effect" in what for number in range(1, 4) for what in try_point(f"steal:{number}", 1).violations)


def test_sizes_are_what_is_asked_for():
    assert STORIES["faults"]["steal"] * STEALS == 50
    assert STORIES["full"]["steal"] * STEALS == 1_000
    assert STORIES["full"]["rolling"] == 20
