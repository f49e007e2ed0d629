"""The watchdog pings while everybody moves on, tells who does not, and then ends the process."""

from __future__ import annotations

import random
import socket
from contextlib import contextmanager

import pytest
import trio

from daemon.clock import TrioClock
from daemon.supervisor.progress import Progress
from daemon.supervisor.starts import StartCounter
from daemon.supervisor.systemd import Notifier
from daemon.supervisor.tree import open_supervisor
from daemon.supervisor.watchdog import HUNG, Life, Watchdog, prove_supervising


class Manager:
    """A service manager with a watchdog of nine seconds."""

    def __init__(self, folder, receiver):
        self.notifier = Notifier({"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "9000000"})
        self._receiver = receiver

    def received(self):
        told = []
        while True:
            try:
                told.append(self._receiver.recv(4096).decode())
            except BlockingIOError:
                return told


@contextmanager
def managed(folder):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver:
        receiver.bind(str(folder / "notify"))
        yield Manager(folder, receiver)


class Death(Exception):
    """Instead of the process's end."""


def die(code):
    raise Death(code)


async def test_pings_come_three_times_a_period_while_all_is_well(tmp_path, autojump_clock, nursery):
    with managed(tmp_path) as manager:
        await nursery.start(Watchdog(manager.notifier, Progress()).run)
        await trio.sleep(26)
        assert manager.received() == ["WATCHDOG=1"] * 9


async def test_late_agent_ends_pings_then_the_process(tmp_path, autojump_clock, expected_errors):
    with managed(tmp_path) as manager:
        progress, reasons = Progress(), []
        progress.mark("poller").expect(10)
        watchdog = Watchdog(manager.notifier, progress, note_end=reasons.append, exit_process=die)
        with pytest.raises(Death) as death:
            await watchdog.run()
        assert death.value.args == (HUNG,)
        assert trio.current_time() == 15
        assert manager.received() == ["WATCHDOG=1"] * 4 + ["STATUS=no progress: poller, 2 s late"]
        assert reasons == ["no progress: poller, 5 s late"]
    events = [line["event"] for line in expected_errors]
    assert "no_progress" in events
    assert "task_waits" in events


async def test_agent_that_is_only_late_once_is_let_live(tmp_path, autojump_clock, nursery, expected_errors):
    with managed(tmp_path) as manager:
        progress = Progress()
        mark = progress.mark("poller")
        mark.expect(10)
        await nursery.start(Watchdog(manager.notifier, progress, exit_process=die).run)
        await trio.sleep(13)
        mark.expect(1000)
        await trio.sleep(20)
        assert manager.received()[-1] == "WATCHDOG=1"
    assert [line["event"] for line in expected_errors if line["event"].startswith("progress")] == ["progress_again"]


async def test_watchdog_that_may_not_end_the_process_only_stops_pinging(
    tmp_path, autojump_clock, nursery, expected_errors
):
    with managed(tmp_path) as manager:
        progress = Progress()
        progress.mark("writer").expect(1)
        await nursery.start(Watchdog(manager.notifier, progress, may_give_up=False, exit_process=die).run)
        await trio.sleep(100)
        assert "WATCHDOG=1" not in manager.received()[1:]
    assert sum(line["event"] == "no_progress" for line in expected_errors) == 1


async def test_guards_prove_each_part_and_look(tmp_path, autojump_clock):
    asked = []

    async def answer():
        asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()

    life = Life(Notifier({}), StartCounter(tmp_path, longest_wait_seconds=0), Progress(), hang_seconds=60)
    async with open_supervisor(TrioClock(), random.Random(1)) as supervisor:
        for guard in life.guards({"writer": answer}):
            await supervisor.start(guard)
        await trio.sleep(25)
        assert [child.name for child in supervisor.children()] == ["proof:writer", "watchdog"]
        assert asked == [0, 10, 20]
        assert life.progress.mark("writer").due_at < 200


def test_nobody_is_asked_where_nobody_listens(tmp_path):
    starts = StartCounter(tmp_path, longest_wait_seconds=0)
    assert list(Life(Notifier({}), starts, Progress(), hang_seconds=0).guards({"writer": trio.sleep_forever})) == []
    with_systemd = Life(Notifier({"WATCHDOG_USEC": "3000000"}), starts, Progress(), hang_seconds=0)
    assert len(list(with_systemd.guards({"writer": trio.sleep_forever}))) == 2


async def test_supervisor_proves_itself_by_a_child_it_sees_to_its_end(autojump_clock):
    async with open_supervisor(TrioClock(), random.Random(1)) as supervisor:
        await prove_supervising(supervisor)
        await prove_supervising(supervisor)
        assert supervisor.children() == []
    await prove_supervising(supervisor)  # closed: nothing is to be proven
