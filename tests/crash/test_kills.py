"""A small sample of the crash machine for every test run, and its negative control: without a ledger it must fail.

`make kills` runs the whole: 200 kills.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack

import pytest
import structlog
import trio

from tests.contracts.clusters import programs_of
from tests.crash.blows import HUNTING, IN_FLIGHT
from tests.crash.kills import make_orders, open_stores, summarise
from tests.crash.trial import FORGETFUL, Order, Result, run_trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run(order, folder):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return trio.run(run_trial, order, folder)


def test_kills_double_nothing_and_lose_nothing(tmp_path):
    result = run(Order(seed=5, kills=5, people=2, applications=5), tmp_path)
    assert result.verdict.problems == [], result.tail
    assert (result.kills, result.verdict.duplicates, result.verdict.lost) == (5, 0, 0)
    assert result.verdict.applied == 10


@pytest.mark.skipif(programs_of(15) is None, reason="no PostgreSQL 15 here")
def test_kill_on_a_server_doubles_nothing_and_loses_nothing(tmp_path):
    with ExitStack() as stack:
        url = next(open_stores(15, stack))
        result = run(Order(seed=7, kills=1, people=1, applications=2, phases=IN_FLIGHT[:1], store_url=url), tmp_path)
    assert result.verdict.problems == [], result.tail
    assert (result.kills, result.verdict.applied) == (1, 2)


def test_without_a_ledger_duplicates_are_found(tmp_path):
    order = Order(seed=6, kills=3, people=1, applications=5, arguments=FORGETFUL, phases=(IN_FLIGHT[0],))
    result = run(order, tmp_path)
    assert result.verdict.duplicates > 0, result.tail


def test_kills_are_dealt_out_to_trials():
    orders = make_orders(50, 7, 3, is_forgetful=False)
    assert [(order.seed, order.kills) for order in orders] == [(7, 20), (8, 20), (9, 10)]
    assert all(order.arguments != FORGETFUL and not order.phases for order in orders)
    [forgetful] = make_orders(10, 1, 2, is_forgetful=True)
    assert (forgetful.arguments, forgetful.phases) == (FORGETFUL, IN_FLIGHT)


def test_trials_are_summed_up():
    first, second = Result(kills=2, hits=1), Result(kills=3, hits=3)
    first.verdict.double("x", 2)
    second.verdict.lose("y")
    first.spread["apply"] += 2
    second.spread.update(apply=1, search=2)
    assert summarise([first, second]) == {
        "kills": 5,
        "in_their_moment": 4,
        "applied": 0,
        "duplicates": 2,
        "lost": 1,
        "doubled_messages": 0,
        "spread": {"apply": 3, "search": 2},
    }
    assert HUNTING
