"""Listeners of another process hear of a write, and look everywhere when they may have missed one."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from store.postgresql.announcements import Announcements, make_announcer, pack
from store.postgresql.connection import Caller, open_connection
from store.wakeups import Topics

LARGEST = 7_900


def test_topics_travel_together_each_once():
    assert list(pack(["queue:inbox#1", "timers", "queue:inbox#1"])) == ["queue:inbox#1\ntimers"]
    assert list(pack([])) == []


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\0#", exclude_categories=["Cs"]), min_size=1, max_size=4000))
)
def test_no_payload_is_larger_than_the_server_takes_and_no_topic_is_lost(topics):
    payloads = list(pack(topics))
    assert all(len(payload.encode()) <= LARGEST for payload in payloads)
    carried = {topic for payload in payloads for topic in payload.split("\n")}
    assert {topic for topic in topics if len(topic.encode()) < LARGEST} <= carried


def test_topic_with_a_hint_that_is_too_long_says_look_everywhere():
    assert list(pack(["queue:inbox#" + "x" * 8000])) == ["queue:inbox"]


@pytest.fixture
async def teller(address):
    opened = await open_connection(address)
    announce = make_announcer(Caller())

    async def tell(*topics):
        opened.check(await opened.run(announce(topics)))

    tell.backend = opened.backend
    yield tell
    opened.drop()


@pytest.fixture
def topics():
    return Topics()


@pytest.fixture
async def announcements(address, topics, nursery):
    made = Announcements(address, Caller(), topics, lambda: None, polled=("queue:",))
    await made.open()
    nursery.start_soon(made.run)
    yield made
    nursery.cancel_scope.cancel()


async def test_what_another_process_tells_wakes_listeners_with_its_hints(announcements, topics, teller):
    with topics.listen("queue:inbox") as inbox, topics.listen("timers") as timers, topics.listen("others") as others:
        await teller("queue:inbox#7", "queue:inbox#8", "timers")
        with trio.fail_after(5):
            await inbox.wait()
            await timers.wait()
        assert inbox.take_hints() == ["7", "8"]
        assert not await others.wait(0)


async def test_own_announcements_are_not_heard_twice(address, topics, teller, nursery):
    own = Announcements(address, Caller(), topics, lambda: teller.backend, polled=())
    await own.open()
    nursery.start_soon(own.run)
    other = await open_connection(address)
    with topics.listen("queue:inbox") as inbox:
        await teller("queue:inbox#own")
        await other.run(make_announcer(Caller())(["queue:inbox#other"]))
        with trio.fail_after(5):
            await inbox.wait()
        assert inbox.take_hints() == ["other"]
    other.drop()
    nursery.cancel_scope.cancel()


async def test_after_a_broken_connection_everybody_looks_everywhere(announcements, topics, teller, server):
    with topics.listen("queue:inbox") as inbox, topics.listen("hunt:7") as hunt:
        server.ask(f"SELECT pg_terminate_backend({announcements._connection.backend})")
        with trio.fail_after(5):
            await inbox.wait()
            await hunt.wait()
        assert inbox.take_hints() == [""]
        await teller("hunt:7#again")
        with trio.fail_after(5):
            await hunt.wait()


async def test_shared_work_is_looked_for_again_now_and_then(address, topics, nursery):
    looking = Announcements(address, Caller(), topics, lambda: None, polled=("queue:",), look_again_seconds=0.05)
    await looking.open()
    nursery.start_soon(looking.run)
    with topics.listen("queue:inbox") as inbox, topics.listen("hunt:7") as hunt:
        with trio.fail_after(8):
            await inbox.wait()
        assert inbox.take_hints() == [""]
        assert not await hunt.wait(0)
    nursery.cancel_scope.cancel()
