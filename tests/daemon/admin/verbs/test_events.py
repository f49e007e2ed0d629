"""`events`: the log as a stream, capped, and what was left out is counted."""

from __future__ import annotations

from contextlib import aclosing

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.admin.verbs.events import EventsArgs, stream_events


async def read(daemon, caller, nursery, count, **args):
    """Starts a watcher; what it gets is appended to the list returned."""
    got = []

    async def watch():
        async with aclosing(stream_events(daemon.operations, caller, EventsArgs(**args))) as replies:
            async for reply in replies:
                got.append((trio.current_time(), reply))
                if len(got) == count:
                    break

    nursery.start_soon(watch)
    await wait_all_tasks_blocked()
    return got


def log(daemon, event, level="info"):
    daemon.operations.events.tap(None, level, {"event": event, "level": level})


async def test_lines_are_streamed(autojump_clock, daemon, caller, nursery):
    got = await read(daemon, caller, nursery, 2)
    log(daemon, "one")
    log(daemon, "two")
    await wait_all_tasks_blocked()
    assert [reply.event["event"] for _, reply in got] == ["one", "two"]
    assert daemon.operations.events.watchers == 0


async def test_level_filters(autojump_clock, daemon, caller, nursery):
    got = await read(daemon, caller, nursery, 1, level="error")
    log(daemon, "chatter")
    log(daemon, "trouble", "error")
    await wait_all_tasks_blocked()
    assert [reply.event["event"] for _, reply in got] == ["trouble"]


async def test_flood_is_capped_and_counted(autojump_clock, daemon, caller, nursery):
    got = await read(daemon, caller, nursery, 300, per_second=10)
    for number in range(5000):
        log(daemon, f"flood {number}")
    await trio.sleep(5)
    assert len(got) <= 61
    assert sum(reply.dropped for _, reply in got) > 4000
