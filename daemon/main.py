"""The nursery tree, on one page. Starts downwards, stops upwards.

store > web, admin > outbox > supervisor (schedule, roster, hunts) > inbox (lanes, poller). Each layer is a block:
leaving it stops what it started, and what it stands on is still alive then. A stop is never needed for correctness:
what is cut off in the middle is found in the ledger, the inbox and the outbox at the next start.
"""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.admin.event_hub import EventHub
from daemon.autopilot.news import tell_quarantined
from daemon.autopilot.roster import PREFIX, Roster
from daemon.clock import boot_time
from daemon.collector import calm_collector
from daemon.config import own_folder, secrets_of
from daemon.doors import make_operations, make_pages, make_probes, open_doors, serve_operators, serve_web
from daemon.errors import DaemonError
from daemon.exit_codes import FAILED, FINE, exit_code_of
from daemon.logs import configure_logs
from daemon.metrics import Metrics
from daemon.ownership.keeper import LeaseKeeper
from daemon.ownership.roles import in_role
from daemon.rooms import Outside, open_rooms
from daemon.schedule.recurring import as_children
from daemon.schedule.scheduler import Scheduler
from daemon.store_wait import open_patiently, will_come_back
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.layers import Layers
from daemon.supervisor.progress import Progress
from daemon.supervisor.restart import RestartPolicy
from daemon.supervisor.shutdown import LastResort, StopSwitch, catch_signals
from daemon.supervisor.stall import watch_stalls
from daemon.supervisor.starts import StartCounter
from daemon.supervisor.stored_quarantine import StoredQuarantine
from daemon.supervisor.systemd import Notifier
from daemon.supervisor.tree import open_supervisor
from daemon.supervisor.watchdog import Life, prove_supervising
from daemon.timetable import make_timetable
from store.durable.ownership import open_ownership
from store.errors import StoreError
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from daemon.clock import Clock
    from daemon.config import Settings
    from daemon.doors import Doors
    from daemon.rooms import Rooms
    from daemon.supervisor.child import ChildFunction
    from daemon.supervisor.quarantine import QuarantineBook
    from daemon.supervisor.tree import Supervisor
    from store.durable.ownership import Ownership
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

PATIENT = RestartPolicy(longest_delay_seconds=30.0, budget=1_000_000)
"""For what the daemon can't do without: tried again for ever, and `/readyz` says so meanwhile."""
AGAIN_SECONDS = 1.0
STOP_SECONDS = 4.0
"""For each layer; together they stay below the last resort's 15 s."""


def run(settings: Settings, warnings: Sequence[str] = ()) -> int:
    """The daemon, until it is told to stop. The exit code."""
    hub = EventHub(Metrics())
    configure_logs(secrets=secrets_of(settings), extra=[hub.tap])
    for warning in warnings:
        log.warning("setting_ignored", warning=warning)
    folder = own_folder(settings, os.environ)
    starts = StartCounter(folder, longest_wait_seconds=settings.supervisor.slowest_start_seconds)
    try:
        trio.run(run_until_signal, settings, Outside(), hub, starts)
    except Exception as error:
        errors = leaves(error)
        starts.note_end(", ".join(sorted({type(one).__name__ for one in errors})))
        if not all(isinstance(one, DaemonError | StoreError) for one in errors):
            raise
        for one in errors:
            log.critical("cannot_run", error=type(one).__name__, reason=str(one))
        return exit_code_of(error)
    return FINE


async def run_until_signal(settings: Settings, outside: Outside, hub: EventHub, starts: StartCounter) -> None:
    """SIGTERM and SIGINT drain; a second one, or 15 s, end the process at once."""
    switch, last_resort = StopSwitch(), LastResort()
    with catch_signals(switch, last_resort):
        life = Life(Notifier(os.environ), starts, Progress(), settings.supervisor.hang_seconds)
        lag = hub.metrics.loop_lag.observe
        async with watch_stalls(note_lag=lag, hang_seconds=life.hang_seconds), starts.counting(switch, life.notifier):
            if not switch.is_asked:
                await serve(settings, outside, switch, hub, life)
    last_resort.disarm()


async def serve(
    settings: Settings, outside: Outside, switch: StopSwitch, hub: EventHub, life: Life | None = None
) -> None:
    """Doors and store, then what stands on them. A server that goes away before all stands is waited for anew."""
    url, stands = settings.store.url, trio.Event()
    async with open_doors(settings) as doors:
        while not stands.is_set() and not switch.is_asked:
            try:
                await serve_behind(doors, settings, outside, switch=switch, hub=hub, life=life, stands=stands)
            except (StoreError, ExceptionGroup) as error:
                if stands.is_set() or not will_come_back(url, leaves(error)):
                    raise
                log.warning("start_begins_again", reason=str(leaves(error)[0]))
                await trio.sleep(AGAIN_SECONDS)
    log.info("daemon_stopped", reason=switch.reason)


async def serve_behind(
    doors: Doors,
    settings: Settings,
    outside: Outside,
    *,
    switch: StopSwitch,
    hub: EventHub,
    life: Life | None,
    stands: trio.Event,
) -> None:
    """The store and the tree behind doors that are open already."""
    notifier, url = Notifier(os.environ), settings.store.url
    async with open_patiently(url, doors, switch, notifier, inline=outside.is_store_inline) as store:
        if store is None:
            notifier.stopping(switch.reason)
        else:
            await serve_on(store, doors, settings, outside, switch=switch, hub=hub, life=life, stands=stands)


async def serve_on(
    store: Store,
    doors: Doors,
    settings: Settings,
    outside: Outside,
    *,
    switch: StopSwitch,
    hub: EventHub,
    life: Life | None,
    stands: trio.Event,
) -> None:
    """The tree. Every line opens a layer that stands on those above it; once it stands it lives through an outage."""
    clock, notifier = outside.clock, Notifier(os.environ)
    boot_id = secrets.token_hex(8)
    async with (
        own(settings, store, boot_id, clock) as ownership,
        open_rooms(settings, store, ownership, outside, public_url=doors.public_url, metrics=hub.metrics) as rooms,
        open_layer(outside) as outer,
        open_layer(outside) as senders,
        open_layer(outside, make_quarantine(rooms)) as hunts,
        rooms.dialogs.running(),
        open_layer(outside) as intake,
    ):
        stands.set()
        layers = Layers((outer, senders, hunts, intake))
        probes = make_probes(rooms, layers)
        operations = make_operations(doors, rooms, layers, probes, hub=hub, switch=switch, life=life)
        pages = make_pages(rooms, probes, layers, hub.metrics)
        await outer.start(essential("web", partial(serve_web, doors, pages)))
        await outer.start(essential("admin", partial(serve_operators, doors, operations)))
        if life is not None:
            life.progress.adopt("poller", rooms.poller.mark)
            for guard in life.guards({"writer": store.prove_writing, "supervisor": partial(prove_supervising, hunts)}):
                outer.launch(guard)
        roster = Roster(rooms.hunt, hunts)
        if ownership.is_shared:
            await outer.start(essential("ownership", make_keeper(rooms, roster, switch).run))
        await senders.start(essential("outbox", rooms.speech.sender.run))
        scheduler = Scheduler(store, clock, partial(ownership.guard_role, "schedule"))
        await hunts.start(essential("schedule", in_role(ownership, "schedule", scheduler.run)))
        await hunts.start(essential("roster", roster.run))
        for job in make_jobs(rooms):
            hunts.launch(job)
        intake.launch(ChildSpec("introduction", rooms.introduction.run, restart=PATIENT))
        await intake.start(essential("lanes", rooms.lanes.run))
        await intake.start(essential("poller", in_role(ownership, "poller", partial(poll, rooms))))
        calm_collector()
        notifier.ready("hunting")
        log.info("daemon_ready", boot_id=boot_id, **doors.tell())
        notifier.stopping(await switch.wait())


def own(settings: Settings, store: Store, boot_id: str, clock: Clock) -> AbstractAsyncContextManager[Ownership]:
    """What this process holds: all of its own store, or a share that `make_keeper`'s agent keeps."""
    clocks = (trio.current_time, boot_time)
    lease_seconds = settings.store.lease_seconds
    return open_ownership(store, boot_id=boot_id, now=clock.now(), lease_seconds=lease_seconds, clocks=clocks)


def make_keeper(rooms: Rooms, roster: Roster, switch: StopSwitch) -> LeaseKeeper:
    """Shares the people with other processes; whoever runs something for people follows."""
    return LeaseKeeper(
        rooms.store,
        rooms.ownership,
        rooms.outside.clock,
        (rooms.lanes, roster, rooms.dialogs, rooms.speech.sender),
        make_boot_id=partial(secrets.token_hex, 8),
        is_draining=lambda: switch.is_asked,
    )


async def poll(rooms: Rooms, task_status: trio.TaskStatus[None]) -> None:
    """Takes updates in. Whoever polled before may have put rows that this process was not told of yet."""
    rooms.lanes.look_everywhere()
    await rooms.poller.run(task_status)


def make_jobs(rooms: Rooms) -> list[ChildSpec]:
    """The timetable, kept by one of the processes that share the store."""
    store, clock, ownership = rooms.store, rooms.outside.clock, rooms.ownership
    jobs = make_timetable(store, clock, rooms.accounts.vault)
    guard = partial(ownership.guard_role, "upkeep")
    return as_children(jobs, store, clock, guard=guard, wrap=partial(in_role, ownership, "upkeep"))


def make_quarantine(rooms: Rooms) -> QuarantineBook:
    """Whose hunt was given up, kept over restarts and told to the person."""

    def guard(child: str) -> Write:
        person = child.removeprefix(PREFIX)
        return rooms.ownership.guard(int(person)) if person != child else NOTHING

    return StoredQuarantine(rooms.store, partial(tell_quarantined, rooms.speech.outbox), guard)


def essential(name: str, run_child: ChildFunction) -> ChildSpec:
    """A child the daemon is not ready without."""
    return ChildSpec(name, run_child, restart=PATIENT, is_essential=True)


@asynccontextmanager
async def open_layer(outside: Outside, quarantine: QuarantineBook | None = None) -> AsyncIterator[Supervisor]:
    """One layer of the tree. What ignores its cancellation ends the process: the ledger keeps that correct."""
    async with open_supervisor(
        outside.clock, outside.random, quarantine=quarantine, closing_seconds=STOP_SECONDS, give_up=exit_hard
    ) as supervisor:
        yield supervisor


def exit_hard(stuck: tuple[str, ...]) -> None:
    """The last resort of a layer."""
    log.error("exit_with_stuck_children", children=stuck)
    os._exit(FAILED)


def leaves(error: Exception) -> list[Exception]:
    """The errors of a group, however deep; any other error alone."""
    return [leaf for one in error.exceptions for leaf in leaves(one)] if isinstance(error, ExceptionGroup) else [error]
