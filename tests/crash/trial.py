"""A trial: several people, one daemon, a number of kills at seeded moments, and the judge's verdict at the end."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import httpx2
import orjson
import trio

from daemon.clock import SystemClock
from daemon.sandbox.browser import Browser, fetch_with
from daemon.sandbox.daemon_process import RUN_DAEMON, DaemonProcess, free_port
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.judge import Verdict, Witness, judge
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.plot import choose_people
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.story import PACE, VISIBLE_AFTER_SECONDS, applied_words
from daemon.sandbox.world import World, open_world
from tests.crash.blows import STARTING, choose, wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from tests.crash.blows import Phase

TOKEN_SECONDS = 5.0
"""Logins of this world end quickly, so that renewals happen all the time."""
SHORTEST_LEASE_SECONDS = "5"
"""On a server a life waits for the lease of the one that was killed before it hunts."""
SETTLE_SECONDS = 90.0
QUIET_SECONDS = 6.0
RECONNECT = (("🔑", "/connect"),)
"""A kill between the renewal of a login and its keeping loses the login: the person is told, and logs in again."""
FORGETFUL = ("-m", "tests.crash.forgetful")
LOUD = ("application_made", "application_refused", "update", "message")


@dataclass(frozen=True)
class Order:
    """What a trial is to do."""

    seed: int
    kills: int
    people: int = 3
    applications: int = 8
    arguments: tuple[str, ...] = RUN_DAEMON
    phases: tuple[Phase, ...] = ()
    """Only these, in turn; empty: seeded over everything."""
    store_url: str = ""
    """Empty: a file."""


@dataclass
class Result:
    """What came of it."""

    kills: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    spread: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    """Blows that fell in the moment they waited for."""
    tail: str = ""


@asynccontextmanager
async def open_trial(
    order: Order, folder: Path
) -> AsyncIterator[tuple[World, DaemonProcess, list[ScriptedPerson], dict[int, str]]]:
    """World, daemon and people, none of them moving yet."""
    rules = Rules(visible_after_seconds=VISIBLE_AFTER_SECONDS, access_token_seconds=TOKEN_SECONDS)
    async with (
        open_world(SystemClock(), order.seed, rules=rules) as world,
        serve_on_loopback(world.service) as world_port,
        httpx2.AsyncClient(timeout=10, trust_env=False) as client,
    ):
        base_url, port = f"http://127.0.0.1:{world_port}", free_port()
        world.settle_at(base_url)
        rules.redirect_uri = f"http://127.0.0.1:{port}/oauth/hh/callback"
        settings = {
            **world.settings(base_url),
            **PACE,
            "AURORA_AUTOPILOT__INTERVAL_SECONDS": "2",
            "AURORA_AUTOPILOT__DAILY_LIMIT": str(order.applications),
            "AURORA_WEB__LISTEN": f"127.0.0.1:{port}",
        }
        if order.store_url:
            settings |= {"AURORA_STORE__URL": order.store_url, "AURORA_STORE__LEASE_SECONDS": SHORTEST_LEASE_SECONDS}
        daemon = DaemonProcess(settings, folder, arguments=order.arguments)
        chance = random.Random(f"people:{order.seed}")
        board_people = choose_people(world.hh.state)
        chance.shuffle(board_people)
        accounts, scripted = {}, []
        for one in board_people[: order.people]:
            somebody = world.people.add(one.first_name, language="en" if one.resumes[0].locale == "EN" else "ru")
            accounts[somebody.user_id] = one.person_id
            says = ((2, "/status"), (5, "/help"))
            scripted.append(
                ScriptedPerson(
                    somebody.user_id,
                    world.people,
                    world.log,
                    Browser(fetch_with(client)),
                    manners=Manners(one.email, says=says, replies=RECONNECT),
                    random_source=chance,
                )
            )
        try:
            yield world, daemon, scripted, accounts
        finally:
            await daemon.end()


async def run_trial(order: Order, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Result:
    """The whole trial."""
    result = Result()
    async with open_trial(order, folder) as (world, daemon, people, accounts):
        await daemon.start()
        async with trio.open_nursery() as nursery:
            await strike_all(order, world, daemon, result, lambda n: nursery.start_soon(people[n].live), tell)
            await while_running(daemon, partial(settle, world, accounts, order.applications))
            nursery.cancel_scope.cancel()
        code = await daemon.stop()
        acts = tuple(world.log.acts())
        result.tail = daemon.tail()
    (folder / "world.log").write_bytes(b"".join(orjson.dumps(asdict(act)) + b"\n" for act in acts))
    result.verdict = judge(acts, Witness(accounts, applied_words()), crashes=result.kills)
    if code:
        result.verdict.lose(f"SIGTERM was answered with exit code {code}")
    return result


async def strike_all(
    order: Order,
    world: World,
    daemon: DaemonProcess,
    result: Result,
    join: Callable[[int], None],
    tell: Callable[[str], None],
) -> None:
    """All blows. People join one after the other over the first half, so that somebody is getting acquainted often."""
    chance = random.Random(f"blows:{order.seed}")
    arrivals = {round(n * order.kills / 2 / order.people): n for n in range(order.people)}
    phase, polls, since_arrival = None, 0, 0
    for number in range(order.kills):
        if number in arrivals:
            join(arrivals[number])
            since_arrival = 0
        is_new = since_arrival < max(1, order.kills // 10)
        since_arrival += 1
        phase = order.phases[number % len(order.phases)] if order.phases else choose(chance, phase, is_new=is_new)
        if phase is not STARTING:
            await while_running(daemon, partial(wait_until_up, world, polls))
        result.hits += bool(await while_running(daemon, partial(wait_for, phase, world, chance)))
        await daemon.kill()
        result.kills += 1
        result.spread[phase.name.partition(":")[0]] += 1
        world.log.note("daemon_killed", phase=phase.name)
        tell(f"seed {order.seed}: kill {result.kills}, {phase.name}")
        polls = world.telegram.state.updates.polls
        await daemon.start()


async def while_running(daemon: DaemonProcess, wait: Callable[[], object]) -> object:
    """Waits; a daemon that dies of itself meanwhile ends the trial."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(daemon.watch)
        came = await wait()
        nursery.cancel_scope.cancel()
    return came


async def wait_until_up(world: World, polls: int) -> None:
    """The daemon has come so far as to ask for updates."""
    while world.telegram.state.updates.polls == polls:  # noqa: ASYNC110 - a counter, read in real time
        await trio.sleep(0.02)


async def settle(world: World, accounts: dict[int, str], applications: int) -> None:
    """Until everybody has their day's applications, or nothing happens any more."""
    world.faults.clear()
    with trio.move_on_after(SETTLE_SECONDS):
        while min(made_by(world, accounts.values())) < applications:
            number = world.log.last
            with trio.fail_after(SETTLE_SECONDS):
                await world.log.wait_beyond(number)
    await wait_for_quiet(world)


async def wait_for_quiet(world: World) -> None:
    """Nothing said, nothing applied, for a while: grace and answers included."""
    number, quiet_since = world.log.last, trio.current_time()
    while trio.current_time() < quiet_since + QUIET_SECONDS:
        with trio.move_on_at(quiet_since + QUIET_SECONDS):
            await world.log.wait_beyond(number)
        if any(act.kind in LOUD for act in world.log.since(number)):
            quiet_since = trio.current_time()
        number = world.log.last


def made_by(world: World, accounts: Sequence[str]) -> list[int]:
    """How many vacancies each account has applied to."""
    made = {(act.get("user"), act.get("vacancy")) for act in world.log.acts("application_made")}
    return [sum(user == account for user, _ in made) for account in accounts]
