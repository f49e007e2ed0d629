"""Disk: the Nth call of the disk fails, for every kind of failure, in the middle of a daemon's day of writes.

Points are `KIND:N`: the Nth read, write, sync, truncation or deletion (for a full disk: the Nth write) since the store
was first opened. Every other one runs SQL in threads, as the daemon does; the rest in the loop, where N is always the
same call. See `disk_trial.py` for what is checked.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tests.crash.disk_trial import Trial
from tests.crash.faulty_disk import KINDS, WRITES, the_disk
from tests.crash.machines.report import Report, is_enough, repeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.faulty_disk import DiskFaultKind
    from tests.crash.machines.report import Size

NAME = "disk"
POINTS_PER_KIND: dict[Size, int] = {"sample": 4, "faults": 40, "full": 1_000}


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """So many points of each kind, spread over the day by the seed; `only` is one of them."""
    began = time.monotonic()
    points = choose_points(POINTS_PER_KIND[size], seed) if only is None else [only]
    violations: list[str] = []
    for done, point in enumerate(points, 1):
        violations += [f"{point}: {what}; {repeat(NAME, seed, point)}" for what in try_point(point)]
        if is_enough(violations):
            points = points[:done]
            break
    return Report(NAME, len(points), time.monotonic() - began, tuple(violations))


def choose_points(count: int, seed: int) -> Sequence[str]:
    """So many calls of a healthy day, for each kind."""
    calls = count_calls()
    chance = random.Random(f"{NAME}:{seed}")
    points = []
    for kind in KINDS:
        there_are = sum(calls.values()) if kind.startswith("error") else sum(calls[call] for call in WRITES)
        chosen = chance.sample(range(1, there_are + 1), min(count, there_are))
        points += [f"{kind}:{at}" for at in sorted(chosen)]
    return points


def count_calls() -> dict[str, int]:
    """What a healthy day asks of the disk."""
    disk = the_disk()
    violations = _play(None, 0, inline=True)
    assert not violations, f"the day fails on a healthy disk: {violations}"
    return dict(disk.counts)


def try_point(point: str) -> list[str]:
    """What one fault did wrong."""
    kind, _, at = point.partition(":")
    return _play(next(known for known in KINDS if known == kind), int(at), inline=int(at) % 2 == 0)


def _play(kind: DiskFaultKind | None, at: int, *, inline: bool) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="aurora-disk-") as folder, the_disk().mounted():
        trial = Trial(Path(folder), kind, at, inline=inline)
        trio.run(trial.play)
    return trial.violations
