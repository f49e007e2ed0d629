"""The simulation: its sample is clean, a seed is a story, and a daemon that forgets what it sent is found out."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from daemon.autopilot import autopilot
from tests.crash.broken.no_ledger import send_again
from tests.crash.lives import replaced
from tests.crash.machines.simulation import ABOUT, plan_deaths, run, run_seed

MOST_SEEDS = 60
"""One in eight dies between an application and its answer; which ones do moves with the code."""


@pytest.mark.slow
def test_sample_of_the_simulation_is_clean():
    report = run(size="sample")
    assert report.points == 10
    assert report.violations == ()


def test_same_seed_leaves_the_same_trace():
    first, again, other = run_seed(3), run_seed(3), run_seed(4)
    assert first == again
    assert first[1] != other[1]


def test_deaths_are_of_every_kind_and_about_everything():
    chance = random.Random(1)
    deaths = [death for _ in range(400) for death in plan_deaths(chance)]
    kinds = Counter(death.kind for death in deaths)
    assert kinds["step"] > kinds["moment"] > kinds["stop"] > 0
    assert {death.about for death in deaths} == set(ABOUT)


def test_daemon_that_forgets_what_it_sent_is_found_out():
    with replaced(autopilot, "inherit", send_again):
        for seed in range(1, MOST_SEEDS + 1):
            violations = run(size="sample", only=str(seed)).violations
            if any("applied twice" in violation for violation in violations):
                break
        else:
            raise AssertionError("nobody noticed")
    assert violations[0].endswith(f"--only {seed}")
