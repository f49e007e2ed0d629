"""Roster: whose hunts should be running, and starting and stopping them through the supervisor.

One agent for all people: wishes x owned shards are compared with the running children at the start, after each change
of a wish (topic `hunts`) or of what is owned, and now and then. Handlers only write wishes; a stop of the daemon
changes none, so after a deploy exactly those hunt who wished to, and a person's pause stays.

After a stop many searches are overdue at once. They are spread before the hunts start, so that the board sees no burst;
the time of each is on disk before its hunt runs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog
import trio

from daemon.autopilot import pace
from daemon.autopilot.autopilot import run_autopilot
from daemon.autopilot.facts import task_key
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.health import Phase
from daemon.supervisor.stored_quarantine import StoredQuarantine
from store.errors import LeaseLost
from store.ids import UserId
from store.tables.hunts import TOPIC
from store.write import join

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from daemon.autopilot.tools import HuntTools
    from daemon.supervisor.health import ChildState
    from daemon.supervisor.quarantine import QuarantineEntry
    from store.database import Wakeups
    from store.tables.hunts import HuntRow
    from store.write import Write

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 60.0
"""A wake-up is a hint; without one the roster still looks once a minute."""
GATHERING_SECONDS = 0.05
"""Wishes that change together (a thousand people after a broadcast) are looked at together."""
BATCH = 500
SLICE = 50
STARTS_A_LOOK = 250
"""Of very many to be started: then wishes are looked at again."""
PREFIX = "autopilot:"
AFTER_LOSS_SECONDS = 1.0


class Children(Protocol):
    """`Supervisor`, as far as the roster needs it."""

    def find(self, name: str) -> ChildState | None:
        """The child of this name."""

    def children(self) -> list[ChildState]:
        """All children that are not gone."""

    def launch(self, spec: ChildSpec) -> ChildState:
        """Starts a child and returns at once."""

    def replace_entries(self, names: Collection[str], entries: Sequence[QuarantineEntry]) -> None:
        """What is known of the quarantine of these children, who do not run here."""

    async def stop_children(
        self, children: Sequence[ChildState], reason: str, *, deadline_seconds: float = 5.0
    ) -> tuple[str, ...]:
        """Stops these; the names of those that ignore it."""


class Roster:
    """Keeps running children equal to wishes."""

    def __init__(
        self,
        tools: HuntTools,
        supervisor: Children,
        hunt: Callable[[HuntTools, UserId, trio.TaskStatus[None]], Awaitable[None]] = run_autopilot,
    ) -> None:
        self._tools = tools
        self._supervisor = supervisor
        self._hunt = hunt
        self._nap: trio.CancelScope | None = None
        self._is_stirred = False
        self._waiting: set[UserId] = set()
        """Scheduled already, to be started by a later look."""
        self._started = 0
        self._taken_up = self._told_of = 0
        """How often shards were gained, and of how many gains the log says that their hunts run."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Until it is cancelled.

        Started once every hunt that should run is known and its next search has its time; bringing up ten thousand
        takes longer than a start may, and meanwhile people are answered.
        """
        async with self._tools.store.listen(TOPIC) as wakeups:
            await self._settle_what_is_owned(task_status.started)
            while True:
                if not self._waiting:
                    await self._rest(wakeups)
                await self._settle_what_is_owned()

    async def _rest(self, wakeups: Wakeups) -> None:
        """Until a wish or what is owned has changed, or it is time to look again."""
        is_woken = self._is_stirred
        if not is_woken:
            with trio.CancelScope() as self._nap:
                is_woken = await wakeups.wait(LOOK_AGAIN_SECONDS)
            self._nap = None
        if is_woken or self._is_stirred:
            await trio.sleep(GATHERING_SECONDS)
        self._is_stirred = False

    async def _settle_what_is_owned(self, tell_scheduled: Callable[[], object] = lambda: None) -> None:
        try:
            await self.settle(tell_scheduled)
        except LeaseLost:
            # Somebody has taken over in the middle: what is owned is looked up, and then compared again.
            self._tools.ownership.doubt()
            self._is_stirred = True
            await trio.sleep(AFTER_LOSS_SECONDS)
            tell_scheduled()

    async def let_go(self, shards: frozenset[int]) -> None:
        """Stops the hunts of people who are not ours any more; returns when they have ended."""
        gone = [child for child in self._hunts() if self._tools.ownership.shard_of(_person_of(child)) in shards]
        await self._supervisor.stop_children(gone, "another process hunts for this person")

    def take_up(self, shards: frozenset[int]) -> None:  # noqa: ARG002 - whoever is missing is found by comparing
        """Starts the hunts of people who are ours now."""
        self._is_stirred = True
        self._taken_up += 1
        if self._nap is not None:
            self._nap.cancel()

    async def settle(self, tell_scheduled: Callable[[], object] = lambda: None) -> None:
        """Compares wishes with children once, and acts.

        Of very many that are missing some are started and the rest is left to the next look, which follows at once: who
        changes a wish meanwhile is not kept waiting until ten thousand are up.
        """
        store, ownership = self._tools.store, self._tools.ownership
        taken_up = self._taken_up
        wishing = {user_id for user_id in await store.hunts.wishing("running") if ownership.owns(user_id)}
        wanted = {task_key(user_id): user_id for user_id in wishing}
        unwanted = [child for child in self._hunts() if child.name not in wanted and child.stop_reason is None]
        if unwanted:
            await self._supervisor.stop_children(unwanted, "the person does not wish to hunt")
        missing = [user_id for name, user_id in wanted.items() if self._supervisor.find(name) is None]
        fresh = [user_id for user_id in missing if user_id not in self._waiting]
        if fresh:
            await self._recall_quarantine(fresh)
            await self._spread_searches(fresh)
        known, self._waiting = self._waiting, set(missing)
        tell_scheduled()
        queue = fresh + [user_id for user_id in missing if user_id in known]
        await self._start_all(queue[:STARTS_A_LOOK])
        self._waiting = set(queue[STARTS_A_LOOK:])
        self._started += len(queue[:STARTS_A_LOOK])
        if not self._waiting and (self._started or unwanted or taken_up != self._told_of):
            log.info("hunts_settled", started=self._started, stopped=len(unwanted), wishing=len(wanted))
            self._started, self._told_of = 0, taken_up

    async def _start_all(self, user_ids: list[UserId]) -> None:
        """A slice at a time: ten thousand hunts that read their first facts together cost 5 kB each for good."""
        for start in range(0, len(user_ids), SLICE):
            children = [self._start(user_id) for user_id in user_ids[start : start + SLICE]]
            for child in children:
                if child is not None:
                    await child.wait_settled()

    def _start(self, user_id: UserId) -> ChildState | None:
        name = task_key(user_id)
        # Looked at again: between the reads above and here others may have run.
        if self._supervisor.find(name) is not None or not self._tools.ownership.owns(user_id):
            return None
        return self._supervisor.launch(ChildSpec(name, partial(self._hunt_while_owned, user_id)))

    async def _hunt_while_owned(self, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
        """Who has lost the lease is done: neither a failure nor a reason to try again."""
        try:
            await self._hunt(self._tools, user_id, task_status)
        except LeaseLost:
            log.info("hunt_left", user_id=user_id)
            self._tools.ownership.doubt()
            await trio.sleep(AFTER_LOSS_SECONDS)
            # Where it is ours all the same (it was lost and came back in one moment), it is started again.
            self.take_up(frozenset({self._tools.ownership.shard_of(user_id)}))

    async def _recall_quarantine(self, user_ids: list[UserId]) -> None:
        """Whoever owned these before us may have given them up, or released them, since our start."""
        if self._tools.ownership.is_shared:
            entries = await StoredQuarantine(self._tools.store).load()
            self._supervisor.replace_entries([task_key(user_id) for user_id in user_ids], entries)

    def _hunts(self) -> list[ChildState]:
        children = self._supervisor.children()
        return [child for child in children if child.name.startswith(PREFIX) and child.phase is not Phase.ENDED]

    async def _spread_searches(self, user_ids: list[UserId]) -> None:
        """Gives each overdue search its time; one that never searched yet is not kept waiting by itself."""
        now, wanted = self._tools.clock.now(), set(user_ids)
        overdue: list[HuntRow] = []
        after = -1
        while rows := await self._tools.store.hunts.page(after, BATCH):
            after = rows[-1].user_id
            overdue += [row for row in rows if row.user_id in wanted and (row.next_search_at or 0) <= now]
        for start in range(0, len(overdue), BATCH):
            part = overdue[start : start + BATCH]
            guards = {self._tools.ownership.shard_of(row.user_id): row.user_id for row in part}
            await self._tools.store.write(
                join(self._tools.ownership.guard(user_id) for user_id in guards.values())
                + join(self._schedule(row, len(overdue)) for row in part)
            )

    def _schedule(self, row: HuntRow, overdue: int) -> Write:
        tools = self._tools
        due_at = pace.catch_up_at(tools.clock.now(), overdue, tools.settings.interval_seconds, tools.random)
        epoch = tools.ownership.epoch_of(row.user_id)
        return tools.store.hunts.note_step(row.user_id, epoch, row.step or "starting", next_search_at=due_at)


def _person_of(child: ChildState) -> UserId:
    return UserId(int(child.name.removeprefix(PREFIX)))
