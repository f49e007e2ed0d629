"""Points of a machine that plays in one process, spread over the cores of this one: a fork for each core.

The order of the answers is that of the points, so a run with one worker and a run with four say the same.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.collector import calm_collector
from tests.crash.machines.report import Report, is_enough, repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.crash.machines.report import Size

WORKERS = "CRASH_WORKERS"


@dataclass(frozen=True)
class Tried:
    """What came of one story: at how many points something was done to it, and what was wrong in the end."""

    count: int
    violations: list[str]


def run_points(
    machine: str, points: Sequence[str], try_point: Callable[[str], Tried], *, seed: int, size: Size
) -> Report:
    """Tries all stories; each violation says its story, what it is, and how to repeat it."""
    began = time.monotonic()
    violations: list[str] = []
    done = 0
    for point, tried in try_all(points, try_point, workers=count_workers(size)):
        done += tried.count
        found = tried.violations
        violations += [f"{point}: {what}; {repeat(machine, seed, point)}" for what in found]
        if is_enough(violations):
            break
    return Report(machine, done, time.monotonic() - began, tuple(violations))


def try_all(points: Sequence[str], try_point: Callable[[str], Tried], *, workers: int) -> Iterator[tuple[str, Tried]]:
    """Each story with what was found there."""
    if workers == 1 or len(points) == 1:
        yield from ((point, try_point(point)) for point in points)
        return
    # Forked, so that a broken build is broken in every worker, and nothing is imported again.
    with multiprocessing.get_context("fork").Pool(workers, calm_collector) as pool:
        yield from zip(points, pool.imap(try_point, points, chunksize=4), strict=True)


def count_workers(size: Size) -> int:
    """One for each core, unless the environment says otherwise; a sample shares its process with a test."""
    if size == "sample":
        return 1
    return int(os.environ.get(WORKERS, "0")) or os.cpu_count() or 1
