"""`python -m tests.crash.sick ILLNESS`: `aurora run` with one part that hangs, for the watchdog and the hard exit.

Illnesses: `writer`, the store never answers a write of the watchdog; `supervisor`, it starts nobody any more; `loop`, a
task holds the loop for good; `deaf`, a child ignores its cancellation. Only tests start this.
"""

from __future__ import annotations

import os
import sys
import time

import trio

from daemon import main
from daemon.autopilot.roster import Roster
from daemon.config import load_settings
from store.store import Store

HEALTHY_SECONDS = 2.0


async def hang_later(*_ignored: object) -> None:
    """Well at first, so that the daemon is ready, then for ever in a wait that nobody ends."""
    await trio.sleep(HEALTHY_SECONDS)
    with trio.move_on_after(3600):
        await trio.sleep_forever()


async def hold_the_loop(self: Roster, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep(HEALTHY_SECONDS)
    time.sleep(3600)  # noqa: ASYNC251 - this is the illness


async def ignore_cancellation(self: Roster, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()


def fall_ill(illness: str) -> None:
    """Patches the one part."""
    if illness == "writer":
        Store.prove_writing = hang_later
    elif illness == "supervisor":
        main.prove_supervising = hang_later
    elif illness == "loop":
        Roster.run = hold_the_loop
    elif illness == "deaf":
        Roster.run = ignore_cancellation
    else:
        raise SystemExit(f"no such illness: {illness}")


if __name__ == "__main__":
    fall_ill(sys.argv[1])
    settings, warnings = load_settings(None, os.environ)
    sys.exit(main.run(settings, warnings))
