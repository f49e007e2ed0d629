"""The network machine: its sample is clean, its cells cover every fault at every service, and a story cut short shows."""

from __future__ import annotations

import pytest

from tests.crash import scene
from tests.crash.flaky_proxy import FAULTS
from tests.crash.hasty_daemon import TOTAL_SECONDS
from tests.crash.machines.network import FAULTS_POINTS, OF_DATABASE, OF_SERVICES, choose_points, run
from tests.crash.scene import DATABASE, PACE, SERVICES


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_sample_of_the_network_machine_is_clean():
    report = run(size="sample")
    assert report.points == 3
    assert report.violations == ()


@pytest.mark.slow
def test_story_that_does_not_end_is_a_violation(monkeypatch):
    monkeypatch.setattr(scene, "PATIENCE_SECONDS", 0.5)
    report = run(size="sample", only="hang:board:hunt:1")
    assert "not over after 0.5 s, 0 applications" in report.violations[0]
    assert any("the fault never struck" in violation for violation in report.violations)
    assert report.violations[0].endswith("python -m tests.crash.faults network --seed 1 --only hang:board:hunt:1")


@pytest.mark.parametrize(("services", "has_server"), [(SERVICES, False), ((*SERVICES, DATABASE), True)])
def test_cells_cover_every_fault_at_every_service(services, has_server):
    chosen = choose_points("faults", 1, has_server=has_server)
    assert len(chosen) == max(FAULTS_POINTS, len(FAULTS) * len(services))
    assert {tuple(point.split(":")[:2]) for point in chosen} == {(f, s) for f in FAULTS for s in services}
    everything = choose_points("full", 1, has_server=has_server)
    places = len(SERVICES) * len(OF_SERVICES) + len(OF_DATABASE) * has_server
    assert len(set(everything)) == 2 * len(FAULTS) * places >= 120


def test_grace_is_longer_than_any_request():
    assert float(PACE["AURORA_AUTOPILOT__GRACE_SECONDS"]) > TOTAL_SECONDS
