"""The daemon as systemd sees it: a process that says when it is ready, ends when told, and explains why it can't run.

Telegram is a closed port of this machine throughout: the daemon must start, serve its doors and stop without it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
TOKEN = "123456789:AAH-canary_canary_canary_canary_0123"
PATIENCE_SECONDS = 60

pytestmark = pytest.mark.slow


class Process:
    """One `aurora run`; its log is read line by line."""

    def __init__(self, folder, **environ):
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "STATE_DIRECTORY": str(folder),
            "AURORA_TELEGRAM__TOKEN": TOKEN,
            "AURORA_TELEGRAM__API_URL": "http://127.0.0.1:9",
            "AURORA_WEB__LISTEN": "127.0.0.1:0",
        } | environ
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "run"],
            cwd=ROOT,
            env=self.environ,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read_until(self, event):
        for text in self.process.stderr:
            self.lines.append(json.loads(text))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"the daemon ended before it said {event}: {self.lines}")

    def end(self):
        """Exit code and everything else it said, as text."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out + err

    def ctl(self, *words):
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "daemon", "ctl", *words, "--json"],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


@contextmanager
def running(folder, **environ):
    process = Process(folder, **environ)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.process.communicate()


def test_daemon_starts_serves_and_stops_without_telegram(tmp_path):
    with running(tmp_path) as daemon:
        web = daemon.read_until("daemon_ready")["web"]
        with urlopen(f"http://{web}/healthz", timeout=10) as answer:
            assert answer.status == 200
        status = json.loads(daemon.ctl("status").stdout)
        assert (status["state"], status["is_ready"], status["checks"]["store"]) == ("running", False, "ok")
        assert status["facts"]["web"] == web
        daemon.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code, said = daemon.end()
        assert code == 0
        assert time.monotonic() - began < 10
        assert "daemon_stopped" in said
        assert not (tmp_path / "admin.sock").exists()
        assert TOKEN not in said + repr(daemon.lines) + repr(status)


def test_second_signal_ends_at_once(tmp_path):
    with running(tmp_path) as daemon:
        daemon.read_until("daemon_ready")
        daemon.process.send_signal(signal.SIGSTOP)  # so that both signals are there before the loop can answer one
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.send_signal(signal.SIGINT)
        daemon.process.send_signal(signal.SIGCONT)
        code, _ = daemon.end()
        assert code in {0, 1}  # 1: at once; 0: it had drained before the second was delivered


def test_killed_daemon_starts_again_on_what_it_left(tmp_path):
    with running(tmp_path) as first:
        first.read_until("daemon_ready")
        first.process.kill()
        first.process.wait(PATIENCE_SECONDS)
    assert (tmp_path / "admin.sock").exists()
    with running(tmp_path) as second:
        second.read_until("daemon_ready")
        assert second.ctl("status").returncode == 0
        assert "key_file_made" not in [line["event"] for line in second.lines]


def test_second_daemon_on_the_same_store_is_refused_with_the_first_ones_pid(tmp_path):
    other = {"AURORA_ADMIN__SOCKET": str(tmp_path / "other.sock")}
    with running(tmp_path) as first:
        first.read_until("daemon_ready")
        with running(tmp_path, **other) as second:
            code, said = second.end()
        assert code == 1
        assert str(first.process.pid) in said
        assert "Traceback" not in said


def test_taken_port_is_one_line_and_exit_1(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        running(tmp_path, AURORA_WEB__LISTEN=f"127.0.0.1:{taken.getsockname()[1]}") as daemon,
    ):
        code, said = daemon.end()
    assert (code, len(said.splitlines())) == (1, 1)
    assert "AURORA_WEB__LISTEN" in said


@pytest.mark.parametrize(
    ("name", "content"), [("aurora.db", b"no database at all" * 500), ("secret.key", b"no key at all")]
)
def test_damaged_files_are_told_and_left_as_they_are(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with running(tmp_path) as daemon:
        code, said = daemon.end()
    assert code == 78
    assert name in said
    assert "Traceback" not in said
    assert (tmp_path / name).read_bytes() == content


def test_systemd_hears_ready_and_stopping(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(PATIENCE_SECONDS)
        with running(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000") as daemon:
            heard = [notify.recv(4096).decode() for _ in range(3)]
            daemon.process.send_signal(signal.SIGTERM)
            while "STOPPING=1" not in heard[-1]:
                heard.append(notify.recv(4096).decode())
            assert daemon.end()[0] == 0
    assert any(message.startswith("READY=1") for message in heard)
    assert "WATCHDOG=1" in heard


def test_unknown_variable_is_one_warning(tmp_path):
    with running(tmp_path, AURORA_TELEGRAM__TOKN="canary-value") as daemon:
        daemon.read_until("daemon_ready")
        (warning,) = [line for line in daemon.lines if line["event"] == "setting_ignored"]
        assert "did you mean AURORA_TELEGRAM__TOKEN?" in warning["warning"]
        assert "canary-value" not in repr(daemon.lines)


def test_why_and_pause_of_a_stranger_are_answered(tmp_path):
    with running(tmp_path) as daemon:
        daemon.read_until("daemon_ready")
        for words in (("why", "42"), ("pause", "42"), ("resume", "42")):
            done = daemon.ctl(*words)
            assert (done.returncode, "42" in done.stderr) == (1, True)
        assert json.loads(daemon.ctl("tree").stdout)["tasks"] > 10
        assert json.loads(daemon.ctl("users").stdout)["users"] == []
