"""Everything that is left to chance comes from one seed: the order of tasks, the daemon's own dice, ids and states.

Trio shuffles its tasks on purpose; the source of that and the switch that sorts them first are private, so
`test_seeded.py` guards both. A story that is played twice with the same seed then leaves the same trace, also in
another process.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from trio._core import _run as scheduler
from trio.testing import MockClock

from tests.crash.lives import replaced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from daemon.sandbox.world_log import Act


def play(story: Callable[..., Awaitable[Any]], *arguments: Any, seed: int) -> Any:
    """Runs a story on a virtual clock; the same seed, the same story."""
    with seeded(seed):
        return trio.run(story, *arguments, clock=MockClock(autojump_threshold=0))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside the block chance is a function of the seed."""
    chance = random.Random(f"secrets:{seed}")
    before = scheduler._r.getstate()
    scheduler._r.seed(f"order:{seed}")
    with ExitStack() as stack:
        stack.enter_context(replaced(scheduler, "_ALLOW_DETERMINISTIC_SCHEDULING", True))
        stack.enter_context(replaced(secrets, "token_hex", lambda size=32: chance.randbytes(size).hex()))
        stack.enter_context(replaced(secrets, "token_urlsafe", lambda size=32: chance.randbytes(size).hex()))
        stack.callback(scheduler._r.setstate, before)
        yield


def trace_of(acts: Iterable[Act], steps: Iterable[str]) -> str:
    """A story in sixteen letters: every outside act with its moment, and every step of every life."""
    trace = hashlib.sha256()
    for act in acts:
        trace.update(f"{act.number} {act.at} {act.kind} {sorted(act.facts.items())}\n".encode())
    for step in steps:
        trace.update(f"{step}\n".encode())
    return trace.hexdigest()[:16]


def fast_folder() -> str | None:
    """Memory, where there is some to put files in: what is on the disk is not the question here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
