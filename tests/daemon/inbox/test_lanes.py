"""From the row to its handler to one write."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.inbox.lanes import ATTEMPTS, Lanes
from daemon.inbox.reading import event_payload, key_of_update, lane_of_update, update_payload
from store.errors import Conflict
from store.ids import UserId
from store.write import join, statement
from tests.fakes.owners import seize
from tests.fakes.rows import read_buried


class Router:
    """One handler for everything: remembers, then does as told."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.seen = []
        self.does = {}

    def find_handler(self, incoming):
        return self.handle

    def find_quick_handler(self, incoming):
        return None

    async def handle(self, incoming):
        what = incoming.update.message.text if incoming.update else incoming.event.name
        self.seen.append((incoming.chat_id, what))
        does = self.does.get(what)
        if does is not None:
            return await does(incoming)
        return self.echo(incoming, what)

    def echo(self, incoming, what):
        return self.store.queues.put("outbox", f"echo:{incoming.key}", incoming.chat_id, what, now=self.clock.now())

    def texts(self):
        return [what for _, what in self.seen]


@pytest.fixture
def router(store, clock):
    return Router(store, clock)


@asynccontextmanager
async def running(store, router, clock):
    def apologise(chat_id, key):
        return store.queues.put("outbox", key, chat_id, "sorry", now=clock.now())

    lanes = Lanes(store, router, clock, apologise=apologise)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        yield lanes
        nursery.cancel_scope.cancel()


async def keep(store, clock, *updates):
    await store.write(
        join(
            store.queues.put("inbox", key_of_update(raw), lane_of_update(raw), update_payload(raw), now=clock.now())
            for raw in updates
        )
    )


async def outbox_of(store, lane=42):
    return [item.payload for item in await store.queues.waiting("outbox", lane, limit=100)]


async def settled():
    await trio.testing.wait_all_tasks_blocked(0.01)


async def test_update_leaves_the_inbox_with_what_it_caused(store, clock, router, make_update, autojump_clock):
    await keep(store, clock, make_update(1, "a"), make_update(2, "b"))
    async with running(store, router, clock):
        await settled()
    assert await outbox_of(store) == ["a", "b"]
    assert await store.queues.count("inbox", "waiting") == 0


async def test_second_tap_waits_for_first(store, clock, router, make_update, autojump_clock):
    gate = trio.Event()

    async def wait(incoming):
        await gate.wait()
        return router.echo(incoming, "slow")

    router.does["slow"] = wait
    await keep(store, clock, make_update(1, "slow"), make_update(2, "next"), make_update(3, "other", chat_id=7))
    async with running(store, router, clock):
        await settled()
        assert sorted(router.texts()) == ["other", "slow"]
        gate.set()
        await settled()
    assert await outbox_of(store) == ["slow", "next"]


async def test_handler_that_commits_itself_is_left_alone(store, clock, router, make_update, autojump_clock):
    async def commit(incoming):
        await store.write(router.echo(incoming, "mine") + incoming.finish)

    router.does["self"] = commit
    await keep(store, clock, make_update(1, "self"))
    async with running(store, router, clock):
        await settled()
    assert await outbox_of(store) == ["mine"]
    assert await store.queues.count("inbox", "finished") == 1


async def test_outside_event_takes_its_place_in_the_lane(store, clock, router, make_update, autojump_clock):
    await keep(store, clock, make_update(1, "before"))
    event = event_payload("board_returned", {"board": "hh"}, UserId(42))
    await store.write(store.queues.put("inbox", "oauth:1", 42, event, now=clock.now()))
    await keep(store, clock, make_update(2, "after"))
    async with running(store, router, clock):
        await settled()
    assert router.texts() == ["before", "board_returned", "after"]


async def test_poisonous_update_is_tried_three_times_then_buried(
    store, clock, router, make_update, expected_errors, autojump_clock
):
    async def fail(incoming):
        raise RuntimeError("secret words")

    router.does["poison"] = fail
    await keep(store, clock, make_update(1, "poison"), make_update(2, "next"))
    async with running(store, router, clock):
        await trio.sleep(60)
    assert router.texts() == ["poison"] * ATTEMPTS + ["next"]
    [buried] = await read_buried(store, "inbox")
    assert (buried.key, buried.error) == ("update:1", "RuntimeError")
    assert buried.payload["update"]["message"]["text"] == "poison"
    assert await outbox_of(store) == ["sorry", "next"]
    assert [line["event"] for line in expected_errors if line["level"] == "error"] == ["update_buried"]


async def test_update_that_fails_once_is_done_the_second_time(store, clock, router, make_update, autojump_clock):
    failures = [RuntimeError("passing")]

    async def fail_once(incoming):
        if failures:
            raise failures.pop()
        return router.echo(incoming, "at last")

    router.does["shaky"] = fail_once
    await keep(store, clock, make_update(1, "shaky"), make_update(2, "next"))
    async with running(store, router, clock):
        await trio.sleep(10)
    assert await outbox_of(store) == ["at last", "next"]


async def test_attempts_are_counted_over_a_restart(store, clock, router, make_update, expected_errors, autojump_clock):
    async def fail(incoming):
        raise RuntimeError

    router.does["poison"] = fail
    await keep(store, clock, make_update(1, "poison"))
    for _ in range(ATTEMPTS + 1):
        async with running(store, router, clock):
            await settled()
        await trio.sleep(30)
    assert len(router.seen) == ATTEMPTS


async def test_handler_that_hangs_has_failed(store, clock, router, make_update, expected_errors, autojump_clock):
    async def hang(incoming):
        await trio.sleep_forever()

    router.does["hang"] = hang
    await keep(store, clock, make_update(1, "hang"), make_update(2, "next"))
    async with running(store, router, clock):
        await trio.sleep(1_000)
    assert await outbox_of(store) == ["sorry", "next"]


async def test_handler_that_lost_a_race_is_run_again(store, clock, router, make_update, autojump_clock):
    races = [Conflict]

    async def lose_once(incoming):
        if races:
            races.pop()
            return statement("UPDATE hunts SET wish = 'x' WHERE user_id = 0", expects=1)
        return router.echo(incoming, "won")

    router.does["race"] = lose_once
    await keep(store, clock, make_update(1, "race"))
    async with running(store, router, clock):
        await trio.sleep(5)
    assert await outbox_of(store) == ["won"]


async def test_update_somebody_else_finished_is_done(store, clock, router, make_update, autojump_clock):
    async def take_away(incoming):
        await store.write(incoming.finish)
        return router.echo(incoming, "too late")

    router.does["taken"] = take_away
    await keep(store, clock, make_update(1, "taken"), make_update(2, "next"))
    async with running(store, router, clock):
        await settled()
    assert await outbox_of(store) == ["next"]
    assert router.texts() == ["taken", "next"]


@pytest.mark.parametrize(
    "content",
    [
        {"message": {"message_id": "x", "chat": {"id": 42}, "from": {"id": 42}}},
        {"callback_query": {"from": {"id": 42}, "data": 5}},
    ],
)
async def test_broken_update_is_buried_and_its_person_told(store, clock, router, make_update, content, autojump_clock):
    await keep(store, clock, {"update_id": 1, **content}, make_update(2, "next"))
    async with running(store, router, clock):
        await settled()
    assert [item.key for item in await read_buried(store, "inbox")] == ["update:1"]
    assert await outbox_of(store) == ["sorry", "next"]


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "message": "text"},
        {"update_id": 1, "channel_post": {"message_id": "x", "chat": {"id": -5, "type": "channel"}}},
        {"update_id": 1, "message": {"message_id": "x", "chat": {"id": -5}, "from": {"id": 42}}},
    ],
)
async def test_broken_update_of_nobody_in_particular_is_only_buried(store, clock, router, raw, autojump_clock):
    await keep(store, clock, raw)
    async with running(store, router, clock):
        await settled()
    assert await store.queues.count("inbox", "buried") + await store.queues.count("inbox", "finished") == 1
    assert await store.queues.count("outbox", "waiting") == 0


async def test_row_that_is_no_update_is_buried(store, clock, router, autojump_clock):
    await store.write(store.queues.put("inbox", "x", 42, ["what"], now=clock.now()))
    async with running(store, router, clock):
        await settled()
    assert await store.queues.count("inbox", "buried") == 1


async def test_update_of_an_unknown_kind_reaches_its_handler(store, clock, router, autojump_clock):
    seen = []

    async def note(incoming):
        seen.append((incoming.update.kind, incoming.user_id))
        return router.echo(incoming, "what is this?")

    router.handle = note
    await keep(store, clock, {"update_id": 1, "mind_read": {"from": {"id": 42}}})
    async with running(store, router, clock):
        await settled()
    assert seen == [("mind_read", 42)]
    assert await outbox_of(store) == ["what is this?"]


async def test_update_without_user_is_finished_unanswered(store, clock, router, autojump_clock):
    await keep(store, clock, {"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": -1}}}, {"update_id": 2})
    async with running(store, router, clock):
        await settled()
    assert router.seen == []
    assert await store.queues.count("inbox", "finished") == 2


def membership(update_id, status, chat_type="private"):
    person = {"id": 42, "is_bot": False, "first_name": "Аня"}
    change = {
        "chat": {"id": 42, "type": chat_type},
        "from": person,
        "date": 0,
        "new_chat_member": {"status": status, "user": {"id": 1}},
    }
    return {"update_id": update_id, "my_chat_member": change}


async def test_blocking_and_coming_back_are_noted(store, clock, router, autojump_clock):
    await store.write(store.users.register(UserId(42), 42, "ru", now=clock.now()))
    async with running(store, router, clock):
        await keep(store, clock, membership(1, "kicked"))
        await settled()
        assert (await store.users.get(UserId(42))).blocked_at == clock.now()
        await keep(store, clock, membership(2, "member"))
        await settled()
        assert (await store.users.get(UserId(42))).blocked_at is None
    assert router.seen == []


async def test_standing_in_a_group_is_nobodys_business(store, clock, router, autojump_clock):
    await store.write(store.users.register(UserId(42), 42, "ru", now=clock.now()))
    await keep(store, clock, membership(1, "kicked", chat_type="group"))
    async with running(store, router, clock):
        await settled()
    assert (await store.users.get(UserId(42))).blocked_at is None


async def test_handler_cancelled_at_shutdown_leaves_the_row(store, clock, router, make_update, autojump_clock):
    async def hang(incoming):
        await trio.sleep_forever()

    router.does["hang"] = hang
    await keep(store, clock, make_update(1, "hang"))
    async with running(store, router, clock):
        await settled()
    [row] = await store.queues.waiting("inbox", 42, limit=9)
    assert (row.key, row.attempts) == ("update:1", 0)


async def test_offered_rows_are_handled_at_once(store, clock, router, make_update, autojump_clock):
    async with running(store, router, clock) as lanes:
        await settled()
        await keep(store, clock, make_update(1, "a"))
        lanes.notice(42)
        await settled()
        assert lanes.busy_lanes == 0
    assert router.texts() == ["a"]


async def test_backlog_of_many_chats_is_worked_off(store, clock, router, make_update, autojump_clock):
    await keep(
        store, clock, *(make_update(number, f"t{number}", chat_id=number % 300 + 1) for number in range(1, 3001))
    )
    async with running(store, router, clock):
        await settled()
    assert len(router.seen) == 3000
    assert [what for chat, what in router.seen if chat == 8] == [f"t{number}" for number in range(7, 3001, 300)]
    assert await store.queues.count("outbox", "waiting") == 3000


async def test_former_owner_of_a_chat_writes_nothing_of_it(store, clock, router, make_update, autojump_clock):
    own = await seize(store, "boot-1")

    async def lose(incoming):
        await seize(store, "boot-2", {42}, roles=())
        own.on_doubt = lambda: own.hold({}, {})
        return router.echo(incoming, "late")

    router.does["привет"] = lose
    await keep(store, clock, make_update(1, "привет"))
    lanes = Lanes(store, router, clock, owner=own)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    (item,) = await store.queues.waiting("inbox", 42, limit=9)
    assert (item.attempts, item.error) == (0, None), "it is no failure of the update"
    assert await outbox_of(store) == []
    assert router.texts() == ["привет"]


async def test_lanes_follow_what_is_owned(store, clock, router, make_update, autojump_clock):
    own = await seize(store, "boot-1")
    epochs = {shard: own.epoch_of(shard) for shard in own.shards}
    own.hold({}, {})
    await keep(store, clock, make_update(1, "привет"))
    lanes = Lanes(store, router, clock, owner=own)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        await trio.sleep(1)
        assert router.texts() == []
        own.hold(epochs, {})
        lanes.take_up(frozenset({42}))
        await trio.sleep(1)
        assert router.texts() == ["привет"]
        own.leave({42})
        await lanes.let_go(frozenset({42}))
        await keep(store, clock, make_update(2, "и ещё"))
        await trio.sleep(1)
        assert router.texts() == ["привет"]
        own.stay({42})
        lanes.look_everywhere()
        await trio.sleep(1)
        assert router.texts() == ["привет", "и ещё"]
        nursery.cancel_scope.cancel()
