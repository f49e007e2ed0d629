"""One process per store, known by its pid, until it ends in whatever way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.embedded.file_lock import lock_file
from store.errors import StoreInUse, StoreUnavailable

HOLD = """
import sys
from store.embedded.file_lock import lock_file
with lock_file(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(store_path):
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", HOLD, store_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_second_process_is_refused_with_the_pid_of_the_first(holder, store_path):
    with pytest.raises(StoreInUse, match=f"{store_path} is used by process {holder.pid}:"), lock_file(store_path):
        pass


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_lock_goes_with_its_process_however_that_ends(holder, store_path, end):
    holder.send_signal(end)
    holder.wait()
    with lock_file(store_path):
        assert Path(f"{store_path}.lock").read_text() == f"{os.getpid()}\n"


def test_same_process_can_not_take_it_twice_either(store_path):
    with (
        lock_file(store_path),
        pytest.raises(StoreInUse, match=f"process {os.getpid()}"),
        lock_file(store_path),
    ):
        pass


def test_lock_is_free_after_its_block(store_path):
    for _ in range(2):
        with lock_file(store_path):
            pass
    assert Path(f"{store_path}.lock").exists()


def test_shorter_pid_leaves_nothing_of_a_longer_one(store_path):
    Path(f"{store_path}.lock").write_text("99999999999999\n")
    with lock_file(store_path), pytest.raises(StoreInUse, match=f"process {os.getpid()}:"), lock_file(store_path):
        pass


def test_lock_that_can_not_be_made_says_so(tmp_path):
    (tmp_path / "a.db.lock").mkdir()
    with pytest.raises(StoreUnavailable, match="lock file can't be made"), lock_file(str(tmp_path / "a.db")):
        pass


def test_child_processes_do_not_inherit_it(store_path):
    with lock_file(store_path):
        sleeper = subprocess.Popen(
            [sys.executable, "-c", "print(); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
    sleeper.stdout.readline()
    try:
        with lock_file(store_path):
            pass
    finally:
        sleeper.kill()
        sleeper.communicate()
