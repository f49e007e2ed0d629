"""Batch and cursor first, then the next poll; trouble is named and waited out."""

import math
import random
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.inbox.intake import Intake
from daemon.inbox.poller import UpdatePoller
from daemon.inbox.reading import QUEUE
from daemon.lane_runner import LaneRunner
from store.errors import LeaseLost, StoreUnavailable
from telegram_client.errors import NetworkTrouble
from tests.fakes import transport
from tests.fakes.owners import seize
from tests.fakes.transport import Answer, Hang, failure, make_client, ok

STREAM = "telegram:123456"


class Script(transport.Script):
    """Like Telegram: a poll that hangs comes back empty after its time."""

    async def __call__(self, seen):
        answer = await super().__call__(seen)
        if isinstance(answer, Hang):
            await trio.sleep(seen.json()["timeout"])
            return ok([])
        return answer


class Nobody:
    """Answers nothing at once."""

    def find_quick_handler(self, incoming):
        return None


@asynccontextmanager
async def polling(store, clock, script):
    async def leave(item):
        await trio.sleep_forever()

    intake = Intake(store, Nobody(), LaneRunner(store, QUEUE, leave, clock), clock)
    poller = UpdatePoller(store, make_client(script), clock, take=intake.keep, random_source=random.Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(poller.run)
        yield poller
        nursery.cancel_scope.cancel()


async def settled():
    await trio.testing.wait_all_tasks_blocked(0.01)


async def rows(store, lane=42):
    return [item.key for item in await store.queues.waiting("inbox", lane, limit=100)]


def polls(script):
    return [params.get("offset") for method, params in script.calls if method == "getUpdates"]


async def test_offset_is_saved_before_next_poll(store, clock, make_update, autojump_clock):
    seen = []

    class Watched(Script):
        async def __call__(self, request):
            if request.path.endswith("getUpdates"):
                seen.append((await store.cursors.get(STREAM), len(await rows(store))))
            return await super().__call__(request)

    script = Watched(getUpdates=[ok([make_update(4), make_update(5)]), Hang()])
    async with polling(store, clock, script):
        await settled()
    assert seen == [(None, 0), (6, 2)]
    assert polls(script) == [None, 6]


async def test_polling_goes_on_from_the_cursor(store, clock, autojump_clock):
    await store.write(store.cursors.move(STREAM, 77, now=0))
    script = Script(getUpdates=Hang())
    async with polling(store, clock, script):
        await settled()
    assert set(polls(script)) == {77}


async def test_update_that_comes_twice_is_one_row(store, clock, make_update, autojump_clock):
    script = Script(getUpdates=[ok([make_update(4)]), ok([make_update(4), make_update(5)]), Hang()])
    async with polling(store, clock, script):
        await settled()
    assert await rows(store) == ["update:4", "update:5"]


async def test_ids_that_begin_anew_are_accepted(store, clock, make_update, autojump_clock):
    await store.write(store.cursors.move(STREAM, 900_000, now=0))
    script = Script(getUpdates=[ok([make_update(3)]), ok([make_update(4)]), Hang()])
    async with polling(store, clock, script):
        await settled()
    assert await rows(store) == ["update:3", "update:4"]
    assert await store.cursors.get(STREAM) == 5


async def test_broken_update_does_not_stop_intake(store, clock, make_update, autojump_clock):
    broken = [{"update_id": 5, "message": "text"}, {"update_id": 6}, {"update_id": 7, "poll": []}]
    script = Script(getUpdates=[ok([make_update(4), *broken, make_update(8)]), Hang()])
    async with polling(store, clock, script):
        await settled()
    assert await rows(store) == ["update:4", "update:8"]
    assert await rows(store, lane=0) == ["update:5", "update:6", "update:7"]
    assert await store.cursors.get(STREAM) == 9


async def test_webhook_left_behind_is_deleted_at_start(store, clock, autojump_clock):
    script = Script(getUpdates=Hang())
    async with polling(store, clock, script):
        await settled()
    assert script.calls[0] == ("deleteWebhook", {"drop_pending_updates": False})


async def test_webhook_set_meanwhile_is_deleted(store, clock, autojump_clock):
    active = failure(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook")
    script = Script(getUpdates=[active, Hang()])
    async with polling(store, clock, script):
        await trio.sleep(5)
    methods = [method for method, _ in script.calls]
    assert methods[:4] == ["deleteWebhook", "getUpdates", "deleteWebhook", "getUpdates"]
    assert methods.count("deleteWebhook") == 2


TROUBLES = {
    "token": (failure(401, "Unauthorized"), "token"),
    "second poller": (failure(409, "Conflict: terminated by other getUpdates request"), "another program"),
    "html": (Answer(200, b"<html>hello</html>", {"Content-Type": "text/html"}), "no JSON"),
    "truncated body": (Answer(200, b'{"ok":true,"result":[' + b" " * 70_000, cut_after=66_000), "can't be reached"),
    "5xx": (failure(502, "Bad Gateway"), "trouble"),
    "ten megabytes": (Answer(200, b"x" * 10_000_000), "more than"),
    "no list": (ok({"a": 1}), "no list"),
    "no network": (NetworkTrouble("connection refused", sent=False), "connection refused"),
    "too fast": (failure(429, "Too Many Requests: retry after 7", {"retry_after": 7}), "wait 7 s"),
    "other": (failure(400, "Bad Request: strange"), "refused"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_is_named_waited_out_and_nothing_is_lost(store, clock, make_update, trouble, autojump_clock):
    answer, words = TROUBLES[trouble]
    # A batch of giants is asked for again in smaller ones, so that trouble needs its four answers to be trouble.
    script = Script(getUpdates=[ok([make_update(4)]), *[answer] * 8, ok([make_update(5)]), ok([]), Hang()])
    async with polling(store, clock, script) as poller:
        await settled()
        assert words in poller.health.trouble
        since = poller.health.trouble_since
        assert poller.health.last_success_at <= since
        await trio.sleep(600)
        assert poller.health.trouble == ""
        assert poller.health.trouble_since is None
        assert poller.health.last_success_at > since
    assert await rows(store) == ["update:4", "update:5"]


async def test_fight_with_a_second_program_is_told_once_and_fought_less_and_less(store, clock, logged, autojump_clock):
    conflict = failure(409, "Conflict: terminated by other getUpdates request")
    script = Script(getUpdates=[ok([]), *[conflict, ok([])] * 20, Hang()])
    async with polling(store, clock, script) as poller:
        await trio.sleep(60)
        assert "another program" in poller.health.trouble
        assert len(script.calls) < 30
    assert [line["event"] for line in logged if line["event"].startswith("polling")] == ["polling_stopped"]


async def test_trouble_that_lasts_is_tried_less_and_less(store, clock, logged, autojump_clock):
    script = Script(getUpdates=failure(401, "Unauthorized"))
    async with polling(store, clock, script):
        await trio.sleep(600)
        tried = len(polls(script))
        assert 20 <= tried <= 60
    assert [line["event"] for line in logged] == ["polling_stopped"], "said once, not at each attempt"


async def test_retry_after_is_obeyed(store, clock, autojump_clock):
    script = Script(getUpdates=[failure(429, "Too Many Requests", {"retry_after": 100}), Hang()])
    async with polling(store, clock, script):
        await trio.sleep(99)
        assert len(polls(script)) == 1
        await trio.sleep(2)
        assert len(polls(script)) > 1


class FullDisk:
    """A store whose writes fail for a while."""

    def __init__(self, store, failures):
        self._store, self.failures = store, failures
        self.cursors, self.queues = store.cursors, store.queues

    async def write(self, write):
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is full")
        await self._store.write(write)


async def test_store_that_takes_no_writes_holds_up_polling(store, clock, make_update, autojump_clock):
    script = Script(getUpdates=[*[ok([make_update(4)])] * 4, Hang()])
    async with polling(FullDisk(store, 3), clock, script) as poller:
        await settled()
        assert "disk is full" in poller.health.trouble
        assert polls(script) == [None]
        await trio.sleep(60)
        assert poller.health.trouble == ""
    assert polls(script)[:5] == [None, None, None, None, 5]
    assert await rows(store) == ["update:4"]


async def test_health_is_fresh_only_after_a_poll_that_succeeded(store, clock, autojump_clock):
    script = Script(getUpdates=[ok([]), NetworkTrouble("gone", sent=True)])
    async with polling(store, clock, script) as poller:
        assert not poller.health.is_fresh(clock.now(), within_seconds=60)
        await settled()
        assert poller.health.is_fresh(clock.now(), within_seconds=60)
        await trio.sleep(30)
        assert not poller.health.is_fresh(clock.now(), within_seconds=20)


async def test_start_with_telegram_unreachable_is_no_failure(store, clock, autojump_clock):
    script = Script(
        deleteWebhook=[NetworkTrouble("no route", sent=False)] * 3 + [ok(True)], getUpdates=[ok([]), Hang()]
    )
    async with polling(store, clock, script) as poller:
        await settled()
        assert "no route" in poller.health.trouble
        await trio.sleep(60)
        assert poller.health.trouble == ""


async def test_idle_poller_is_never_late_for_the_watchdog(store, clock, autojump_clock):
    async with polling(store, clock, Script(getUpdates=Hang())) as poller:
        for _ in range(40):
            await trio.sleep(11)
            assert trio.current_time() < poller.mark.due_at < trio.current_time() + 90
    assert poller.mark.due_at == math.inf


async def test_poll_that_never_comes_back_is_late(store, clock, autojump_clock):
    class Stuck(Script):
        async def __call__(self, seen):
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 500):
                await trio.sleep_forever()
            return ok([])

    async with polling(store, clock, Stuck(getUpdates=Hang())) as poller:
        await trio.sleep(90)
        assert poller.mark.due_at < trio.current_time()


async def test_wait_that_telegram_asks_for_is_not_late(store, clock, autojump_clock):
    script = Script(getUpdates=[failure(429, "Too Many Requests", {"retry_after": 1000}), Hang()])
    async with polling(store, clock, script) as poller:
        await trio.sleep(900)
        assert poller.mark.due_at > trio.current_time()


async def test_who_polls_no_longer_moves_no_cursor(store, clock, make_update, autojump_clock):
    guard = (await seize(store, "boot-1")).guard_role("poller")
    await seize(store, "boot-2")

    async def take(batch, cursor, *, is_new):
        await store.write(cursor)

    poller = UpdatePoller(
        store, make_client(Script(getUpdates=[ok([make_update(4)]), Hang()])), clock, take=take, guard=lambda: guard
    )
    with pytest.raises(LeaseLost):
        await poller.run()
    assert await store.cursors.get(STREAM) is None


class SlowDisk(FullDisk):
    """A store that takes its time for each write."""

    async def write(self, write):
        await trio.sleep(3)
        await self._store.write(write)


async def test_slow_store_slows_polling_and_nothing_is_dropped(store, clock, make_update, autojump_clock):
    batches = [ok([make_update(number) for number in range(first, first + 10)]) for first in range(1, 101, 10)]
    script = Script(getUpdates=[*batches, Hang()])
    async with polling(SlowDisk(store, 0), clock, script):
        await trio.sleep(16)
        assert len(polls(script)) == 6, "the next poll follows the last commit"
        await trio.sleep(40)
    assert polls(script)[:11] == [None, *range(11, 102, 10)]
    assert len(await rows(store)) == 100
