"""sd_notify against a real datagram socket, as systemd holds it."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager

import pytest

from daemon.supervisor.systemd import Notifier


@contextmanager
def listening(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver:
        receiver.bind(address)
        yield receiver


def received(receiver):
    lines = []
    while True:
        try:
            lines.append(receiver.recv(4096).decode())
        except BlockingIOError:
            return lines


def test_ready_tell_and_stopping_arrive(tmp_path):
    with listening(str(tmp_path / "notify")) as receiver:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        notifier.ready("polling")
        notifier.tell("two\nlines")
        notifier.stopping("draining")
        assert received(receiver) == ["READY=1\nSTATUS=polling", "STATUS=two lines", "STOPPING=1\nSTATUS=draining"]


def test_abstract_socket_is_spoken_to():
    name = f"aurora-test-{os.getpid()}"
    with listening("\0" + name) as receiver:
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready("up")
        assert received(receiver) == ["READY=1\nSTATUS=up"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_listener_nothing_happens(environ):
    Notifier(environ).ready("up")


def test_full_socket_does_not_hold_up_the_daemon(tmp_path):
    with listening(str(tmp_path / "notify")):
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(10_000):
            notifier.tell("nobody reads this")


def test_ping_is_sent_only_to_a_watchdog(tmp_path):
    with listening(str(tmp_path / "notify")) as receiver:
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).ping()
        assert received(receiver) == []
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"}).ping()
        assert received(receiver) == ["WATCHDOG=1"]


def test_patience_is_asked_for_in_microseconds(tmp_path):
    with listening(str(tmp_path / "notify")) as receiver:
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).extend(1.5, "waits")
        assert received(receiver) == ["EXTEND_TIMEOUT_USEC=1500000\nSTATUS=waits"]


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}]
)
def test_watchdog_is_off_unless_meant_for_us(environ):
    assert Notifier(environ).watchdog_seconds is None


def test_watchdog_of_this_process_is_on():
    environ = {"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier(environ).watchdog_seconds == 2.5
