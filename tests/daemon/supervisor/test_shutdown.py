"""The way out: real signals to this process, and the last resort."""

from __future__ import annotations

import os
import signal
import threading

import pytest
import trio

from daemon.supervisor.shutdown import LastResort, StopSwitch, catch_signals


class Exits:
    """Stands for `os._exit`."""

    def __init__(self):
        self.codes = []
        self.happened = threading.Event()

    def __call__(self, code):
        self.codes.append(code)
        self.happened.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_first_signal_asks_for_the_drain(number):
    switch, exits = StopSwitch(), Exits()
    last_resort = LastResort(exits)
    with catch_signals(switch, last_resort, exit_process=exits):
        os.kill(os.getpid(), number)
        with trio.fail_after(5):
            assert await switch.wait() == number.name
    last_resort.disarm()
    assert exits.codes == []


async def test_second_signal_exits_at_once_even_if_loop_is_blocked():
    switch, exits = StopSwitch(), Exits()
    last_resort = LastResort(exits)
    with catch_signals(switch, last_resort, exit_process=exits):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        while not exits.codes:  # no checkpoint here: the loop stands still
            pass
    last_resort.disarm()
    assert exits.codes == [1]


async def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with catch_signals(StopSwitch(), LastResort(Exits())):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


async def test_first_reason_counts(autojump_clock):
    switch = StopSwitch()
    assert not switch.is_asked
    switch.ask("SIGTERM")
    switch.ask("admin")
    assert (switch.is_asked, await switch.wait()) == (True, "SIGTERM")


def test_last_resort_ends_the_process(expected_errors):
    exits = Exits()
    resort = LastResort(exits)
    resort.arm(0.01)
    resort.arm(1000)
    assert exits.happened.wait(5)
    assert exits.codes == [1]
    assert expected_errors[0]["event"] == "stop_took_too_long"


def test_disarmed_last_resort_does_nothing():
    exits = Exits()
    resort = LastResort(exits)
    resort.disarm()
    resort.arm(0.4)
    resort.disarm()
    assert not exits.happened.wait(0.5)
