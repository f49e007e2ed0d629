"""Doors: what others see of the daemon: the HTTP port for browsers and probes, the admin socket for operators.

Opened by `main.py` before anything else that runs, so that a port or socket that is taken ends the start with one
clear line, and closed after everything else, so that they answer while the daemon drains.
"""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import VERSION
from daemon.admin.operations import GateLine, Operations
from daemon.admin.unix_socket import AdminLimits, open_socket, serve_admin
from daemon.autopilot.gates import explain
from daemon.inbox.webhook import WebhookReceiver
from daemon.llm.registry import missing_setting
from daemon.rooms import receive_return
from daemon.supervisor.circuit_lines import list_circuits, sum_open, sum_waiting
from daemon.supervisor.health import summarize
from daemon.web.app import make_app
from daemon.web.metrics_page import MetricsPage
from daemon.web.oauth_return import OauthReturn
from daemon.web.probes import Probes
from daemon.web.server import open_listener, serve
from daemon.web.telegram_webhook import TelegramWebhook
from store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import trio
    from starlette.types import ASGIApp

    from daemon.admin.event_hub import EventHub
    from daemon.config import Settings
    from daemon.metrics import Metrics
    from daemon.rooms import Rooms
    from daemon.supervisor.layers import Layers
    from daemon.supervisor.shutdown import StopSwitch
    from daemon.supervisor.watchdog import Life
    from daemon.web.server import WebListener
    from store.ids import UserId

OPERATORS_LANGUAGE = "en"
POLL_SLACK_SECONDS = 40.0
"""A long poll may last `poll_seconds`; a lost answer and one back-off more are no trouble yet."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The bound port and socket."""

    web: WebListener
    admin: trio.SocketListener
    settings: Settings

    @property
    def public_url(self) -> str:
        """Where a browser reaches us."""
        return self.web.public_url(self.settings.web.public_url)

    def tell(self) -> dict[str, str]:
        """Where we listen, and what is off."""
        llm, hh = self.settings.llm, self.settings.hh
        missing = missing_setting(llm)
        return {
            "web": self.web.address,
            "public_url": self.public_url,
            "admin_socket": self.settings.admin.socket,
            "updates": "brought to the web door" if self.settings.telegram.mode == "webhook" else "polled",
            "hh": "on" if hh.client_id else "off: set AURORA_HH__CLIENT_ID",
            "model": f"off: set {missing}; letters and queries from templates" if missing else llm.provider,
        }


@asynccontextmanager
async def open_doors(settings: Settings) -> AsyncIterator[Doors]:
    """Binds both. Raises `PortTaken`, `WrongAddress`, `SocketTaken`, `WrongSocketPath`."""
    web = await open_listener(settings.web.listen)
    async with web.listener:
        with ExitStack() as stack:
            yield Doors(web, stack.enter_context(open_socket(Path(settings.admin.socket))), settings)


async def serve_web(doors: Doors, pages: ASGIApp, task_status: trio.TaskStatus[None]) -> None:
    """The HTTP door, until cancelled."""
    await serve(doors.web, pages, task_status=task_status)


def make_pages(rooms: Rooms, probes: Probes, layers: Layers, metrics: Metrics) -> ASGIApp:
    """All pages of the HTTP door."""
    metrics.gauges("aurora_children", "Children by phase.", "phase", lambda: summarize(layers.children()).phases)
    metrics.gauge("aurora_restarts", "Restarts since the start.", lambda: layers.restarts)
    metrics.gauge("aurora_busy_lanes", "Chats being answered.", lambda: rooms.lanes.busy_lanes)
    metrics.gauge("aurora_busy_senders", "Chats being sent to.", lambda: rooms.speech.sender.busy_lanes)
    metrics.gauge("aurora_live_dialogs", "Dialogs in memory.", lambda: rooms.dialogs.live_count)
    circuits = partial(list_circuits, rooms.dependencies, layers)
    metrics.gauges(
        "aurora_circuit_open", "1 while left alone for its failures.", "dependency", lambda: sum_open(circuits())
    )
    metrics.gauges("aurora_circuit_waiting", "Turned away or held.", "dependency", lambda: sum_waiting(circuits()))
    metrics.gauge("aurora_shards", "Shards of people this process acts for.", lambda: len(rooms.ownership.shards))
    oauth_return = OauthReturn(partial(receive_return, rooms), rooms.speech.texts, lambda: rooms.introduction.link)
    return make_app(
        oauth_return=oauth_return,
        probes=probes,
        metrics_page=MetricsPage(metrics, rooms.store).make,
        webhook=TelegramWebhook(rooms.poller) if isinstance(rooms.poller, WebhookReceiver) else None,
    )


def make_probes(rooms: Rooms, layers: Layers) -> Probes:
    """What `/readyz` and `status` ask."""

    async def is_store_writable() -> str | None:
        try:
            await rooms.store.check_writable()
        except StoreError as error:
            return str(error)  # made for operators: the file and the mend, such as freeing space
        return None

    async def is_telegram_polled() -> str | None:
        if not rooms.ownership.holds("poller"):
            # Another process polls, or will in a moment: this one could serve all the same.
            return f"messages do not go out: {rooms.speech.sender.trouble}" if rooms.speech.sender.trouble else None
        health, settings = rooms.poller.health, rooms.settings.telegram
        if health.is_fresh(rooms.outside.clock.now(), within_seconds=settings.poll_seconds + POLL_SLACK_SECONDS):
            sending = rooms.speech.sender.trouble
            return health.trouble or (f"messages do not go out: {sending}" if sending else None)
        return health.trouble or "no poll has succeeded yet"

    async def are_children_up() -> str | None:
        missing = summarize(layers.children()).missing
        return f"not running: {', '.join(missing)}" if missing else None

    async def is_trusted() -> str | None:
        trust = rooms.ownership.trust
        is_over = trust is not None and trust.seconds_left() <= 0
        return "the store has not confirmed this process for too long: it acts for nobody" if is_over else None

    checks = {"store": is_store_writable, "telegram": is_telegram_polled, "children": are_children_up}
    return Probes(checks | {"ownership": is_trusted} if rooms.ownership.is_shared else checks)


def make_operations(
    doors: Doors,
    rooms: Rooms,
    layers: Layers,
    probes: Probes,
    *,
    hub: EventHub,
    switch: StopSwitch,
    life: Life | None = None,
) -> Operations:
    """What the admin verbs may look at and change."""
    facts = doors.tell()
    if life is not None and life.starts.line.early_ends:
        facts["start"] = str(life.starts.line)
    return Operations(
        store=rooms.store,
        ownership=rooms.ownership,
        supervisor=layers,
        clock=rooms.outside.clock,
        events=hub,
        dependencies=rooms.dependencies,
        explain=partial(explain_to_operator, rooms),
        ask_checks=probes.ask,
        tell_facts=lambda: facts | tell_key_change(rooms) | tell_rehearsal(rooms),
        version=VERSION,
        started_at=rooms.outside.clock.now(),
        is_draining=lambda: switch.is_asked,
    )


def tell_rehearsal(rooms: Rooms) -> dict[str, str]:
    """How the open dialogs took a release's changed scripts; nothing where none was changed."""
    rehearsed = rooms.dialogs.rehearsed
    return {"dialogs": str(rehearsed)} if rehearsed is not None and rehearsed.changed else {}


def tell_key_change(rooms: Rooms) -> dict[str, str]:
    """How far a change of the secret key has come; nothing while none is under way."""
    if not rooms.settings.secret_key_old:
        return {}
    left = rooms.accounts.vault.left_behind
    told = f"{left} data keys are still under an older one" if left else "done: AURORA_SECRET_KEY_OLD may go"
    return {"secret_key_change": told}


async def serve_operators(doors: Doors, operations: Operations, task_status: trio.TaskStatus[None]) -> None:
    """The admin socket, until cancelled."""
    limits = AdminLimits(clients=doors.settings.admin.clients)
    await serve_admin(doors.admin, operations, limits, task_status=task_status)


async def explain_to_operator(rooms: Rooms, user_id: UserId) -> Sequence[GateLine]:
    """The gates the hunt itself asks, in the operator's words."""
    return [
        GateLine(
            report.name,
            report.stage.value,
            report.is_open,
            rooms.speech.texts.plain(report.text, OPERATORS_LANGUAGE),
            report.until,
        )
        for report in await explain(rooms.hunt, user_id)
    ]
