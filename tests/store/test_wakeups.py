"""No announcement between two waits is lost."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from store.wakeups import Topics


async def test_announcement_between_two_waits_is_not_lost():
    topics = Topics()
    with topics.listen("a") as wakeups:
        topics.announce(["a", "a"])
        assert await wakeups.wait(0)
        assert not await wakeups.wait(0)
        topics.announce(["a"])
        assert await wakeups.wait()


async def test_announcement_before_listening_is_not_seen():
    topics = Topics()
    topics.announce(["a"])
    with topics.listen("a") as wakeups:
        assert not await wakeups.wait(0)


async def test_wait_ends_with_its_time(autojump_clock):
    with Topics().listen("a") as wakeups:
        began = trio.current_time()
        assert not await wakeups.wait(60)
        assert trio.current_time() - began == 60


async def test_all_listeners_of_a_topic_wake_and_nobody_else():
    topics = Topics()
    woken = []

    async def listen(topic, name):
        with topics.listen(topic) as wakeups:
            await wakeups.wait()
            woken.append(name)

    async with trio.open_nursery() as nursery:
        for topic, name in (("a", 1), ("a", 2), ("b", 3)):
            nursery.start_soon(listen, topic, name)
        await wait_all_tasks_blocked()
        topics.announce(("a",))
        await wait_all_tasks_blocked()
        assert sorted(woken) == [1, 2]
        nursery.cancel_scope.cancel()


async def test_cancelled_wait_keeps_the_wakeup():
    topics = Topics()
    with topics.listen("a") as wakeups:
        with trio.CancelScope() as scope:
            scope.cancel()
            topics.announce(["a"])
            await wakeups.wait()
        assert await wakeups.wait(0)


async def test_topics_nobody_listens_to_are_forgotten():
    topics = Topics()
    for number in range(100):
        with topics.listen(f"person:{number}"):
            pass
    assert topics._listeners == {}
    topics.announce(["person:1"])


async def test_hint_tells_where_to_look_and_is_given_once():
    topics = Topics()
    with topics.listen("queue:inbox") as wakeups:
        topics.announce(["queue:inbox#7", "queue:inbox#8", "queue:inbox#7", "queue:outbox#9"])
        assert await wakeups.wait(0)
        assert wakeups.take_hints() == ["7", "8"]
        assert wakeups.take_hints() == []


async def test_announcement_without_a_hint_says_look_everywhere():
    topics = Topics()
    with topics.listen("queue:inbox") as wakeups:
        topics.announce(["queue:inbox"])
        assert wakeups.take_hints() == [""]


async def test_hints_nobody_takes_do_not_grow_for_ever():
    topics = Topics()
    with topics.listen("queue:inbox") as wakeups:
        topics.announce(f"queue:inbox#{lane}" for lane in range(10_000))
        hints = wakeups.take_hints()
    assert len(hints) <= 4097
    assert "" in hints


async def test_everybody_can_be_told_to_look_everywhere_or_only_some():
    topics = Topics()
    with topics.listen("queue:inbox") as inbox, topics.listen("hunt:7") as hunt:
        topics.announce_everywhere(("queue:", "timers"))
        assert inbox.take_hints() == [""]
        assert not await hunt.wait(0)
        topics.announce_everywhere()
        assert await hunt.wait(0)
        topics.announce_everywhere(())
        assert await inbox.wait(0)
        assert not await inbox.wait(0)
