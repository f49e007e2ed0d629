"""Leases: three processes on one store, frozen past their lease and thawed, robbed, killed, restarted one by one.

Points are `KIND:NUMBER`, a story each with real keepers, rosters and hunts on a virtual clock:

    steal    leases are taken from their living owners, five times a story
    freeze   a process stops in the middle of whatever it does, and goes on after its lease has run out
    kill     a process ends without a word and another starts
    rolling  each of the three is drained and started anew

At the end everything must be applied for exactly once, whoever did it, and no write of a former owner may be found.
"""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from store.factory import open_store
from store.ids import UserId
from tests.crash.checker import (
    Evidence,
    applied_once,
    caps_hold,
    epochs_hold,
    ledger_agrees,
    nothing_goes_back,
    plans_end,
)
from tests.crash.seeded import fast_folder, play
from tests.crash.sides import LEASE_SECONDS, open_sides
from tests.crash.spread import Tried, run_points
from tests.crash.store_image import read_store
from tests.fakes.rows import keys_in_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from tests.crash.machines.report import Report, Size
    from tests.crash.sides import Side, Sides
    from tests.crash.store_image import StoreImage

NAME = "lease"
PROCESSES = 3
PEOPLE = 9
VACANCIES = 4
STEALS = 5
TIMES = {"steal": STEALS, "freeze": 3, "kill": 3, "rolling": PROCESSES}
"""How often each befalls a process in one story: the points of the table."""
STORIES = {
    "sample": {"steal": 1, "freeze": 1, "kill": 1, "rolling": 1},
    "faults": {"steal": 10, "freeze": 10, "kill": 5, "rolling": 2},
    "full": {"steal": 200, "freeze": 60, "kill": 40, "rolling": 20},
}
"""How many stories of each."""
PATIENCE_SECONDS = 3_000.0
RULES = (applied_once, ledger_agrees, plans_end, nothing_goes_back, caps_hold, epochs_hold)


def run(*, size: Size, seed: int = 1, only: str | None = None) -> Report:
    """All stories of this size."""
    everything = [f"{kind}:{number}" for kind, count in STORIES[size].items() for number in range(count)]
    points = [only] if only is not None else everything
    return run_points(NAME, points, partial(try_point, seed=seed), seed=seed, size=size)


def try_point(point: str, seed: int) -> Tried:
    """How often something was done to a process in one story, and what is wrong at its end."""
    with tempfile.TemporaryDirectory(prefix="aurora-lease-", dir=fast_folder()) as folder:
        found: list[str] = play(tell_story, point, seed, Path(folder) / "shared.db", seed=seed)
    return Tried(TIMES[point.partition(":")[0]], found)


async def tell_story(point: str, seed: int, path: Path) -> list[str]:
    """One story and all that is wrong with it."""
    kind = point.partition(":")[0]
    chance = random.Random(f"{seed}:{point}")
    users = [UserId(28 * (index + 1)) for index in range(PEOPLE)]
    history: list[StoreImage] = []
    async with open_store(f"sqlite:///{path}", inline=True) as store:
        store._is_shared = True
        async with open_sides(store, users=users, vacancies=VACANCIES, seed=chance.randrange(2**32)) as sides:
            for _ in range(PROCESSES):
                await sides.start()
            await trio.sleep(5)
            for event in EVENTS[kind](sides, chance):
                await event
                history.append(read_store(path, at_act=sides.board.log.count()))
                await trio.sleep(chance.uniform(1, 25))
            is_through = await _wait_until_through(sides, len(users) * VACANCIES)
            for side in list(sides.living):
                await sides.end(side, gently=True)
            # What was sent before is carried out, and nobody is there who could do more.
            await trio.sleep(60)
            acts = tuple(sides.board.log.acts())
    evidence = Evidence(
        acts=acts,
        store=read_store(path),
        history=tuple(history),
        accounts={user_id: f"person-{user_id}" for user_id in users},
        daily_limit=40,
    )
    violations = [violation for rule in RULES for violation in rule(evidence)]
    return violations if is_through else [*violations, "lost: not everything was applied for in time"]


async def _wait_until_through(sides: Sides, wanted: int) -> bool:
    with trio.move_on_after(PATIENCE_SECONDS):
        while await _count_confirmed(sides) < wanted:  # noqa: ASYNC110 - a state on disk
            await trio.sleep(5)
        return True
    return False


async def _count_confirmed(sides: Sides) -> int:
    return len(await keys_in_state(sides.store, "application", "confirmed"))


def _freezes(sides: Sides, chance: random.Random) -> Iterator[Awaitable[object]]:
    for _ in range(3):
        yield _freeze_and_thaw(chance.choice(sides.living), chance.uniform(1, 4) * LEASE_SECONDS)


async def _freeze_and_thaw(side: Side, seconds: float) -> None:
    side.freeze()
    await trio.sleep(seconds)
    side.thaw()


def _steals(sides: Sides, chance: random.Random) -> Iterator[Awaitable[object]]:
    for _ in range(STEALS):
        shards = [user_id % 256 for user_id in sides.users]
        yield sides.steal(chance.choice(sides.living), sorted(chance.sample(shards, 4)))


def _kills(sides: Sides, chance: random.Random) -> Iterator[Awaitable[object]]:
    for _ in range(3):
        yield sides.end(chance.choice(sides.living), gently=False)
        yield sides.start()


def _rollings(sides: Sides, chance: random.Random) -> Iterator[Awaitable[object]]:
    del chance
    for _ in range(PROCESSES):
        yield sides.end(sides.living[0], gently=True)
        yield sides.start()


EVENTS = {"freeze": _freezes, "steal": _steals, "kill": _kills, "rolling": _rollings}
