"""The metrics page: what the store holds is on it, and a store that does not answer does not take the page along."""

from __future__ import annotations

import pytest
import trio

from daemon.metrics import Metrics
from daemon.web.metrics_page import READ_SECONDS, MetricsPage
from store.errors import StoreUnavailable
from store.ids import BoardName, ChatId, UserId
from store.tables.hunts import HuntRow


@pytest.fixture
def page(store):
    return MetricsPage(Metrics(), store)


def hunt(user_id, wish):
    return HuntRow(UserId(user_id), BoardName("hh"), wish, "person", "", 1, "auto", "python")


async def lines(page):
    return (await page.make()).decode().splitlines()


async def test_queues_hunts_and_people_are_counted(autojump_clock, store, page):
    await store.write(store.queues.put("inbox", "update:1", ChatId(1), {}, now=1))
    await store.write(store.queues.put("inbox", "update:2", ChatId(1), {}, now=1))
    await store.write(store.queues.bury("inbox", "update:1", now=2, error="ValueError"))
    await store.write(
        store.users.register(UserId(1), ChatId(1), "ru", now=1) + store.hunts.insert_new(hunt(1, "running"))
    )
    told = await lines(page)
    assert 'aurora_queue_waiting{queue="inbox"} 1.0' in told
    assert 'aurora_queue_buried{queue="inbox"} 1.0' in told
    assert 'aurora_hunts{wish="running"} 1.0' in told
    assert "aurora_users 1.0" in told


async def test_acts_outside_are_counted_by_state(autojump_clock, store, page):
    await store.write(store.effects.plan("application", "1:hh:5", UserId(1), {}, now=1))
    await store.write(store.effects.plan("application", "1:hh:6", UserId(1), {}, now=1))
    await store.write(store.effects.begin("application", "1:hh:5", attempt=1, epoch=1, boot_id="b", now=2))
    await store.write(store.effects.confirm("application", "1:hh:5", external_id="7", now=3))
    told = await lines(page)
    assert 'aurora_effects{effect="application:confirmed"} 1.0' in told
    assert 'aurora_effects{effect="application:planned"} 1.0' in told


async def test_page_is_made_anew_each_time(autojump_clock, store, page):
    assert "aurora_users 0.0" in await lines(page)
    await store.write(store.users.register(UserId(1), ChatId(1), "ru", now=1))
    assert "aurora_users 1.0" in await lines(page)


async def test_store_that_fails_leaves_the_last_figures(autojump_clock, store, page, logged, monkeypatch):
    async def fail(*_args):
        raise StoreUnavailable

    await store.write(store.users.register(UserId(1), ChatId(1), "ru", now=1))
    await page.make()
    monkeypatch.setattr(store.queues, "count", fail)
    assert "aurora_users 1.0" in await lines(page)
    assert logged[-1]["event"] == "figures_not_read"


async def test_store_that_hangs_does_not_hang_the_page(autojump_clock, store, page, monkeypatch):
    async def hang(*_args):
        await trio.sleep_forever()

    monkeypatch.setattr(store.queues, "count", hang)
    assert "aurora_users 0.0" in await lines(page)
    assert trio.current_time() == READ_SECONDS
