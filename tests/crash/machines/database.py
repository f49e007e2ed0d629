"""Database: the server is killed, frozen, full or lets nobody in, at random moments of a newcomer's story.

A real daemon process on a PostgreSQL of the machine's own. Points are `SICKNESS:NUMBER`; number and seed choose the
moment and how long it lasts. The daemon stays up and says so on `/readyz`, is back within five seconds of the
database, and the story must come to its end by itself and content the checker.
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import trio

from daemon.web.probes import FINE
from tests.crash.machines.report import Report, is_enough, repeat
from tests.crash.scene import open_scene
from tests.crash.sick_cluster import SICKNESSES, SickCluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.machines.report import Size
    from tests.crash.scene import Scene
    from tests.crash.sick_cluster import Sickness

NAME = "database"
POINTS: dict[Size, int] = {"sample": 2, "faults": 10, "full": 200}
CLUSTERS: dict[Size, int] = {"sample": 1, "faults": 2, "full": 4}
LATEST_ACT = 45
"""A story has about sixty acts; most moments of it are as good as any other."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 8.0
SURELY_SEEN_SECONDS = 5.0
"""A sickness that lasts so long must be told: the probe gives the store three seconds."""
BACK_SECONDS = 5.0
LOOK_SECONDS = 0.1


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """Each cluster takes one point after another: what befalls it, befalls all who use it."""
    began = time.monotonic()
    count = 1 if only is not None else CLUSTERS[size]
    clusters = [SickCluster(may_be_full=size != "sample") for _ in range(count)]
    points = [only] if only is not None else choose_points(POINTS[size], can_be_full=clusters[0].can_be_full)
    violations: list[str] = []
    try:
        done = trio.run(try_points, points, seed, clusters, violations)
    finally:
        for cluster in clusters:
            cluster.remove()
    return Report(NAME, done, time.monotonic() - began, tuple(violations))


def choose_points(count: int, *, can_be_full: bool) -> Sequence[str]:
    """Every sickness that this machine can have, in turn."""
    possible = [sickness for sickness in SICKNESSES if sickness != "full" or can_be_full]
    return [f"{possible[number % len(possible)]}:{number}" for number in range(count)]


async def try_points(points: Sequence[str], seed: int, clusters: Sequence[SickCluster], violations: list[str]) -> int:
    """How many were tried."""
    left, done = list(reversed(points)), 0

    async def work(cluster: SickCluster) -> None:
        nonlocal done
        while left and not is_enough(violations):
            point = left.pop()
            found = await try_point(point, seed, cluster)
            violations.extend(f"{point}: {what}; {repeat(NAME, seed, point)}" for what in found)
            done += 1

    async with trio.open_nursery() as nursery:
        for cluster in clusters:
            nursery.start_soon(work, cluster)
    return done


async def try_point(point: str, seed: int, cluster: SickCluster) -> list[str]:
    """What went wrong."""
    name, _, number = point.partition(":")
    sickness = next(known for known in SICKNESSES if known == name)
    chance = random.Random(f"{NAME}:{seed}:{number}")
    with tempfile.TemporaryDirectory(prefix="aurora-database-") as folder, cluster.new_store() as url:
        settings = {"AURORA_STORE__URL": url}
        async with open_scene(Path(folder), seed, settings=settings, store=url) as scene:
            await scene.play(partial(suffer, scene, cluster, sickness, chance))
            return await trio.to_thread.run_sync(scene.check)


async def suffer(scene: Scene, cluster: SickCluster, sickness: Sickness, chance: random.Random) -> None:
    """Waits for the moment; the server falls ill and recovers; the daemon must have noticed both."""
    await scene.world.log.wait_beyond(chance.randint(1, LATEST_ACT))
    await trio.sleep(chance.uniform(0, 0.3))
    seconds = chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
    scene.world.log.note("database_ill", what=sickness, seconds=seconds)
    await trio.to_thread.run_sync(cluster.fall_ill, sickness)
    is_told = await wait_for_ready(scene, seconds, wanted=False) is not None
    # A row that finds room in its page is written on a full disk too.
    if not is_told and sickness != "full" and seconds > SURELY_SEEN_SECONDS:
        scene.problems.append(f"/readyz said nothing of it for {seconds:.1f} s")
    await trio.to_thread.run_sync(cluster.recover, sickness)
    scene.world.log.note("database_well", what=sickness)
    took = await wait_for_ready(scene, 60.0, wanted=True)
    if took is None or took > BACK_SECONDS:
        scene.problems.append(f"ready {took} s after the database")


async def wait_for_ready(scene: Scene, within_seconds: float, *, wanted: bool) -> float | None:
    """Seconds until `/readyz` says so of store and children, waited for to the end if not `wanted`; None: it did not."""
    began, seen = trio.current_time(), None
    with trio.move_on_after(within_seconds):
        while seen is None or not wanted:
            with suppress(httpx2.HTTPError):  # it may not be up yet
                _, checks = await scene.ask_ready()
                is_ready = checks["store"] == checks["children"] == FINE
                if is_ready == wanted and seen is None:
                    seen = trio.current_time() - began
            await trio.sleep(LOOK_SECONDS)
    return seen
