"""How fast a bot may speak."""

from __future__ import annotations

import trio

from daemon.clock import TrioClock
from daemon.sandbox.telegram_limits import SpeedGuard, SpeedLimits


def guard(**limits: float) -> SpeedGuard:
    return SpeedGuard(TrioClock(), SpeedLimits(**limits))


async def test_a_chat_takes_a_burst_of_twenty_then_one_a_second(autojump_clock):
    speed = guard()
    assert [speed.admit(1) for _ in range(20)] == [0] * 20
    assert speed.admit(1) == 1
    await trio.sleep(1)
    assert (speed.admit(1), speed.admit(1)) == (0, 1)


async def test_a_refused_message_costs_nothing(autojump_clock):
    speed = guard(chat_burst=1)
    speed.admit(1)
    for _ in range(50):
        assert speed.admit(1) == 1
    await trio.sleep(1)
    assert speed.admit(1) == 0


async def test_the_bot_as_a_whole_sends_thirty_a_second(autojump_clock):
    speed = guard()
    assert [speed.admit(chat) for chat in range(30)] == [0] * 30
    assert speed.admit(99) == 1
    await trio.sleep(0.5)
    assert [speed.admit(chat) for chat in range(100, 115)] == [0] * 15
    assert speed.admit(200) == 1


async def test_a_group_takes_twenty_a_minute(autojump_clock):
    speed = guard()
    assert [speed.admit(-5) for _ in range(20)] == [0] * 20
    assert speed.admit(-5) == 3
    await trio.sleep(3)
    assert speed.admit(-5) == 0


async def test_chats_do_not_slow_each_other(autojump_clock):
    speed = guard(chat_burst=1)
    assert (speed.admit(1), speed.admit(2), speed.admit(1)) == (0, 0, 1)
