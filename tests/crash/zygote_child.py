"""What the zygote's own tests fork: says a word and ends as it is told."""

from __future__ import annotations

import os
import signal


def prepare() -> None:
    """What all children find done."""
    os.environ["PREPARED"] = "1"


def run() -> int:
    """Waits for a signal where CODE is `wait`."""
    print(os.environ["SAY"], flush=True)
    if os.environ["CODE"] == "wait":
        signal.pause()
    return int(os.environ["CODE"])
