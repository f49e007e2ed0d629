"""Group commit: gathers what all tasks hand in, has it committed at once, wakes them all.

Writes are not passed to the worker one by one but once per turn of the loop. While a batch is being committed the next
one gathers. After a commit its callers often write again, so the next batch waits for one turn of the loop if it is
smaller than the last: without that, the first caller awake would pay a disk flush for itself alone. Only a caller who
is alone, as the last one was, is not made to wait for that turn: it is seven system calls, for nobody.

A caller that is cancelled leaves; its write stays where it is.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import outcome
import trio
from trio.lowlevel import current_task, reschedule, wait_task_rescheduled

from store.embedded.sleep import WOKEN, leave, sleep
from store.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from store.embedded.worker import Jobs, Work
    from store.write import Write

_LARGEST_BATCH = 2_000
"""Bounds how long one commit can take, and with it how long anybody waits."""
_CAPACITY = 20_000
"""Writes that may wait; who comes later waits to hand in."""


_Waiter = tuple["Write", trio.lowlevel.Task]
"""One call of `write`. While its task sleeps for it, and only then, it is the task's `custom_sleep_data`: Trio clears
that when a task wakes, cancelled or not, so a caller that left is never woken out of something else.
"""


class GroupCommit:
    """Takes writes of all tasks to one worker. `announce` wakes listeners of a write's topics.

    `run` commits a batch and gives for each write the error that undid it, or None; where the worker awaits, so does
    `run`.
    """

    def __init__(
        self,
        worker: Jobs,
        run: Callable[[Sequence[Write]], Any],
        announce: Callable[[tuple[str, ...]], None],
        *,
        capacity: int = _CAPACITY,
    ) -> None:
        self._worker = worker
        self._run = run
        self._announce = announce
        self._capacity = capacity
        self._token = trio.lowlevel.current_trio_token()
        self._waiting: list[_Waiter] = []
        self._in_flight: list[_Waiter] = []
        self._room = trio.lowlevel.ParkingLot()
        self._idle = trio.lowlevel.ParkingLot()
        self._turn = trio.Lock()
        self._is_held = False
        self._is_due = False
        self._is_closed = False
        self._last_size = 0
        self._since_idle = 0
        self._was_alone = False

    async def write(self, write: Write) -> None:
        """Returns once the write is on disk; see `Database.write`."""
        if self._is_closed or len(self._waiting) >= self._capacity:
            await self._wait_for_room()
        task = current_task()
        waiter = (write, task)
        self._waiting.append(waiter)
        if not self._is_due and not self._in_flight:
            if self._was_alone:
                self._hand_over(0)
            else:
                self._become_due()
        task.custom_sleep_data = waiter
        await sleep()

    async def _wait_for_room(self) -> None:
        while len(self._waiting) >= self._capacity and not self._is_closed:
            await self._room.park()
        if self._is_closed:
            raise StoreUnavailable("the store is closed")

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Keeps all writes waiting meanwhile; the worker is the holder's. One holder at a time."""
        async with self._turn:
            if self._is_closed:
                raise StoreUnavailable("the store is closed")
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False
                self._go_on()

    async def call(self, work: Work) -> Any:
        """Runs `work` in the worker, after everything handed to it before. A cancelled caller does not undo it."""
        task = current_task()

        def settle(result: outcome.Outcome[Any]) -> None:
            if task.custom_sleep_data is settle:
                reschedule(task, result)

        self._token.run_sync_soon(self._worker.submit, work, settle)
        task.custom_sleep_data = settle
        return await wait_task_rescheduled(leave)

    async def close(self) -> None:
        """Refuses new writes, lets all that were handed in finish."""
        self._is_closed = True
        self._room.unpark_all()
        while self._waiting or self._in_flight:
            await self._idle.park()

    def refuse_waiting(self, error: StoreError) -> None:
        """Tells all whose write was not begun that it will not be."""
        refused, self._waiting = self._waiting, []
        for waiter in refused:
            _wake(waiter, _copy_error(error))
        self._room.unpark_all()
        self._go_on()

    def _become_due(self) -> None:
        self._is_due = True
        self._token.run_sync_soon(self._hand_over, self._last_size)

    def _hand_over(self, hoped_for: int) -> None:
        """Gives the worker its next batch; puts that off by one turn while fewer wait than `hoped_for`."""
        if self._is_held or self._in_flight or not self._waiting:
            self._is_due = False
            return
        if len(self._waiting) < hoped_for:
            self._token.run_sync_soon(self._hand_over, 0)
            return
        self._is_due = False
        size = min(len(self._waiting), _LARGEST_BATCH)
        if size == len(self._waiting):
            batch, self._waiting = self._waiting, []
        else:
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
        self._in_flight = batch
        self._last_size = size
        self._since_idle += size
        writes = [write for write, _ in batch]
        self._worker.submit(lambda: self._run(writes), self._settle)
        self._room.unpark(count=size)

    def _settle(self, result: outcome.Outcome[list[StoreError | None]]) -> None:
        batch, self._in_flight = self._in_flight, []
        if isinstance(result, outcome.Error):
            for waiter in batch:
                _wake(waiter, _copy_error(result.error))
        else:
            outcomes = result.unwrap()
            if outcomes.count(None) < len(batch):
                batch = _tell_errors(batch, outcomes)
            announce = self._announce
            for waiter in batch:
                write, task = waiter
                if write.topics:
                    announce(write.topics)
                if task.custom_sleep_data is waiter:
                    reschedule(task, WOKEN)
        self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            if not self._is_due and not self._in_flight:
                self._become_due()
        elif not self._in_flight:
            self._was_alone = self._since_idle == 1 and not self._worker.settles_at_once
            self._since_idle = 0
            self._idle.unpark_all()


def _tell_errors(batch: list[_Waiter], outcomes: list[StoreError | None]) -> list[_Waiter]:
    """Wakes those whose write failed; returns the others."""
    written = []
    for waiter, error in zip(batch, outcomes, strict=True):
        if error is None:
            written.append(waiter)
        else:
            _wake(waiter, error)
    return written


def _wake(waiter: _Waiter, error: BaseException) -> None:
    task = waiter[1]
    if task.custom_sleep_data is waiter:
        reschedule(task, outcome.Error(error))


def _copy_error(error: BaseException) -> StoreError:
    """An exception of its own for each caller: a shared one would collect everybody's tracebacks."""
    if isinstance(error, StoreError):
        return type(error)(str(error))
    copy = StoreUnavailable(f"the writer failed: {type(error).__name__}: {error}")
    copy.__cause__ = error
    return copy
