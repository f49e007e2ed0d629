"""The simulated world: all doubles on one port under fixed prefixes, with one log, one clock and one set of faults.

`open_world` builds it without any network (tests put it behind in-memory doors); `run_sandbox` serves it on loopback
until a signal and prints the settings with which `aurora run` lives in it.
"""

from __future__ import annotations

import logging
import random
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
import trio

from daemon.clock import Clock, SystemClock
from daemon.http_client import make_http_client
from daemon.sandbox.chat import ChatPage
from daemon.sandbox.control import WorldControl
from daemon.sandbox.faults import Faults
from daemon.sandbox.hh import HhWorld, build_hh
from daemon.sandbox.hh_state import Rules
from daemon.sandbox.models import Models, build_models
from daemon.sandbox.server import Mounts, serve_on_loopback
from daemon.sandbox.telegram import TelegramDouble
from daemon.sandbox.telegram_people import TelegramPeople
from daemon.sandbox.telegram_webhook import WebhookCourier, post_with
from daemon.sandbox.world_log import WorldLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daemon.sandbox.service import Service
    from daemon.sandbox.telegram_limits import SpeedLimits

MODEL_KEY = "world-model-key"
MODEL_NAME = "gemini-world"


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the daemon."""

    clock: Clock
    log: WorldLog
    faults: Faults
    telegram: TelegramDouble
    people: TelegramPeople
    hh: HhWorld
    models: Models
    service: Mounts
    """All of it, to be mounted at one address."""

    def settle_at(self, base_url: str) -> None:
        """Tells the doubles at which address they are reached: the board writes its own links."""
        self.hh.state.rules.api_url = f"{base_url}/hh"
        self.hh.state.rules.site_url = f"{base_url}/hh-site"

    def settings(self, base_url: str) -> dict[str, str]:
        """Settings with which `aurora run` meets this world instead of the real one: public names only."""
        rules = self.hh.state.rules
        return {
            "AURORA_TELEGRAM__TOKEN": self.telegram.state.token,
            "AURORA_TELEGRAM__API_URL": f"{base_url}/telegram",
            "AURORA_HH__API_URL": f"{base_url}/hh",
            "AURORA_HH__SITE_URL": f"{base_url}/hh-site",
            "AURORA_HH__CLIENT_ID": rules.client_id,
            "AURORA_HH__CLIENT_SECRET": rules.client_secret,
            "AURORA_LLM__PROVIDER": "gemini",
            "AURORA_LLM__BASE_URL": f"{base_url}/gemini",
            "AURORA_LLM__API_KEY": MODEL_KEY,
            "AURORA_LLM__MODEL": MODEL_NAME,
        }


@asynccontextmanager
async def open_world(
    clock: Clock, seed: int, *, rules: Rules | None = None, limits: SpeedLimits | None = None
) -> AsyncIterator[World]:
    """A whole world. Late commits still under way end with it."""
    log = WorldLog(clock)

    def note(kind: str, **facts: Any) -> None:
        log.note(kind, **facts)

    async with make_http_client() as http, trio.open_nursery() as nursery:
        faults = Faults(random.Random(f"faults:{seed}"), log, nursery)
        telegram = TelegramDouble(clock, log, limits=limits)
        people = TelegramPeople(telegram)
        hh = build_hh(clock, seed, note, rules or Rules())
        models = build_models(seed, note)
        doubles: dict[str, Service] = {
            "telegram": telegram,
            "hh": hh.api,
            "hh-site": hh.site,
            "gemini": models.gemini,
            "openai": models.openai,
        }
        services = {f"/{name}": faults.around(name, double) for name, double in doubles.items()}
        mounts = Mounts({
            **services,
            "/world": WorldControl(faults, log),
            "/": ChatPage(telegram, people, hh.state, log),
        })  # fmt: skip
        nursery.start_soon(WebhookCourier(telegram.state.updates, post_with(http)).run, name="webhook courier")
        yield World(clock, log, faults, telegram, people, hh, models, mounts)
        nursery.cancel_scope.cancel()


def run_sandbox(port: int, seed: int) -> int:
    """`aurora sandbox`: the world alone, until SIGINT or SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    trio.run(_serve_until_signal, port, seed)
    return 0


async def _serve_until_signal(port: int, seed: int) -> None:
    # Nobody has registered anything here: wherever a stranger's daemon listens, the login must come back to it.
    rules = Rules(redirect_uri="")
    async with open_world(SystemClock(), seed, rules=rules) as world, serve_on_loopback(world.service, port) as bound:
        base_url = f"http://127.0.0.1:{bound}"
        world.settle_at(base_url)
        sys.stdout.write(describe_sandbox(world, base_url))
        sys.stdout.flush()
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _signal in signals:
                return


def describe_sandbox(world: World, base_url: str) -> str:
    """What `aurora sandbox` prints: lines for a shell, and where to look."""
    lines = [f"export {name}={value}" for name, value in world.settings(base_url).items()]
    lines += [
        "# with these settings `aurora run` lives in the simulated world: paste them into another terminal first",
        "# the board's login comes back to the daemon's own door, 127.0.0.1:8080. Where that port is taken:",
        "#   export AURORA_WEB__LISTEN=127.0.0.1:8081",
        f"# chat page:  {base_url}/",
        f"# everything that happened:  {base_url}/world/log    faults:  {base_url}/world/faults",
    ]
    return "\n".join(lines) + "\n"
