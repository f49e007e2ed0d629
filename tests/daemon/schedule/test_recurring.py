"""Recurring jobs: at their times, made up for once after downtime, never repeated by a restart."""

from __future__ import annotations

import random

import pytest
import trio

from daemon.clock import DAY
from daemon.schedule.recurrence import Every
from daemon.schedule.recurring import Job, RecurringJob, as_children
from daemon.supervisor.tree import open_supervisor
from store.errors import LeaseLost
from tests.fakes.owners import seize


class Counted:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.runs = []

    async def __call__(self):
        self.runs.append(trio.current_time())
        if self.errors:
            raise self.errors.pop(0)


async def test_job_runs_at_its_times(autojump_clock, store, clock, nursery):
    work = Counted()
    await nursery.start(RecurringJob(Job("count", Every(10), work), store, clock).run)
    await trio.sleep(3601)
    assert len(work.runs) in {7, 8}


async def test_missed_occurrences_are_made_up_for_once(autojump_clock, store, clock, nursery):
    work = Counted()
    await store.write(store.cursors.move("job:count", clock.now() - 3 * DAY, now=clock.now()))
    await nursery.start(RecurringJob(Job("count", Every(10), work), store, clock).run)
    await trio.testing.wait_all_tasks_blocked()
    assert work.runs == [0]


async def test_restart_repeats_nothing(autojump_clock, store, clock):
    work = Counted()
    for _ in range(3):
        with trio.move_on_after(1):
            await RecurringJob(Job("count", Every(24 * 60), work), store, clock).run()
    assert len(work.runs) == 1


async def test_failing_job_is_tried_again_by_the_supervisor(autojump_clock, store, clock):
    work = Counted(ValueError())
    async with open_supervisor(clock, random.Random(1)) as supervisor:
        for spec in as_children([Job("count", Every(24 * 60), work)], store, clock):
            await supervisor.start(spec)
        await trio.sleep(5)
        assert len(work.runs) == 2
        assert [child.name for child in supervisor.children()] == ["job:count"]


async def test_refused_guard_notes_nothing(autojump_clock, store, clock):
    work = Counted()
    guard = (await seize(store, "boot-1")).guard_role("upkeep")
    await seize(store, "boot-2")
    with pytest.raises(LeaseLost):
        await RecurringJob(Job("count", Every(10), work), store, clock, lambda: guard).run()
    assert len(work.runs) == 1
    assert await store.cursors.get("job:count") is None


async def test_children_run_where_they_are_wrapped_to(store, clock):
    wrapped = []

    def wrap(run):
        wrapped.append(run)
        return Counted()

    (spec,) = as_children([Job("count", Every(10), Counted())], store, clock, wrap=wrap)
    assert len(wrapped) == 1
    assert isinstance(spec.run, Counted)
