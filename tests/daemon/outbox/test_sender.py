"""Rows of the outbox: in order per chat, marked, never lost, doubled at most once."""

import pytest
import structlog
import trio

from daemon.outbox.delivery import Delivered
from store.errors import LeaseLost, StoreUnavailable
from store.ids import UserId
from telegram_client.errors import NetworkTrouble
from tests.fakes.owners import seize
from tests.fakes.rows import read_buried
from tests.fakes.transport import Hang, failure, ok

OK = ok({"message_id": 100})
BLOCKED = failure(403, "Forbidden: bot was blocked by the user")


async def test_rows_are_sent_in_order_and_marked(bot, settle, autojump_clock):
    for words in "abc":
        await bot.say(words)
    async with bot.sending():
        await settle()
        await bot.say("d")
        await settle()
    assert bot.texts() == ["a", "b", "c", "d"]
    assert await bot.store.queues.count("outbox", "finished") == 4


async def test_next_message_waits_for_the_mark_of_the_last(bot, settle, autojump_clock):
    marked = []

    class Watching(type(bot.script)):
        async def __call__(self, seen):
            marked.append(await bot.store.queues.count("outbox", "finished"))
            return await super().__call__(seen)

    bot.script.__class__ = Watching
    for words in "abc":
        await bot.say(words)
    async with bot.sending():
        await settle()
    assert marked == [0, 1, 2]


async def test_chats_go_side_by_side_within_bounds(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=Hang())
    for chat_id in range(1, 10):
        await bot.say("x", chat_id)
    async with bot.sending(senders=4) as sender:
        await settle()
        assert len(bot.calls()) == 4
        assert sender.busy_lanes == 9


async def test_too_fast_chat_waits_and_others_go_on(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=[failure(429, "Too Many Requests", {"retry_after": 30}), OK])
    await bot.say("slow")
    async with bot.sending():
        await settle()
        await bot.say("after")
        await bot.say("other", chat_id=7)
        await settle()
        assert bot.texts() == ["slow", "other"]
        await trio.sleep(31)
    assert bot.texts() == ["slow", "other", "slow", "after"]


async def test_bot_wide_limit_holds_up_everybody(make_bot, settle, autojump_clock):
    slow = failure(429, "Too Many Requests", {"retry_after": 30})
    bot = make_bot(sendMessage=[slow, slow, OK])
    await bot.say("a", chat_id=1)
    await bot.say("b", chat_id=2)
    async with bot.sending():
        await settle()
        await bot.say("c", chat_id=3)
        await trio.sleep(29)
        assert len(bot.calls()) == 2
        await trio.sleep(5)
    assert sorted(bot.texts()[2:]) == ["a", "b", "c"]


async def test_burst_of_one_chat_is_spread_and_ordered(bot, autojump_clock):
    for number in range(30):
        await bot.say(f"{number:02}")
    started = trio.current_time()
    async with bot.sending():
        await trio.sleep(0.5)
        assert len(bot.calls()) == 20
        await trio.sleep(12)
    assert bot.texts() == [f"{number:02}" for number in range(30)]
    assert trio.current_time() - started < 15


@pytest.mark.parametrize("answer", [BLOCKED, failure(403, "Forbidden: user is deactivated")])
async def test_rest_of_a_blocked_chat_is_dropped(make_bot, settle, clock, autojump_clock, answer):
    bot = make_bot(sendMessage=[answer, OK])
    await bot.store.write(bot.store.users.register(UserId(42), 42, "ru", now=0))
    for words in "abc":
        await bot.say(words)
    await bot.say("other", chat_id=70)
    async with bot.sending(senders=1):
        await settle()
    assert bot.texts() == ["a", "other"]
    assert await bot.waiting() == []
    assert (await bot.store.users.get(UserId(42))).blocked_at == clock.now()


async def test_person_who_can_be_reached_again_is_unblocked(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=[BLOCKED, OK])
    await bot.store.write(bot.store.users.register(UserId(42), 42, "ru", now=0))
    async with bot.sending():
        await bot.say("a")
        await settle()
        await bot.say("b")
        await settle()
    assert bot.texts() == ["a", "b"]
    assert (await bot.store.users.get(UserId(42))).blocked_at is None


async def test_refused_message_is_buried_and_the_lane_goes_on(make_bot, settle, autojump_clock, expected_errors):
    bot = make_bot(sendMessage=[failure(400, "Bad Request: strange"), OK])
    await bot.say("a")
    await bot.say("b")
    async with bot.sending():
        await settle()
    assert bot.texts() == ["a", "b"]
    assert [item.error for item in await read_buried(bot.store, "outbox")] == ["Bad Request: strange"]


async def test_row_that_can_not_be_read_is_buried_and_the_lane_goes_on(bot, settle, autojump_clock, expected_errors):
    await bot.store.write(bot.store.queues.put("outbox", "x", 42, {"what": 1}, now=0))
    await bot.say("b")
    async with bot.sending():
        await settle()
    assert bot.texts() == ["b"]
    assert await bot.store.queues.count("outbox", "buried") == 1


async def test_telegram_away_for_an_hour_loses_nothing(make_bot, autojump_clock):
    away = [NetworkTrouble("no route", sent=False)] * 40
    bot = make_bot(sendMessage=[*away, OK])
    for words in "abc":
        await bot.say(words)
    async with bot.sending():
        await trio.sleep(4_000)
    assert bot.texts()[40:] == ["a", "b", "c"]
    assert await bot.waiting() == []


async def test_answer_that_got_lost_is_sent_again(make_bot, autojump_clock):
    bot = make_bot(sendMessage=[NetworkTrouble("no answer", sent=True), OK])
    await bot.say("a")
    await bot.say("b")
    async with bot.sending():
        await trio.sleep(10)
    assert bot.texts() == ["a", "a", "b"]


async def test_card_edited_while_its_edit_is_on_its_way_is_edited_again(make_bot, settle, autojump_clock):
    gate = trio.Event()
    bot = make_bot(editMessageText=ok(True))
    plain_call = type(bot.script).__call__

    class Slow(type(bot.script)):
        async def __call__(self, seen):
            if seen.path.endswith("editMessageText"):
                await gate.wait()
            return await plain_call(self, seen)

    bot.script.__class__ = Slow
    await bot.say("first", card="status")
    async with bot.sending():
        await settle()
        await bot.edit("second")
        await settle()
        await bot.edit("third")
        await bot.edit("fourth")
        gate.set()
        await settle()
    assert bot.texts("editMessageText") == ["second", "fourth"]
    assert await bot.waiting() == []


async def test_long_text_goes_on_with_its_next_piece_after_a_crash(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=[OK, Hang(), OK])
    await bot.say("x" * 5_000)
    await bot.say("after")
    async with bot.sending():
        await settle()
        assert [len(text) for text in bot.texts()] == [4096, 904]
    async with bot.sending():
        await trio.sleep(5)
    assert [len(text) for text in bot.texts()] == [4096, 904, 904, 5]
    assert await bot.waiting() == []


async def test_store_that_fails_at_the_mark_does_not_double(bot, autojump_clock, monkeypatch):
    failures = [StoreUnavailable("full")] * 3
    write = bot.store.write

    async def shaky(value):
        if failures and any("finished" in statement.sql for statement in value.statements):
            raise failures.pop()
        await write(value)

    await bot.say("a")
    await bot.say("b")
    monkeypatch.setattr(bot.store, "write", shaky)
    with structlog.testing.capture_logs() as logged:
        async with bot.sending():
            await trio.sleep(10)
    assert [line["event"] for line in logged].count("mark_waits_for_store") == 1
    assert bot.texts() == ["a", "b"]


async def test_message_taken_away_while_it_was_sent_is_no_trouble(make_bot, settle, autojump_clock, expected_errors):
    bot = make_bot(sendMessage=[failure(400, "Bad Request: strange"), OK])
    plain_call = type(bot.script).__call__

    class Clearing(type(bot.script)):
        async def __call__(self, seen):
            await bot.store.write(bot.store.queues.clear_lane("outbox", 42, now=0))
            return await plain_call(self, seen)

    bot.script.__class__ = Clearing
    await bot.say("a")
    async with bot.sending():
        await settle()
        await bot.say("b")
        await settle()
    assert bot.texts() == ["a", "b"]


async def test_send_in_flight_at_the_stop_is_seen_to_its_end_and_marked(bot, settle, autojump_clock):
    asked = trio.Event()
    plain_call = type(bot.script).__call__

    class Slow(type(bot.script)):
        async def __call__(self, seen):
            asked.set()
            await trio.sleep(0.5)
            return await plain_call(self, seen)

    bot.script.__class__ = Slow
    await bot.say("a")
    await bot.say("b")
    async with bot.sending():
        await asked.wait()
    assert bot.texts() == ["a"]
    assert len(await bot.waiting()) == 1


async def test_stop_does_not_wait_for_ever(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=Hang())
    await bot.say("a")
    async with bot.sending():
        await settle()
        stopping_at = trio.current_time()
    assert trio.current_time() - stopping_at == pytest.approx(1.0, abs=0.1)
    assert len(await bot.waiting()) == 1


async def test_same_key_is_said_once(bot, settle, autojump_clock):
    async with bot.sending():
        for _ in range(3):
            await bot.say("a", key="applied:42:7")
            await settle()
    assert bot.texts() == ["a"]


async def test_sender_that_failed_can_be_run_again(bot, settle, autojump_clock):
    async with bot.sending() as sender:
        await bot.say("a")
        await settle()
    async with trio.open_nursery() as nursery:
        await nursery.start(sender.run)
        await bot.say("b")
        await settle()
        nursery.cancel_scope.cancel()
    assert bot.texts() == ["a", "b"]


async def test_trouble_is_told_while_it_is_met_and_forgotten_when_nothing_waits(make_bot, autojump_clock):
    bot = make_bot(sendMessage=[*[failure(502, "Bad Gateway")] * 15, BLOCKED])
    async with bot.sending() as sender:
        assert sender.trouble == ""
        await bot.say("a")
        await trio.sleep(300)
        assert "Bad Gateway" in sender.trouble
        await trio.sleep(1200)
        assert sender.trouble == ""


async def test_backlog_after_an_outage_leaves_without_a_stampede(make_bot, autojump_clock, expected_errors):
    bot = make_bot(sendMessage=[*[NetworkTrouble("gone", sent=False)] * 8, OK])
    tried, gone = [], []
    async with bot.sending():
        for chat_id in range(1, 201):
            await bot.say("x", chat_id)
        for _ in range(1200):
            await trio.sleep(0.1)
            tried.append(len(bot.calls()))
            gone.append(await bot.store.queues.count("outbox", "finished"))
    assert gone[-1] == 200
    assert tried[50] <= 40, "while it was away nobody knocked for himself"
    a_second = [later - sooner for sooner, later in zip(gone, gone[10:], strict=False)]
    assert max(a_second) <= 31, "the bot's own pace"
    back = next(number for number, count in enumerate(gone) if count)
    assert gone[back + 20] < 40, "few at first"


async def test_chats_of_another_process_are_left_to_it(bot, settle, autojump_clock):
    own = await seize(bot.store, "boot-1", {42})
    await bot.say("a")
    await bot.say("b", chat_id=43)
    async with bot.sending(owner=own):
        await settle()
    assert bot.texts() == ["a"]
    assert await bot.waiting(43) != []


async def test_former_owner_marks_nothing(make_bot, settle, autojump_clock):
    bot = make_bot(sendMessage=Hang())
    own = await seize(bot.store, "boot-1", {42})
    bot.script.answers["sendMessage"] = [Hang()]
    await bot.say("a", key="a")
    taken = await bot.store.queues.get("outbox", "a")
    async with bot.sending(owner=own) as sender:
        await seize(bot.store, "boot-2", {42}, roles=())
        sender._settle(taken, Delivered())
        await trio.sleep(1)
    assert await bot.waiting() == ["a"]
    own.hold({}, {})
    with pytest.raises(LeaseLost):
        sender._settle(taken, Delivered())


async def test_letting_go_of_a_chat_waits_for_its_mark(bot, settle, autojump_clock):
    own = await seize(bot.store, "boot-1", {42})
    await bot.say("a", key="a")
    async with bot.sending(owner=own) as sender:
        await trio.lowlevel.checkpoint()
        own.leave({42})
        await sender.let_go(frozenset({42}))
        assert len(bot.texts()) == await bot.store.queues.count("outbox", "finished")
        await bot.say("b", key="b")
        await trio.sleep(5)
        assert await bot.store.queues.get("outbox", "b") is not None
        own.stay({42})
        sender.take_up(frozenset({42}))
        await settle()
    assert bot.texts()[-1] == "b"


async def test_backlog_goes_on_at_the_rate_that_is_left_by_a_newcomer(bot, autojump_clock):
    for chat_id in range(1, 101):
        await bot.say("x", chat_id)
    owner = await seize(bot.store, "one", lease=1_000.0)
    async with bot.sending(messages_per_second=10, owner=owner):
        await trio.sleep(2.05)
        assert len(bot.calls()) == pytest.approx(30, abs=1)
        owner.note_members(2)
        before = len(bot.calls())
        await trio.sleep(4)
        assert len(bot.calls()) - before == pytest.approx(20, abs=1)
        owner.note_members(1)
        await trio.sleep(60)
        assert len(bot.calls()) == 100
