"""A zygote's children are processes of their own, and none outlives it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import trio

from tests.crash.zygote import open_zygote

SPEAKER = "tests.crash.zygote_child"


async def test_children_have_the_given_environment_and_their_end_is_told(tmp_path):
    output = tmp_path / "said"
    async with open_zygote(SPEAKER) as zygote:
        first = await zygote.fork({"SAY": "one", "CODE": "0"}, output)
        assert await first.wait() == 0
        second = await zygote.fork({"SAY": "two", "CODE": "3"}, output)
        assert await second.wait() == 3
        assert first.pid != second.pid
    assert output.read_text(encoding="utf-8").split() == ["one", "two"]


async def test_a_killed_child_is_told_and_an_error_is_shown(tmp_path):
    async with open_zygote(SPEAKER) as zygote:
        child = await zygote.fork({"SAY": "x", "CODE": "wait"}, tmp_path / "said")
        child.signal(signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        child.signal(signal.SIGKILL)  # nothing happens to a process that is gone
        broken = await zygote.fork({"SAY": "y", "CODE": "no number"}, tmp_path / "shown")
        assert await broken.wait() == 70
    assert "ValueError" in (tmp_path / "shown").read_text(encoding="utf-8")


async def test_no_child_outlives_its_zygote(tmp_path):
    async with open_zygote(SPEAKER) as zygote:
        child = await zygote.fork({"SAY": "x", "CODE": "wait"}, tmp_path / "said")
    with trio.fail_after(10):
        while is_alive(child.pid):  # noqa: ASYNC110 - another process ends
            await trio.sleep(0.01)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
