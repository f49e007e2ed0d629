"""Network: every way in which a connection fails, to each service outside, at three moments of a newcomer's story.

Points are `FAULT:SERVICE:MOMENT:STRIKES`: from that moment on the next so many exchanges with that service are struck by
its proxy (`flaky_proxy.py`). Whatever is struck, the story must come to its end by itself, and the checker must be
content.
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from tests.contracts.clusters import programs_of
from tests.crash.flaky_proxy import FAULTS
from tests.crash.machines.report import Report, is_enough, repeat
from tests.crash.scene import DATABASE, SERVICES, open_scene
from tests.crash.sick_cluster import SickCluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.machines.report import Size
    from tests.crash.scene import Scene

NAME = "network"
MOMENTS = {
    "first_contact": ("", 0),
    "onboarding": ("message", 2),
    "login": ("token_issued", 1),
    "hunt": ("application_made", 2),
}
"""Which act of the world's log marks them, and how many of it."""
OF_SERVICES = ("first_contact", "onboarding", "hunt")
OF_DATABASE = tuple(MOMENTS)
STRIKES = (1, 3)
AIMED = {("board", "hunt"): b"POST /hh/negotiations", ("telegram", "onboarding"): b"/sendMessage"}
"""A single strike hits this kind of request, the one whose loss matters most; three hit whatever comes."""
SAMPLE = ("reset_after:board:hunt:1", "half_answer:telegram:onboarding:3", "black_hole:model:first_contact:1")
FAULTS_POINTS = 24
SIDE_BY_SIDE = 4
VERSION = 15


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """The cells of this size, several at a time: they mostly wait."""
    began = time.monotonic()
    points = choose_points(size, seed, has_server=programs_of(VERSION) is not None) if only is None else [only]
    violations: list[str] = []
    cluster = SickCluster(VERSION, may_be_full=False) if any(DATABASE in point for point in points) else None
    try:
        done = trio.run(partial(try_points, points, seed, cluster, violations))
    finally:
        if cluster is not None:
            cluster.remove()
    return Report(NAME, done, time.monotonic() - began, tuple(violations))


def choose_points(size: Size, seed: int, *, has_server: bool) -> Sequence[str]:
    """All cells, or each fault at each service at some moment."""
    if size == "sample":
        return SAMPLE
    places = [f"{service}:{moment}" for service in SERVICES for moment in OF_SERVICES]
    places += [f"{DATABASE}:{moment}" for moment in OF_DATABASE if has_server]
    cells = [f"{fault}:{place}" for fault in FAULTS for place in places]
    if size == "full":
        return [f"{cell}:{strikes}" for strikes in STRIKES for cell in cells]
    chance = random.Random(f"{NAME}:{seed}")
    chance.shuffle(cells)
    one_each = {cell.rpartition(":")[0]: cell for cell in cells}
    others = [cell for cell in cells if cell not in one_each.values()]
    chosen = [*one_each.values(), *others][: max(FAULTS_POINTS, len(one_each))]
    return [f"{cell}:{STRIKES[number % 2]}" for number, cell in enumerate(sorted(chosen))]


async def try_points(points: Sequence[str], seed: int, cluster: SickCluster | None, violations: list[str]) -> int:
    """How many were tried."""
    limiter = trio.CapacityLimiter(SIDE_BY_SIDE)
    done = 0

    async def try_one(point: str) -> None:
        nonlocal done
        async with limiter:
            if is_enough(violations):
                return
            found = await Cell(point, seed, cluster).play()
            done += 1
            violations.extend(f"{point}: {what}; {repeat(NAME, seed, point)}" for what in found)

    async with trio.open_nursery() as nursery:
        for point in points:
            nursery.start_soon(try_one, point)
    return done


class Cell:
    """One point."""

    def __init__(self, point: str, seed: int, cluster: SickCluster | None = None) -> None:
        self._cluster = cluster
        fault, self._service, self._moment, strikes = point.split(":")
        self._fault = next(known for known in FAULTS if known == fault)
        self._strikes = int(strikes)
        self._seed = seed

    async def play(self) -> list[str]:
        """What went wrong."""
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aurora-network-"))
            place: dict[str, Any] = {}
            if self._service == DATABASE and self._cluster is not None:
                place = {"store": stack.enter_context(self._cluster.new_store()), "database": self._cluster.socket}
            async with open_scene(Path(folder), self._seed, **place) as scene:
                if self._moment == "first_contact":
                    self._strike(scene)
                await scene.play(partial(self._wait_and_strike, scene))
                if not scene.proxies[self._service].struck:
                    scene.problems.append("the fault never struck")
                return await trio.to_thread.run_sync(scene.check)

    async def _wait_and_strike(self, scene: Scene) -> None:
        kind, count = MOMENTS[self._moment]
        if kind:
            await scene.until(kind, count)
            self._strike(scene)

    def _strike(self, scene: Scene) -> None:
        only = AIMED.get((self._service, self._moment), b"") if self._strikes == 1 else b""
        scene.proxies[self._service].arm(self._fault, self._strikes, only)
