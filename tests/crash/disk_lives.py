"""The whole daemon on a failing disk, on a virtual clock: it stays up, or ends with one clear line and is started again.

What it may end with is `StoreUnavailable`, which names the disk and is exit code 1: systemd starts it again. The disk is
well some time after the failure; then the story must come to its end by itself and be judged like any other.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from daemon.exit_codes import FAILED, exit_code_of
from store.errors import StoreUnavailable
from tests.crash.faulty_disk import the_disk
from tests.crash.seeded import fast_folder, play
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle
from tests.crash.whole_daemon import describe, open_theatre

if TYPE_CHECKING:
    from tests.crash.faulty_disk import DiskFaultKind, FaultyDisk
    from tests.crash.whole_daemon import Theatre

ILL_SECONDS = 20.0
LOOK_SECONDS = 0.25
RESTART_SECONDS = 1.0
DIED = "died of itself"


def play_life(kind: DiskFaultKind | None, at: int, seed: int) -> list[str]:
    """One story on one disk; what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="aurora-disk-", dir=fast_folder()) as folder, the_disk().mounted() as disk:
        found: list[str] = play(tell_story, disk, kind, at, Path(folder), seed, seed=seed)
    return found


async def tell_story(disk: FaultyDisk, kind: DiskFaultKind | None, at: int, folder: Path, seed: int) -> list[str]:
    """A newcomer gets acquainted and hunts; meanwhile the disk fails and is mended."""
    settings = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}
    async with open_theatre(folder, seed=seed, settings=settings) as theatre:
        enter_people(theatre, 1, random.Random(seed))
        if kind is not None:
            disk.arm(kind, at)
        theatre.start()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(mend_later, disk)
            nursery.start_soon(start_again, theatre, disk)
            await settle(theatre)
            nursery.cancel_scope.cancel()
        await theatre.stop()
        await theatre.unwind()
        disk.heal()
        for life in theatre.lives:
            life.failure = None  # its traceback holds cursors, and a cursor keeps SQLite from closing the file
        gc.collect()
        # Looked at first: SQLite's own clean-up, which a disk that was ill at the end has kept from happening.
        return check_file(theatre.life.path) + judge_story(theatre, lost_answers=len(theatre.lives) - 1)


async def mend_later(disk: FaultyDisk) -> None:
    """The disk is well a while after it failed."""
    while disk.strike is not None:
        if disk.strike.struck:
            await trio.sleep(ILL_SECONDS)
            disk.heal()
        await trio.sleep(LOOK_SECONDS)


async def start_again(theatre: Theatre, disk: FaultyDisk) -> None:
    """As systemd does, if the daemon ended as it should; by then the disk is well."""
    while True:
        life = theatre.life
        await life.ended.wait()
        disk.heal()
        failure = life.failure
        if failure is not None and is_clear(failure):
            theatre.violations = [known for known in theatre.violations if DIED not in known]
        await trio.sleep(RESTART_SECONDS)
        theatre.start()


def is_clear(failure: BaseException) -> bool:
    """Whether whoever reads the last line knows what to do, and whoever starts the daemon does so again."""
    group = failure if isinstance(failure, BaseExceptionGroup) else BaseExceptionGroup("", [failure])
    _, others = group.split(StoreUnavailable)
    return others is None and "disk" in describe(group) and exit_code_of(group) == FAILED


def check_file(path: Path) -> list[str]:
    """SQLite's own word on the file."""
    with closing(sqlite3.connect(path)) as connection:
        answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return [] if answer == "ok" else [f"the file is damaged: {answer}"]
