"""Memory of hunts between two searches: real hunts under the real supervisor, asleep, their records included.

Each has searched once already and sleeps until its next search. The store is a file, so its rows are not counted; what
is counted is everything the process grew by: task, frames, scope, wake-up and the supervisor's record. The figure is
taken from the resident size of a process of its own, after a warm-up that pays for caches and code.
"""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import structlog
import trio
import trio.testing

from daemon.autopilot.roster import Roster
from daemon.clock import SystemClock
from daemon.outbox.outbox import Outbox
from daemon.supervisor.health import Phase
from daemon.supervisor.tree import open_supervisor
from store.factory import open_store
from store.ids import ChatId, UserId
from store.tables.hunts import HuntRow
from store.write import join
from tests.fakes.board import FakeBoard
from tests.fakes.hunting import HH, open_ground

HUNTS = 10_000
WARM_UP = 500
AIM = 12_288
HOUR = 3_600_000


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def person(store, user_id, now):
    hunt = HuntRow(UserId(user_id), HH, "running", "person", "", now, "auto", "python", next_search_at=now + HOUR)
    profile = {"source": "board", "resume_id": "r1", "title": "Python", "sealed_resume": "…", "now": now}
    account = {"state": "connected", "mode": "auto", "sealed_tokens": "…", "expires_at": None, "external_id": None}
    return (
        store.users.register(UserId(user_id), ChatId(user_id), "ru", now=now)
        + store.hunts.insert_new(hunt)
        + store.profiles.save(UserId(user_id), **profile)
        + store.board_accounts.connect(UserId(user_id), HH, **account, now=now)
    )


async def add_people(store, first, count, now):
    for start in range(first, first + count, 500):
        await store.write(
            join(person(store, user_id, now) for user_id in range(start, min(start + 500, first + count)))
        )


async def wait_asleep(supervisor, count):
    while sum(child.phase is Phase.RUNNING for child in supervisor.children()) < count:  # noqa: ASYNC110 - no event says it
        await trio.sleep(0.05)
    await trio.testing.wait_all_tasks_blocked(0.2)
    gc.collect()


async def measure(folder):
    clock = SystemClock()
    async with (
        open_store(f"sqlite:///{folder}/hunts.db", inline=True) as store,
        open_ground(store, FakeBoard(), clock) as ground,
        open_supervisor(clock, random.Random(1)) as supervisor,
    ):
        assert isinstance(ground.tools.outbox, Outbox)
        now = clock.now()
        await add_people(store, 1, WARM_UP, now)
        await ground.nursery.start(Roster(ground.tools, supervisor).run)
        await wait_asleep(supervisor, WARM_UP)
        before = resident_bytes()
        await add_people(store, WARM_UP + 1, HUNTS, now)
        began_at = time.perf_counter()
        await wait_asleep(supervisor, WARM_UP + HUNTS)
        seconds = time.perf_counter() - began_at
        print(round((resident_bytes() - before) / HUNTS), round(seconds, 1))
        ground.nursery.cancel_scope.cancel()


def run() -> list[str]:
    """One process, one figure."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.hunts"], capture_output=True, text=True, check=True, timeout=600
    )
    size, seconds = done.stdout.split()
    verdict = "ok" if int(size) <= AIM else "over the aim"
    return [
        f"{HUNTS} hunts asleep: {size} bytes each, supervisor's record included (aim {AIM}: {verdict})",
        f"all of them started and settled within {seconds} s",
    ]


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory() as temporary:
        trio.run(measure, temporary)
