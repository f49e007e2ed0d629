"""The event hub: watchers see the log, a slow one loses lines and is told how many, nobody else notices."""

from __future__ import annotations

import threading

import trio

from daemon.admin.event_hub import EventHub, RateCap


async def test_watcher_gets_what_is_logged(autojump_clock):
    hub = EventHub()
    hub.tap(None, "info", {"event": "before"})
    with hub.watching() as watch:
        assert hub.tap(None, "info", {"event": "during"}) == {"event": "during"}
        assert await watch.next() == {"event": "during"}
    assert hub.watchers == 0


async def test_slow_watcher_is_told_what_it_missed(autojump_clock):
    hub = EventHub()
    with hub.watching(buffer=10) as slow, hub.watching(buffer=1000) as quick:
        for number in range(100):
            hub.tap(None, "info", {"event": "x", "number": number})
        assert (slow.take_dropped(), slow.take_dropped(), quick.take_dropped()) == (90, 0, 0)
        assert (await slow.next())["number"] == 0


async def test_lines_of_other_threads_are_left_out(autojump_clock):
    hub = EventHub()
    with hub.watching() as watch:
        thread = threading.Thread(target=hub.tap, args=(None, "info", {"event": "thread"}))
        thread.start()
        thread.join()
        hub.tap(None, "info", {"event": "loop"})
        assert (await watch.next())["event"] == "loop"


async def test_rate_cap_lets_a_burst_through_then_paces(autojump_clock):
    cap = RateCap(10)
    for _ in range(10):
        await cap.wait()
    assert trio.current_time() == 0
    for _ in range(20):
        await cap.wait()
    assert 1.9 < trio.current_time() <= 2.1


async def test_rate_cap_forgets_no_time(autojump_clock):
    cap = RateCap(1)
    await cap.wait()
    await trio.sleep(100)
    before = trio.current_time()
    await cap.wait()
    await cap.wait()
    assert trio.current_time() - before == 1
