"""A small crowd for every test run: a deploy doubles nothing, wakes nobody who paused, and owns all who wish to hunt.

`make thousand` runs the whole and holds it to its times.
"""

from __future__ import annotations

import logging

import pytest
import structlog
import trio

from tests.crash.crowd import Gatekeeper
from tests.crash.thousand import Life, Limits, Order, Report, run_deploy, table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PATIENT = Limits(owned_seconds=60, exit_seconds=15)
"""For a machine that does something else too."""


def test_deploy_in_the_middle_of_hunts(tmp_path):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    report = trio.run(run_deploy, Order(users=50, paused=5, applications=20, pause_seconds=2), tmp_path)
    assert report.faults(PATIENT) == []
    assert [life.exit_code for life in (report.idle, *report.lives)] == [0, 0, 0]
    assert all(life.applied >= 20 for life in report.lives)
    assert sum(life.too_fast for life in report.lives) == 0


def test_what_is_not_as_it_must_be_is_said():
    fine = Life(exit_code=0, owned=1, exit_seconds=1)
    bad = Life(exit_code=1, owned=6, exit_seconds=3, most_a_second_and_token=4)
    report = Report(
        Order(users=3, paused=2), idle=fine, lives=[fine, bad], duplicates=1, unknown_to_board=2, paused_after=1
    )
    assert report.faults(Limits()) == [
        "1 applications made twice",
        "0 unknown to the ledger, 2 to the board",
        "1 of 2 paused hunts stayed paused",
        "life 2 ended with 1",
        "life 2: 4 requests a second with one token",
        "life 2: 3.00 s from SIGTERM to the end",
        "life 2: 6.00 s until all hunts were owned and scheduled",
    ]
    assert len(report.faults(None)) == 5
    assert "6.00 s" in "\n".join(table(report))


def test_knocks_are_counted_by_second_and_token():
    class Board:
        async def handle(self, request):
            return Response(429 if request.path.endswith("late") else 200)

    from daemon.sandbox.service import Request, Response

    async def knock():
        gate = Gatekeeper(Board())
        for path, token in (("/hh/a", "x"), ("/hh/b", "x"), ("/hh/late", "y"), ("/telegram/a", "")):
            await gate.handle(Request("GET", path, headers={"authorization": token}))
        return gate

    gate = trio.run(knock)
    assert (gate.requests, gate.most_a_second, gate.most_a_second_and_token, gate.too_fast) == (3, 3, 2, 1)
    gate.begin()
    assert gate.requests == 0
