"""The late-commit machine: a right grace keeps everything single, and a short one is seen to double."""

from __future__ import annotations

import pytest

import daemon.autopilot.facts
import daemon.autopilot.reconcile
from tests.crash.machines.late_commit import DELAYS, DOWNTIMES, SHORT_SECONDS, run, try_point


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_sample_of_the_late_commit_machine_is_clean():
    report = run(size="sample")
    assert report.points == 3
    assert report.violations == ()


@pytest.mark.slow
def test_daemon_that_asks_at_once_is_found_out(monkeypatch):
    for module in (daemon.autopilot.facts, daemon.autopilot.reconcile):
        monkeypatch.setattr(module, "question_at", lambda _tools, effect: effect.sending_at)
    assert any("applied twice" in what for what in try_point("30:0:right", 1).violations)


@pytest.mark.slow
def test_machine_that_sees_nothing_says_so(monkeypatch):
    for module in (daemon.autopilot.facts, daemon.autopilot.reconcile):
        monkeypatch.setattr(module, "question_at", lambda _tools, effect: effect.sending_at + 40_000)
    assert try_point("20:0:short", 1).violations == ["blind: the grace is too short and nothing was doubled"]


def test_short_grace_ends_before_the_least_delay():
    longest_downtime = max(float(downtime) for downtime in DOWNTIMES if downtime != "alive")
    assert max(SHORT_SECONDS + 5, longest_downtime) < min(DELAYS)
