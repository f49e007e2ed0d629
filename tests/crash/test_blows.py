"""The crash machine's moments: seeded, spread, met by the world's log, given up when they do not come."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import trio

from daemon.clock import TrioClock
from daemon.sandbox.world import open_world
from tests.crash.blows import (
    ANSWERED,
    HUNTING,
    IN_FLIGHT,
    ONBOARDING,
    PATIENCE_SECONDS,
    RECONCILE,
    STARTING,
    choose,
    wait_for,
)


@pytest.fixture
async def world():
    async with open_world(TrioClock(), 1) as world:
        yield world


class Now(random.Random):
    """Strikes at the first instant."""

    def choice(self, seq):
        return seq[0]


def test_blows_are_spread_over_everything():
    chance, before, kinds = random.Random(1), None, Counter()
    for number in range(400):
        before = choose(chance, before, is_new=number % 20 < 3)
        kinds[before.name.partition(":")[0]] += 1
    assert set(kinds) == {"onboarding", "login", "refresh", "search", "letter", "apply", "reconcile", "start"}
    assert min(kinds.values()) >= 8


def test_newcomers_are_struck_while_getting_acquainted():
    chance = random.Random(1)
    assert {choose(chance, None, is_new=True) for _ in range(50)} == set(ONBOARDING)
    assert {choose(chance, None, is_new=False) for _ in range(200)} == set(HUNTING)


def test_doubts_are_often_asked_about():
    chance = random.Random(1)
    after = [choose(chance, IN_FLIGHT[0], is_new=False) for _ in range(100)]
    assert 40 < sum(phase in RECONCILE for phase in after) < 80


async def test_a_moment_is_met_by_the_log(world, autojump_clock, nursery):
    async def apply():
        await trio.sleep(3)
        world.log.note("application_made")

    nursery.start_soon(apply)
    assert await wait_for(ANSWERED, world, Now()) is True
    assert trio.current_time() == pytest.approx(3)


async def test_a_fault_stretches_its_moment_and_goes(world, autojump_clock):
    seen = []

    async def look():
        await trio.sleep(1)
        seen.extend(world.faults.listing())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        assert await wait_for(IN_FLIGHT[0], world, Now()) is False
    assert [(fault.kind, fault.path, fault.count) for fault in seen] == [("slow_answer", "/negotiations", 1)]
    assert world.faults.listing() == ()


async def test_a_moment_that_does_not_come_is_taken_as_it_is(world, autojump_clock):
    assert await wait_for(ANSWERED, world, Now()) is False
    assert trio.current_time() == pytest.approx(PATIENCE_SECONDS)


async def test_a_start_is_struck_at_any_instant(world, autojump_clock):
    assert await wait_for(STARTING, world, random.Random(1)) is True
    assert 0 < trio.current_time() < 2
