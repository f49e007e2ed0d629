"""The simulation: its sample is clean, a seed is a story, and a daemon that forgets what it sent is found out."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from daemon.autopilot import autopilot
from store.write import statement
from tests.crash.lives import replaced
from tests.crash.machines.simulation import ABOUT, plan_deaths, run, run_seed

DOUBLED_BY_THE_FORGETFUL = 2
"""A seed whose first life dies between an application and its answer."""


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
    async def forget(hunt):
        for effect in hunt.facts.open_effects:
            if effect.state == "sending":
                write = statement("UPDATE effects SET state = 'planned' WHERE key = $1", effect.key)
                await hunt.commit(write, hunt.progress.to("inheriting"))

    with replaced(autopilot, "inherit", forget):
        report = run(size="sample", only=str(DOUBLED_BY_THE_FORGETFUL))
    assert any("applied twice" in violation for violation in report.violations)
    assert report.violations[0].endswith(f"--only {DOUBLED_BY_THE_FORGETFUL}")
