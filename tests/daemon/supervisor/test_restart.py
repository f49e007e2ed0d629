"""Restart policy: arithmetic only."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.supervisor.restart import RestartPolicy


def test_longest_wait_doubles_up_to_the_limit():
    policy = RestartPolicy(first_delay_seconds=1, longest_delay_seconds=10)
    assert [policy.longest_wait(failures) for failures in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 10, 10]


def test_thousandth_failure_does_not_overflow():
    assert RestartPolicy().longest_wait(10_000) == 300


@given(st.integers(1, 500), st.randoms())
def test_wait_is_between_nothing_and_the_longest(failures, chance):
    policy = RestartPolicy()
    assert 0 <= policy.wait_before(failures, chance) <= policy.longest_wait(failures)


def test_wish_to_wait_is_kept_and_crowd_parted():
    waits = {RestartPolicy().wait_before(1, random.Random(seed), 30) for seed in range(20)}
    assert all(30 <= wait <= 31 for wait in waits)
    assert len(waits) == 20


def test_negative_wish_is_no_time_travel():
    assert RestartPolicy(first_delay_seconds=0).wait_before(1, random.Random(1), -5) == 0


def test_budget_counts_only_its_period():
    policy = RestartPolicy(budget=2, budget_period_seconds=100)
    failed_at = [0.0, 50.0, 99.0]
    assert policy.is_over_budget(failed_at, 99.5)
    assert not policy.is_over_budget(failed_at, 100.0)
    assert failed_at == [50.0, 99.0]


def test_distance_between_probes_about_doubles_up_to_a_day():
    policy, inside, waits = RestartPolicy(quarantine_probe_seconds=1800), 0.0, []
    for seed in range(12):
        waits.append(policy.probe_after(inside, random.Random(seed)))
        inside += waits[-1]
    assert 1620 <= waits[0] <= 1980
    assert all(later > sooner * 0.8 for sooner, later in pairwise(waits))
    assert waits[6] > 20 * waits[0]
    assert all(0.9 * 86_400 <= wait <= 1.1 * 86_400 for wait in waits[-3:])
