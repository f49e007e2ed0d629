"""The timetable: every job does what its row says."""

from __future__ import annotations

import pytest
import trio

from daemon.clock import DAY, HOUR
from daemon.timetable import make_timetable
from daemon.vault import Vault, make_secret_key
from store.ids import BoardName, ChatId, UserId
from store.tables.oauth_states import OauthStateRow

KEY = make_secret_key()


async def run_all(store, clock, vault=None):
    for job in make_timetable(store, clock, vault or Vault(store, KEY, clock)):
        await job.run()


async def test_names_are_unique(autojump_clock, store, clock):
    names = [job.name for job in make_timetable(store, clock, Vault(store, KEY, clock))]
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


async def test_data_keys_come_under_the_newest_secret_key(autojump_clock, store, clock):
    await Vault(store, KEY, clock).seal(UserId(1), "letter", "text")
    new = make_secret_key()
    await run_all(store, clock, Vault(store, new, clock, older=[KEY]))
    await Vault(store, new, clock).check()
