"""A daemon that dies soon after its start again and again starts ever later; one long life, or a stop, forgives it."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.supervisor.shutdown import StopSwitch
from daemon.supervisor.starts import FREE_STARTS, STABLE_SECONDS, UNKNOWN_END, StartCounter
from daemon.supervisor.systemd import Notifier

if TYPE_CHECKING:
    from pathlib import Path

DEAF = Notifier({})


def counter(folder: Path, longest: float = 300.0) -> StartCounter:
    return StartCounter(folder, longest_wait_seconds=longest)


async def die_early(folder: Path, times: int = 1, reason: str = "") -> None:
    """Lives that end like a SIGKILL does: nothing is written any more, or just why."""
    for _ in range(times):
        life = counter(folder, longest=0)
        await life.begin(DEAF)
        if reason:
            life.note_end(reason)


async def live(folder: Path, seconds: float, switch: StopSwitch | None = None) -> float:
    """A life that ends by being told to; how long its start waited."""
    began = trio.current_time()
    async with counter(folder).counting(switch or StopSwitch(), DEAF):
        waited = trio.current_time() - began
        await trio.sleep(seconds)
    return waited


async def test_few_early_ends_cost_no_wait(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS - 1)
    assert await live(tmp_path, 0) == 0


async def test_wait_grows_with_each_early_end_up_to_the_longest(tmp_path, autojump_clock):
    waits = []
    for _ in range(14):
        waits.append(counter(tmp_path).wait_seconds)
        await die_early(tmp_path)
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_start_waits_before_anything_else(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS + 3)
    assert await live(tmp_path, 0) == 8


async def test_long_life_is_forgiven_while_it_goes_on(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS)
    async with counter(tmp_path).counting(StopSwitch(), DEAF):
        await trio.sleep(STABLE_SECONDS - 1)
        assert counter(tmp_path).line.early_ends == FREE_STARTS + 1
        await trio.sleep(2)
        assert counter(tmp_path).line.early_ends == 0


async def test_life_that_was_told_to_end_is_forgiven(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS + 1)
    await live(tmp_path, 1)
    assert counter(tmp_path).line.early_ends == 0


async def test_life_that_failed_is_not_forgiven(tmp_path, autojump_clock):
    with pytest.RaisesGroup(ValueError):
        async with counter(tmp_path).counting(StopSwitch(), DEAF):
            raise ValueError
    assert counter(tmp_path).line.early_ends == 1


async def test_stop_ends_the_wait_at_once(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS + 6)
    switch = StopSwitch()
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            await trio.sleep(5)
            switch.ask("SIGTERM")

        nursery.start_soon(ask)
        assert await live(tmp_path, 0, switch) == 5


async def test_reason_of_last_end_is_told(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS + 1, "PortTaken")
    life = counter(tmp_path)
    await life.begin(DEAF)
    assert str(life.line) == "the last 4 lives ended early: PortTaken; this start waited 2 s"


async def test_killed_life_left_no_word(tmp_path, autojump_clock):
    await die_early(tmp_path)
    line = counter(tmp_path).line
    assert line.last_end == UNKNOWN_END
    assert str(line) == f"the last life ended early: {UNKNOWN_END}"


async def test_switched_off_it_never_waits(tmp_path, autojump_clock):
    await die_early(tmp_path, 40)
    assert counter(tmp_path, longest=0).wait_seconds == 0


async def test_systemd_is_asked_for_patience_again_and_again(tmp_path, autojump_clock):
    await die_early(tmp_path, FREE_STARTS + 5)
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver:
        receiver.bind(path)
        await counter(tmp_path).begin(Notifier({"NOTIFY_SOCKET": path}))
        told = []
        try:
            while True:
                told.append(receiver.recv(4096).decode())
        except BlockingIOError:
            pass
    assert [line.splitlines()[0] for line in told] == ["EXTEND_TIMEOUT_USEC=30000000"] * 4
    assert "STATUS=waits 32 s: the last 8 lives ended early" in told[0]
    assert "STATUS=waits 2 s" in told[-1]


@pytest.mark.parametrize("content", ["", "{", '{"early_ends": "many"}', "[]"])
async def test_broken_file_counts_as_none(tmp_path, autojump_clock, content):
    (tmp_path / "starts.json").write_text(content)
    assert counter(tmp_path).line.early_ends == 0
    await die_early(tmp_path)
    assert json.loads((tmp_path / "starts.json").read_text())["early_ends"] == 1


async def test_missing_folder_is_not_made(tmp_path, autojump_clock):
    await die_early(tmp_path / "not" / "there")
    assert not (tmp_path / "not").exists()


async def test_folder_that_takes_no_file_costs_only_the_counting(tmp_path, autojump_clock):
    (tmp_path / "starts.new").mkdir()
    await die_early(tmp_path, FREE_STARTS + 3)
    assert counter(tmp_path).line.early_ends == 0
