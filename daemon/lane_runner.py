"""LaneRunner: does the items of one durable queue, in order within a lane, lanes side by side, bounded.

The inbox runs chats with it, the outbox too. A fixed number of workers takes ready lanes one after another, so an idle
lane costs nothing and a backlog of any size is read a page at a time. What to do with an item, and how its row is
settled, is the caller's `work`; the runner only keeps the order.

How it learns of work: at start it looks through the store (what a crash left behind), then it listens to the queue's
topic, whose hints name the lane; `offer` and `take_fresh` take rows from whoever has just put them, so that the hot
path reads nothing. Whoever does an item outside of the runner holds its lane meanwhile. Lanes of others are left alone.
What shaped it: a lane that is looked at while its rows are being put must not be forgotten, so every note of new rows
marks the lane as behind, and only a read that began afterwards takes the mark away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.clock import SECOND
from store.durable.ownership import Alone
from store.durable.queues import topic_of
from store.errors import LeaseLost, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.clock import Clock
    from daemon.lane_contract import LaneOwner, LaneStore
    from store.database import Wakeups
    from store.durable.queues import QueueItem

log = structlog.get_logger(__name__)

FIRST_LANE = -(2**63)
_LANES_KNOWN = 2_000
"""Lanes held in memory with something to do; the rest waits in the store until there is room."""
_ITEMS_HELD = 2_000
"""Rows in memory; beyond it offered ones are read from the store when their turn comes."""
_READ_AT_ONCE = 20
_PAGE = 500
_TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Not now: the lane waits until this wall time. The item is kept as it is or, by default, read again."""

    until: int
    keeps_item: bool = False


Work = Callable[["QueueItem"], Awaitable[Pause | None]]
"""Does one item. None: its row is settled, the lane goes on."""


async def _nothing_to_wait_for(_lane: int) -> None:
    """Every row that was done is settled on disk."""


@dataclass(slots=True, eq=False)
class Lane:
    """One lane with something to do, or held."""

    number: int
    items: deque[QueueItem] = field(default_factory=deque)
    is_behind: bool = False
    """The store may hold rows of this lane that are not in `items`."""
    is_reading: bool = False
    is_at_work: bool = False
    last_read: frozenset[str] = frozenset()
    """Keys of the last read: a putter that wakes up late offers rows that were read already."""


class LaneRunner:
    """Runs the lanes of one queue."""

    def __init__(
        self,
        store: LaneStore,
        queue: str,
        work: Work,
        clock: Clock,
        *,
        workers: int = 64,
        take_fresh: Callable[[str], QueueItem | None] = lambda _key: None,
        before_read: Callable[[int], Awaitable[None]] = _nothing_to_wait_for,
        owner: LaneOwner | None = None,
    ) -> None:
        self._owner = owner or Alone()
        self._take_fresh = take_fresh
        """The row of a key named in a hint, from whoever made it; None: it has to be read."""
        self._before_read = before_read
        """Returns once no row of this lane that was done still waits in the store."""
        self._store = store
        self._queue = queue
        self._work = work
        self._clock = clock
        self._worker_count = workers
        self._forget_everything()

    def _forget_everything(self) -> None:
        """What a run knows is only a copy of the store: a run that starts again starts from there."""
        self._lanes: dict[int, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._idle_workers = trio.lowlevel.ParkingLot()
        self._held = 0
        self._wakeups: Wakeups | None = None
        self._is_caught_up = False
        """Every lane with rows in the store is in memory, so that a row of an unknown lane is its first."""
        self._scan_wanted = trio.Event()
        self._room = trio.Event()
        self._sleeping: list[tuple[int, int, Lane]] = []
        self._sleep_number = 0
        self._nap: trio.CancelScope | None = None
        self._alarm_set = trio.Event()
        self._turn_ended = trio.lowlevel.ParkingLot()

    @property
    def busy_lanes(self) -> int:
        """Lanes with something to do that are in memory."""
        return len(self._lanes)

    def offer(self, items: Iterable[QueueItem]) -> None:
        """Rows that have just been put, new ones only, in order. Called without a pause after their commit."""
        if self._wakeups is not None:
            self._follow_hints(self._wakeups.take_hints())
        for item in items:
            self._take(item)

    def _take(self, item: QueueItem) -> None:
        lane = self._lanes.get(item.lane)
        if lane is None:
            lane = self._enter(item.lane, is_behind=not self._is_caught_up)
            if lane is None:
                return
        # Behind something that only the store knows, or while it is being read, the order would be lost.
        if lane.is_behind or lane.is_reading or self._held >= _ITEMS_HELD:
            lane.is_behind = True
        elif item.key not in lane.last_read:
            lane.items.append(item)
            self._held += 1

    def notice(self, number: int) -> None:
        """This lane has new rows in the store."""
        lane = self._lanes.get(number)
        if lane is not None:
            lane.is_behind = True
        else:
            self._enter(number, is_behind=True)

    def hold(self, number: int) -> Lane | None:
        """A lane in which nothing waits, so that nothing of it is done before `release`; None: something may wait."""
        if self._wakeups is not None:
            self._follow_hints(self._wakeups.take_hints())
        if not self._is_caught_up or number in self._lanes or len(self._lanes) >= _LANES_KNOWN:
            return None
        if not self._owner.owns(number):
            return None
        lane = self._lanes[number] = Lane(number)
        return lane

    def release(self, lane: Lane) -> None:
        """The lane goes on with what came meanwhile."""
        if self._lanes.get(lane.number) is not lane:
            return  # the runner has begun anew: it knows the lane from the store
        if lane.items or lane.is_behind:
            self._make_ready(lane)
        else:
            self._leave(lane)

    def look_everywhere(self) -> None:
        """There may be rows in any lane."""
        self._want_scan()

    async def let_go(self, shards: frozenset[int]) -> None:
        """Lanes of these shards are not ours any more: nothing is kept of them; returns when none is worked on."""
        gone = [lane for lane in self._lanes.values() if self._owner.shard_of(lane.number) in shards]
        for lane in gone:
            if not lane.is_at_work:
                # It may be asleep, and come back to us meanwhile with other rows.
                self._drop_items(lane)
                lane.is_behind = True
        while any(lane.is_at_work for lane in gone):
            await self._turn_ended.park()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Works until cancelled. An item that is cancelled keeps its row. May be run again after it failed."""
        self._forget_everything()
        async with self._store.listen(topic_of(self._queue)) as wakeups, trio.open_nursery() as nursery:
            self._wakeups = wakeups
            self._want_scan()
            for number in range(self._worker_count):
                nursery.start_soon(self._run_worker, name=f"{self._queue} worker {number}")
            nursery.start_soon(self._scan_store, name=f"{self._queue} scan")
            nursery.start_soon(self._wake_sleepers, name=f"{self._queue} alarm")
            task_status.started()
            while True:
                await wakeups.wait()
                self._follow_hints(wakeups.take_hints())

    def _follow_hints(self, hints: list[str]) -> None:
        """A hint is a lane's number, with the key of its new row where that may be had without reading."""
        for hint in hints:
            if not hint:
                self._want_scan()
                continue
            number, _, key = hint.partition(" ")
            item = self._take_fresh(key) if key else None
            if item is None:
                self.notice(int(number))
            else:
                self._take(item)

    def _enter(self, number: int, *, is_behind: bool) -> Lane | None:
        if not self._owner.owns(number):
            return None
        if len(self._lanes) >= _LANES_KNOWN:
            self._want_scan()
            return None
        lane = Lane(number, is_behind=is_behind)
        self._lanes[number] = lane
        self._make_ready(lane)
        return lane

    def _make_ready(self, lane: Lane) -> None:
        self._ready.append(lane)
        self._idle_workers.unpark()

    # Workers

    async def _run_worker(self) -> None:
        while True:
            while not self._ready:
                await self._idle_workers.park()
            lane = self._ready.popleft()
            lane.is_at_work = True
            try:
                pause = await self._work_lane(lane)
            finally:
                lane.is_at_work = False
                self._turn_ended.unpark_all()
            if pause is not None:
                self._send_to_sleep(lane, pause)
            elif lane.items or lane.is_behind:
                self._make_ready(lane)
            else:
                self._leave(lane)

    def _leave(self, lane: Lane) -> None:
        del self._lanes[lane.number]
        if len(self._lanes) == _LANES_KNOWN // 2:
            self._room.set()

    async def _work_lane(self, lane: Lane) -> Pause | None:
        """One turn of a lane: what is in memory, or one read from the store."""
        if not self._owner.owns(lane.number):
            self._forget(lane)
            return None
        try:
            if not lane.items and lane.is_behind:
                await self._read_lane(lane)
            return await self._do_items(lane)
        except LeaseLost:
            log.info("lane_lost", queue=self._queue, lane=lane.number)
            self._owner.doubt()
        except StoreError as error:
            log.warning("lane_waits_for_store", queue=self._queue, lane=lane.number, error=type(error).__name__)
        except Exception:
            # The edge of the lane's task: neighbours go on, this lane tries again from the store.
            log.exception("lane_failed", queue=self._queue, lane=lane.number)
        return Pause(self._clock.now() + round(_TROUBLE_SECONDS * SECOND))

    async def _read_lane(self, lane: Lane) -> None:
        await self._before_read(lane.number)
        lane.is_behind = False
        lane.is_reading = True
        try:
            items = await self._store.queues.waiting(self._queue, lane.number, limit=_READ_AT_ONCE)
        except BaseException:
            lane.is_behind = True
            raise
        finally:
            lane.is_reading = False
        lane.items.extend(items)
        lane.last_read = frozenset(item.key for item in items)
        self._held += len(items)
        if len(items) == _READ_AT_ONCE:
            lane.is_behind = True

    async def _do_items(self, lane: Lane) -> Pause | None:
        items = lane.items
        for _ in range(_READ_AT_ONCE):
            if not items:
                return None
            item = items[0]
            if item.due_at > self._clock.now():
                return Pause(item.due_at)
            if not self._owner.owns(lane.number):
                self._forget(lane)
                return None
            pause = await self._work(item)
            if pause is not None:
                return pause
            items.popleft()
            self._held -= 1
        return None

    def _drop_items(self, lane: Lane) -> None:
        self._held -= len(lane.items)
        lane.items.clear()

    def _forget(self, lane: Lane) -> None:
        """It is another process's; should it be ours again, the store is looked through."""
        self._drop_items(lane)
        lane.is_behind = False

    # Lanes that wait for their time

    def _send_to_sleep(self, lane: Lane, pause: Pause) -> None:
        if not pause.keeps_item or not self._owner.owns(lane.number):
            self._drop_items(lane)
            lane.is_behind = True
        self._sleep_number += 1
        heappush(self._sleeping, (pause.until, self._sleep_number, lane))
        if self._sleeping[0][2] is lane:
            self._alarm_set.set()
            if self._nap is not None:
                self._nap.cancel()

    async def _wake_sleepers(self) -> None:
        while True:
            if not self._sleeping:
                self._alarm_set = trio.Event()
                await self._alarm_set.wait()
            with trio.CancelScope() as self._nap:
                await self._clock.sleep_until(self._sleeping[0][0])
            self._nap = None
            now = self._clock.now()
            while self._sleeping and self._sleeping[0][0] <= now:
                self._make_ready(heappop(self._sleeping)[2])

    # The store

    def _want_scan(self) -> None:
        self._is_caught_up = False
        self._scan_wanted.set()

    async def _scan_store(self) -> None:
        """Looks for lanes with rows: at start, when told so, and for those there was no room for."""
        while True:
            await self._scan_wanted.wait()
            self._scan_wanted = trio.Event()
            await self._scan_all()
            self._is_caught_up = not self._scan_wanted.is_set()

    async def _scan_all(self) -> None:
        after, limit = FIRST_LANE, _PAGE
        while True:
            if len(self._lanes) >= _LANES_KNOWN:
                self._room = trio.Event()
                await self._room.wait()
            limit = min(_LANES_KNOWN - len(self._lanes), _PAGE)
            try:
                numbers = await self._store.queues.lanes(self._queue, after=after, limit=limit)
            except StoreError as error:
                log.warning("scan_waits_for_store", queue=self._queue, error=type(error).__name__)
                await trio.sleep(_TROUBLE_SECONDS)
                continue
            for number in numbers:
                self.notice(number)
            if len(numbers) < limit:
                return
            after = numbers[-1]
