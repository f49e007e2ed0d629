"""The timetable: every job does what its row says."""

from __future__ import annotations

import pytest
import trio

from daemon.clock import DAY, HOUR
from daemon.timetable import make_timetable
from store.ids import BoardName, ChatId, UserId
from store.tables.oauth_states import OauthStateRow


async def run_all(store, clock):
    for job in make_timetable(store, clock):
        await job.run()


async def test_names_are_unique(autojump_clock, store, clock):
    names = [job.name for job in make_timetable(store, clock)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("hours", "left"), [(47, 1), (49, 0)])
async def test_tombstones_live_two_days(autojump_clock, store, clock, hours, left):
    await store.write(store.queues.put("inbox", "update:1", ChatId(1), {}, now=clock.now()))
    await store.write(store.queues.finish("inbox", "update:1", now=clock.now()))
    await trio.sleep(hours * HOUR / 1000)
    await run_all(store, clock)
    assert await store.queues.count("inbox", "finished") == left


async def test_old_logins_are_forgotten(autojump_clock, store, clock):
    for state, expires_at in (("old", clock.now() - 2 * DAY), ("late", clock.now() - HOUR)):
        await store.write(store.oauth_states.insert(OauthStateRow(state, UserId(1), BoardName("hh"), expires_at)))
    await run_all(store, clock)
    assert await store.oauth_states.get("old") is None
    assert await store.oauth_states.get("late") is not None
