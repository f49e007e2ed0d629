"""getUpdates: long polling, confirmation, redelivery, a single consumer."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from daemon.clock import DAY, SECOND
from daemon.sandbox.telegram_errors import MethodRefused
from daemon.sandbox.telegram_updates import UpdateQueue


@pytest.fixture
async def queue(autojump_clock, world_clock, world_log):
    return UpdateQueue(world_clock, world_log, first_id=10)


def put(queue, *texts):
    return [queue.put("message", {"text": text}) for text in texts]


async def fetch(queue, offset=0, limit=100, wait=0, allowed=None):
    return [update["update_id"] for update in await queue.fetch(offset, limit, wait, allowed)]


async def test_ids_ascend_from_the_first(queue):
    assert put(queue, "a", "b") == [10, 11]


async def test_updates_are_handed_out_again_until_confirmed(queue):
    put(queue, "a", "b", "c")
    assert await fetch(queue) == [10, 11, 12]
    assert await fetch(queue) == [10, 11, 12]
    assert await fetch(queue, offset=12) == [12]
    assert await fetch(queue) == [12]
    assert queue.pending == 1


async def test_confirmations_stand_in_the_log(queue, world_log):
    put(queue, "a", "b")
    await fetch(queue, offset=11)
    assert [act.get("update") for act in world_log.acts("update_confirmed")] == [10]


@pytest.mark.parametrize(("limit", "size"), [(1, 1), (100, 100), (0, 100), (101, 100), (-3, 100)])
async def test_a_batch_has_at_most_a_hundred(queue, limit, size):
    put(queue, *"x" * 120)
    assert len(await fetch(queue, limit=limit)) == size


async def test_a_negative_offset_keeps_only_the_newest(queue):
    put(queue, "a", "b", "c")
    assert await fetch(queue, offset=-1) == [12]
    assert await fetch(queue) == [12]


async def test_a_long_poll_wakes_at_the_update(queue, nursery, autojump_clock):
    async def write() -> None:
        await trio.sleep(3)
        put(queue, "a")

    nursery.start_soon(write)
    before = trio.current_time()
    assert await fetch(queue, wait=25) == [10]
    assert trio.current_time() - before == pytest.approx(3)


async def test_a_long_poll_without_news_comes_back_empty(queue, autojump_clock):
    before = trio.current_time()
    assert await fetch(queue, wait=25) == []
    assert trio.current_time() - before == pytest.approx(25)


async def test_no_poll_lasts_longer_than_fifty_seconds(queue, autojump_clock):
    before = trio.current_time()
    assert await fetch(queue, wait=3600) == []
    assert trio.current_time() - before == pytest.approx(50)


async def test_a_second_poll_ends_the_first_with_409(queue, nursery, autojump_clock):
    refused: list[MethodRefused] = []

    async def first() -> None:
        with pytest.raises(MethodRefused) as caught:
            await fetch(queue, wait=50)
        refused.append(caught.value)

    nursery.start_soon(first)
    await wait_all_tasks_blocked()
    put_later = trio.Event()

    async def second() -> None:
        assert await fetch(queue, wait=50) == [10]
        put_later.set()

    nursery.start_soon(second)
    await wait_all_tasks_blocked()
    put(queue, "a")
    await put_later.wait()
    assert refused[0].code == 409
    assert refused[0].description == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def test_a_poll_that_was_abandoned_leaves_no_trace(queue, autojump_clock):
    with trio.move_on_after(1):
        await fetch(queue, wait=50)
    put(queue, "a")
    assert await fetch(queue) == [10]


async def test_a_webhook_refuses_every_poll(queue, nursery, autojump_clock):
    async def polling() -> None:
        with pytest.raises(MethodRefused, match="terminated by setWebhook"):
            await fetch(queue, wait=50)

    nursery.start_soon(polling)
    await wait_all_tasks_blocked()
    queue.set_webhook("https://example.com")
    with pytest.raises(MethodRefused, match="webhook is active"):
        await fetch(queue)
    queue.set_webhook("")
    assert await fetch(queue) == []


async def test_kinds_nobody_asked_for_are_not_kept(queue):
    await fetch(queue, allowed=["callback_query"])
    assert put(queue, "a") == [None]
    assert queue.put("callback_query", {}) == 10
    await fetch(queue, allowed=[])
    assert queue.put("message", {}) == 11
    assert queue.put("chat_member", {}) is None


async def test_allowed_kinds_are_remembered_when_not_said_again(queue):
    await fetch(queue, allowed=["message"])
    await fetch(queue)
    assert queue.put("callback_query", {}) is None


async def test_unconfirmed_updates_live_a_day(queue, world_log, autojump_clock):
    put(queue, "a")
    await trio.sleep(DAY / SECOND - 1)
    assert queue.pending == 1
    await trio.sleep(2)
    assert await fetch(queue) == []
    assert world_log.count("update_expired") == 1


async def test_pending_updates_can_be_dropped(queue):
    put(queue, "a", "b")
    queue.drop_pending()
    assert queue.pending == 0
