"""The database machine: its sample is clean, it tries every sickness, and a daemon that is back too late is told."""

from __future__ import annotations

import pytest

from tests.contracts.clusters import programs_of
from tests.crash.machines import database
from tests.crash.machines.database import POINTS, choose_points, run
from tests.crash.sick_cluster import SICKNESSES, SickCluster

on_a_server = pytest.mark.skipif(programs_of(15) is None, reason="no PostgreSQL 15 here")
pytestmark = pytest.mark.timeout(400)


@on_a_server
@pytest.mark.slow
def test_sample_of_the_database_machine_is_clean():
    report = run(size="sample")
    assert report.points == POINTS["sample"]
    assert report.violations == ()


@on_a_server
@pytest.mark.slow
def test_daemon_that_is_back_too_late_is_told(monkeypatch):
    monkeypatch.setattr(database, "BACK_SECONDS", -1.0)
    (violation,) = run(size="sample", only="no_connections:2").violations
    assert "s after the database" in violation
    assert violation.endswith("python -m tests.crash.faults database --seed 1 --only no_connections:2")


def test_every_sickness_is_tried():
    tried = {point.partition(":")[0] for point in choose_points(POINTS["faults"], can_be_full=True)}
    assert tried == set(SICKNESSES)
    assert not any("full" in point for point in choose_points(POINTS["faults"], can_be_full=False))


@on_a_server
@pytest.mark.slow
def test_frozen_server_is_thawed_before_it_is_removed():
    cluster = SickCluster(may_be_full=False)
    cluster.fall_ill("freeze")
    cluster.remove()
    assert not cluster.server.folder.exists()
