"""A short storm over three real daemons; `make storm` is the long one."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.contracts.clusters import programs_of
from tests.crash.storm import APPLICATIONS, Weather, report, run_storm

PEOPLE = 6


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(programs_of(15) is None, reason="no PostgreSQL 15 here")
async def test_everything_at_once_doubles_and_loses_nothing(tmp_path):
    weather = await run_storm(tmp_path, minutes=0.25, people=PEOPLE, seed=1)
    assert weather.found == []
    assert set(weather.errors) <= {"store_not_closed"}, "a stop while the database stands still"
    assert weather.applied == PEOPLE * APPLICATIONS


def test_report_names_every_fault():
    weather = Weather(Counter(kill=2, drain=1), found=["exit: one", "left over: two"], errors=Counter(stuck=1))
    assert report(weather) == [
        "gusts: drain 1, kill 2",
        "error lines: stuck 1",
        "applications made: 0; at rest 0.0 s after the storm",
        "FAULT: exit: one",
        "FAULT: left over: two",
    ]
