"""A small crowd in every stage, killed and taken up again, for every test run; and that faults are seen.

`make recovery` does it with ten thousand and holds the daemon to its times.
"""

from __future__ import annotations

import logging

import pytest
import structlog
import trio

from daemon.sandbox.service import Request, Response
from tests.crash.recovery import CountingGate, Limits, Order, Recovered, run_recovery
from tests.crash.stages import STAGES, stage_of
from tests.crash.thousand import Life


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_hunts_in_every_stage_outlive_a_sigkill(tmp_path):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    result = trio.run(run_recovery, Order(users=64, first_seconds=3, watch_seconds=15), tmp_path)
    assert result.faults(None) == []
    assert result.stages == dict.fromkeys(STAGES, 8)
    assert result.life.requests > 0
    assert sum(result.requests) == result.life.requests
    assert len(result.megabytes) >= 10


def test_everybody_has_a_stage():
    assert [stage_of(number) for number in range(9)] == [*STAGES, STAGES[0]]


def recovered(**life):
    result = Recovered(Order(users=80), stages=dict.fromkeys(STAGES, 10), paused=10, quarantined=10)
    result.life = Life(exit_code=0, **life)
    return result


def test_fine_recovery_has_no_faults():
    result = recovered(owned=1.0)
    result.megabytes, result.idle_megabytes, result.searches = [100.0] * 20, 80.0, [10] * 30
    assert result.faults(Limits()) == []
    assert "owned and scheduled" in "\n".join(result.table())


def test_what_is_not_as_it_must_be_is_said():
    result = recovered(owned=11.0, most_a_second_and_token=5, too_fast=3)
    result.life.exit_code = 1
    result.deploy.duplicates, result.deploy.unknown_to_board = 2, 1
    result.woken = 1
    result.megabytes, result.idle_megabytes, result.searches = [100.0] * 10 + [200.0] * 10, 80.0, [90]
    result.settled_at = 0
    assert result.faults(Limits()) == [
        "2 applications made twice",
        "0 unknown to the ledger, 1 to the board",
        "10 paused, 10 quarantined, 1 of them woke up",
        "the second life ended with 1",
        "5 requests a second with one token",
        "3 requests refused as too fast",
        "11.0 s until all were owned and scheduled",
        "90 searches in one second",
        "120 MB for 80 hunts",
        "100 MB more at the end than when all had started",
    ]
    assert len(result.faults(None)) == 6


async def test_searches_are_counted_apart():
    class Board:
        async def handle(self, request):
            return Response(200)

    gate = CountingGate(Board())
    for path in ("/hh/vacancies", "/hh/vacancies/7", "/hh/negotiations", "/telegram/x"):
        await gate.handle(Request("GET", path))
    assert (sum(gate.by_second.values()), sum(gate.searches_by_second.values())) == (3, 1)
    gate.begin()
    assert not gate.by_second
