"""Batch, cursor, and the answers that can be given at once: one commit before the next poll."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.inbox.lanes import Lanes
from daemon.inbox.reading import event_payload, key_of_update, lane_of_update, update_payload
from store.errors import StoreUnavailable
from store.ids import UserId
from store.write import NOTHING, statement
from tests.fakes.owners import seize

STREAM = "telegram:1"


class Router:
    """Texts that begin with `/` are answered at once, all others wait for their lane."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.at_once, self.in_lane = [], []
        self.does = {}

    def find_handler(self, incoming):
        return self.handle

    def find_quick_handler(self, incoming):
        message = incoming.update.message
        return self.answer if message is not None and message.text.startswith("/") else None

    async def answer(self, incoming):
        text = incoming.update.message.text
        does = self.does.get(text)
        if does is not None:
            return await does(incoming)
        self.at_once.append(text)
        return self.echo(incoming, text)

    async def handle(self, incoming):
        what = incoming.update.message.text if incoming.update else incoming.event.name
        self.in_lane.append(what)
        return self.echo(incoming, what)

    def echo(self, incoming, what):
        return self.store.queues.put("outbox", f"echo:{incoming.key}", incoming.chat_id, what, now=self.clock.now())


class Taker:
    """Brings batches as the poller does."""

    def __init__(self, store, lanes):
        self.store, self.lanes = store, lanes

    async def __call__(self, *batch, is_new=True):
        cursor = self.store.cursors.move(STREAM, batch[-1]["update_id"] + 1, now=1)
        await self.lanes.intake.keep(list(batch), cursor, is_new=is_new)


@pytest.fixture
def router(store, clock):
    return Router(store, clock)


@asynccontextmanager
async def running(store, router, clock, **kwargs):
    lanes = Lanes(store, router, clock, **kwargs)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        await settled()
        yield Taker(store, lanes)
        await settled()
        nursery.cancel_scope.cancel()


async def settled():
    await trio.testing.wait_all_tasks_blocked(0.01)


async def outbox_of(store, lane=42):
    return [item.payload for item in await store.queues.waiting("outbox", lane, limit=100)]


async def counts(store):
    return await store.queues.count("inbox", "waiting"), await store.queues.count("inbox", "finished")


def commits_of(store, monkeypatch):
    """Writes as they are handed in."""
    writes = []
    real = store._database.write

    async def write(wanted):
        writes.append(wanted)
        await real(wanted)

    monkeypatch.setattr(store._database, "write", write)
    return writes


async def test_quick_update_is_one_write(store, clock, router, make_update, monkeypatch, autojump_clock):
    async with running(store, router, clock) as take:
        writes = commits_of(store, monkeypatch)
        await take(make_update(1, "/help"))
    assert len(writes) == 1
    assert await outbox_of(store) == ["/help"]
    assert await counts(store) == (0, 1)
    assert await store.cursors.get(STREAM) == 2


async def test_others_wait_for_their_lane(store, clock, router, make_update, autojump_clock):
    async with running(store, router, clock) as take:
        await take(make_update(1, "/help"), make_update(2, "words", chat_id=7))
        assert router.in_lane == []
    assert (router.at_once, router.in_lane) == (["/help"], ["words"])
    assert await counts(store) == (0, 2)


async def test_order_of_a_chat_is_kept_through_both_ways(store, clock, router, make_update, autojump_clock):
    async with running(store, router, clock) as take:
        await take(make_update(1, "/a"), make_update(2, "b"), make_update(3, "/c"), make_update(4, "d"))
        await settled()
        await take(make_update(5, "/e"))
    assert await outbox_of(store) == ["/a", "b", "/c", "d", "/e"]
    assert (router.at_once, router.in_lane) == (["/a", "/e"], ["b", "/c", "d"])


async def test_chat_with_something_waiting_is_not_overtaken(store, clock, router, make_update, autojump_clock):
    gate = trio.Event()
    plain = router.handle

    async def slowly(incoming):
        await gate.wait()
        return await plain(incoming)

    router.handle = slowly
    async with running(store, router, clock) as take:
        await take(make_update(1, "slow"))
        await settled()
        await take(make_update(2, "/quick"))
        await take(make_update(3, "/other", chat_id=7))
        assert router.at_once == ["/other"]
        gate.set()
    assert await outbox_of(store) == ["slow", "/quick"]


async def test_rows_left_by_a_crash_come_first(store, clock, router, make_update, autojump_clock):
    raw = make_update(1, "old")
    await store.write(store.queues.put("inbox", key_of_update(raw), lane_of_update(raw), update_payload(raw), now=1))
    lanes = Lanes(store, router, clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lanes.run)
        await Taker(store, lanes)(make_update(2, "/new"))  # before the first look through the store
        await settled()
        nursery.cancel_scope.cancel()
    assert await outbox_of(store) == ["old", "/new"]


async def test_event_that_comes_meanwhile_waits_for_the_answer(store, clock, router, make_update, autojump_clock):
    async def answer_while_a_timer_falls_due(incoming):
        payload = event_payload("timer", {}, UserId(42))
        await store.write(store.queues.put("inbox", "event:1", 42, payload, now=clock.now()))
        await trio.sleep(0.1)
        assert router.in_lane == []
        return router.echo(incoming, "first")

    router.does["/slow"] = answer_while_a_timer_falls_due
    async with running(store, router, clock) as take:
        await take(make_update(1, "/slow"))
    assert await outbox_of(store) == ["first", "timer"]


async def test_handler_that_fails_gets_its_tries_in_the_lane(store, clock, router, make_update, autojump_clock):
    async def fail(incoming):
        raise KeyError("x")

    router.does["/fail"] = fail
    async with running(store, router, clock) as take:
        await take(make_update(1, "/fail"), make_update(2, "/fine", chat_id=7))
    assert (router.at_once, router.in_lane) == (["/fine"], ["/fail"])


async def test_handler_that_takes_its_time_holds_up_nobody(store, clock, router, make_update, autojump_clock):
    async def hang(incoming):
        await trio.sleep_forever()

    router.does["/hang"] = hang
    async with running(store, router, clock) as take:
        began = trio.current_time()
        await take(make_update(1, "/a", chat_id=1), make_update(2, "/hang"), make_update(3, "/b", chat_id=3))
        assert trio.current_time() - began < 1
    assert router.at_once == ["/a"]
    assert sorted(router.in_lane) == ["/b", "/hang"]


LOST = statement("UPDATE users SET language = 'ru' WHERE user_id = -1", expects=1)
BROKEN = statement("UPDATE nothing SET a = 1")


@pytest.mark.parametrize("spoiled", [LOST, BROKEN], ids=["lost race", "broken statement"])
async def test_answer_that_can_not_be_written_spoils_no_other(
    store, clock, router, make_update, spoiled, autojump_clock
):
    async def clash(incoming):
        return router.echo(incoming, "never") + spoiled

    router.does["/clash"] = clash
    async with running(store, router, clock) as take:
        await take(make_update(1, "/clash"), make_update(2, "/fine", chat_id=7))
    assert await outbox_of(store) == ["/clash"]
    assert await outbox_of(store, 7) == ["/fine"]
    assert await store.cursors.get(STREAM) == 3


async def test_update_that_was_here_before_is_not_answered_again(store, clock, router, make_update, autojump_clock):
    async with running(store, router, clock) as take:
        await take(make_update(1, "/help"))
        await take(make_update(1, "/help"), make_update(2, "/other", chat_id=7))
        await take(make_update(1, "/help"), is_new=False)
    assert await outbox_of(store) == ["/help"]
    assert await outbox_of(store, 7) == ["/other"]
    assert await counts(store) == (0, 2)


async def test_store_that_takes_nothing_leaves_nothing_behind(
    store, clock, router, make_update, monkeypatch, autojump_clock
):
    real = store._database.write

    async def refuse(wanted):
        raise StoreUnavailable("full")

    async with running(store, router, clock) as take:
        monkeypatch.setattr(store._database, "write", refuse)
        with pytest.raises(StoreUnavailable):
            await take(make_update(1, "/help"), make_update(2, "words"))
        assert await counts(store) == (0, 0)
        monkeypatch.setattr(store._database, "write", real)
        await take(make_update(1, "/help"), make_update(2, "words"))
    assert await outbox_of(store) == ["/help", "words"]


async def test_rows_of_a_poller_cancelled_at_its_commit_are_found(
    store, clock, router, make_update, monkeypatch, autojump_clock
):
    real = store._database.write

    async def write_and_hang(wanted):
        await real(wanted)
        await trio.sleep_forever()

    async with running(store, router, clock) as take:
        monkeypatch.setattr(store._database, "write", write_and_hang)
        with trio.move_on_after(5):
            await take(make_update(1, "words"), make_update(2, "/help", chat_id=7))
        monkeypatch.setattr(store._database, "write", real)
    assert await outbox_of(store) == ["words"]
    assert await outbox_of(store, 7) == ["/help"]
    assert await counts(store) == (0, 2)


@pytest.mark.parametrize("raw", [{"update_id": 1}, {"update_id": 1, "message": "text"}, {"update_id": 1, "poll": {}}])
async def test_what_can_not_be_read_or_has_nobody_is_kept(store, clock, router, raw, autojump_clock):
    async with running(store, router, clock) as take:
        await take(raw)
    assert router.at_once == []
    assert await store.fetch_all("SELECT key FROM queue_items WHERE queue = 'inbox'") == [("update:1",)]


async def test_quick_handler_that_commits_itself_holds_up_no_intake(
    store, clock, router, make_update, expected_errors, autojump_clock
):
    async def commit(incoming):
        await store.write(NOTHING)

    router.does["/self"] = commit
    async with running(store, router, clock) as take:
        await take(make_update(1, "/self"), make_update(2, "/fine", chat_id=7))
    assert (router.at_once, router.in_lane) == (["/fine"], ["/self"])
    assert [line["key"] for line in expected_errors if line["event"] == "quick_handler_gave_no_write"] == ["update:1"]


async def test_log_lines_of_a_handler_name_update_and_person(store, clock, router, make_update, logged, autojump_clock):
    async def fail(incoming):
        raise KeyError("x")

    router.does["/fail"] = fail
    async with running(store, router, clock) as take:
        await take(make_update(1, "/fail"))
    [line] = [line for line in logged if line["event"] == "answer_at_once_failed"]
    assert (line["key"], line["user_id"]) == ("update:1", 42)


async def test_chats_of_another_process_wait_for_it_and_it_is_told(
    store, clock, router, make_update, monkeypatch, autojump_clock
):
    own = await seize(store, "boot-1", {42})
    async with running(store, router, clock, owner=own) as take:
        writes = commits_of(store, monkeypatch)
        async with store.listen("queue:inbox") as elsewhere:
            await take(make_update(1, "/help"), make_update(2, "/help", chat_id=43), make_update(3, "hm", chat_id=44))
            assert elsewhere.take_hints() == ["43", "44"]
        await settled()
    assert router.at_once == ["/help"]
    assert router.in_lane == []
    assert len(writes) == 1
    assert await counts(store) == (2, 1)


async def test_answer_at_once_for_a_chat_that_is_lost_meanwhile_goes_the_long_way(
    store, clock, router, make_update, autojump_clock
):
    own = await seize(store, "boot-1")

    async def lose(incoming):
        await seize(store, "boot-2", {42}, roles=())
        return router.echo(incoming, "late")

    router.does["/slow"] = lose
    async with running(store, router, clock, owner=own) as take:
        await take(make_update(1, "/slow"))
        own.hold({}, {})
    assert await outbox_of(store) == []
    assert await counts(store) == (1, 0)
    assert await store.cursors.get(STREAM) == 2
