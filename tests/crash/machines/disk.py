"""Disk: the Nth call of the disk fails, for every kind of failure: beneath a day of writes, and beneath the whole daemon.

Points are `KIND:N`: the Nth read, write, sync, truncation or deletion (for a full disk: the Nth write) since the store
was first opened; see `disk_trial.py` for what is checked. Every other one runs SQL in threads, as the daemon does; the
rest in the loop, where N is always the same call. `daemon:KIND:N` is the same beneath a daemon, see `disk_lives.py`.
"""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tests.crash.disk_lives import play_life
from tests.crash.disk_trial import Trial
from tests.crash.faulty_disk import KINDS, WRITES, the_disk
from tests.crash.spread import Tried, run_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.crash.faulty_disk import Call, DiskFaultKind
    from tests.crash.machines.report import Report, Size

NAME = "disk"
POINTS_PER_KIND: dict[Size, int] = {"sample": 4, "faults": 40, "full": 1_000}
LIVES_PER_KIND: dict[Size, int] = {"sample": 0, "faults": 4, "full": 40}
DAEMON = "daemon:"


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """So many points of each kind, spread over the day by the seed; `only` is one of them."""
    points = [only] if only is not None else choose_points(size, seed)
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def choose_points(size: Size, seed: int) -> Sequence[str]:
    """So many calls of a healthy day and of a healthy life, for each kind."""
    points = spread(count_calls(), POINTS_PER_KIND[size], seed)
    if LIVES_PER_KIND[size]:
        violations = play_life(None, 0, seed)
        assert not violations, f"the story fails on a healthy disk: {violations}"
        points += [f"{DAEMON}{point}" for point in spread(the_disk().counts, LIVES_PER_KIND[size], seed)]
    return points


def spread(calls: Mapping[Call, int], count: int, seed: int) -> list[str]:
    """So many of these calls, for each kind that concerns them."""
    chance = random.Random(f"{NAME}:{seed}")
    points = []
    for kind in KINDS:
        there_are = sum(number for call, number in calls.items() if kind.startswith("error") or call in WRITES)
        chosen = chance.sample(range(1, there_are + 1), min(count, there_are))
        points += [f"{kind}:{at}" for at in sorted(chosen)]
    return points


def count_calls() -> dict[Call, int]:
    """What a healthy day asks of the disk."""
    violations = _play_day(None, 0, inline=True)
    assert not violations, f"the day fails on a healthy disk: {violations}"
    return dict(the_disk().counts)


def try_point(point: str, seed: int) -> Tried:
    """One fault."""
    name, _, at = point.removeprefix(DAEMON).partition(":")
    kind = next(known for known in KINDS if known == name)
    if point.startswith(DAEMON):
        return Tried(1, play_life(kind, int(at), seed))
    return Tried(1, _play_day(kind, int(at), inline=int(at) % 2 == 0))


def _play_day(kind: DiskFaultKind | None, at: int, *, inline: bool) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="aurora-disk-") as folder, the_disk().mounted():
        trial = Trial(Path(folder), kind, at, inline=inline)
        trio.run(trial.play)
    return trial.violations
