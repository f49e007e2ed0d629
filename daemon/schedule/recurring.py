"""Recurring jobs: each is a child of the supervisor, the list itself is `daemon/timetable.py`.

What was done last is on disk, so a restart makes up for one missed occurrence and never repeats one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.schedule.recurrence import is_missed
from daemon.supervisor.child import ChildSpec
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.clock import Clock
    from daemon.schedule.recurrence import Recurrence
    from daemon.supervisor.child import ChildStatus
    from store.store import Store
    from store.write import Write

JobFunction = Callable[["trio.TaskStatus[None]"], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the timetable."""

    name: str
    when: Recurrence
    run: Callable[[], Awaitable[object]]


class RecurringJob:
    """Keeps one job going."""

    def __init__(self, job: Job, store: Store, clock: Clock, guard: Callable[[], Write] = lambda: NOTHING) -> None:
        """`guard`: refuses with `LeaseLost` what this process writes after another has taken over."""
        self._guard = guard
        self._job = job
        self._store = store
        self._clock = clock
        self._stream = f"job:{job.name}"

    async def run(self, task_status: ChildStatus | trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Does the job at its times, for ever. A failing job fails this task: the supervisor tries again."""
        task_status.started()
        if is_missed(await self._store.cursors.get(self._stream), self._job.when, self._clock.now()):
            await self._do()
        while True:
            await self._clock.sleep_until(self._job.when.next_after(self._clock.now()))
            await self._do()

    async def _do(self) -> None:
        began = self._clock.now()
        await self._job.run()
        await self._store.write(self._guard() + self._store.cursors.move(self._stream, began, now=began))
        log.info("job_done", job=self._job.name, milliseconds=self._clock.now() - began)


def as_children(
    jobs: Iterable[Job],
    store: Store,
    clock: Clock,
    *,
    guard: Callable[[], Write] = lambda: NOTHING,
    wrap: Callable[[JobFunction], JobFunction] = lambda run: run,
) -> list[ChildSpec]:
    """The timetable as children of the supervisor: `job:trim_inbox`. `wrap` makes each run only where it should."""
    return [ChildSpec(f"job:{job.name}", wrap(RecurringJob(job, store, clock, guard).run)) for job in jobs]
