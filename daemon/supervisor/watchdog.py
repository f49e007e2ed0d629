"""Watchdog: tells systemd that the daemon lives, from inside the loop and only while everybody makes progress.

When somebody is late it says so with all task stacks, what they wait for and until when, and stops the pings; if they
are still late at the next look the process ends and is started again by whoever started it. Correctness does not need a
clean stop, and an operator needs the stacks more than another hour of a bot that does not answer.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.supervisor.child import ChildSpec
from daemon.supervisor.progress import keep_proving
from daemon.supervisor.stacks import tell_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.supervisor.child import ChildStatus
    from daemon.supervisor.progress import Progress
    from daemon.supervisor.starts import StartCounter
    from daemon.supervisor.systemd import Notifier
    from daemon.supervisor.tree import Supervisor

log = structlog.get_logger(__name__)

LOOKS_PER_PERIOD = 3
ORDINARY_PERIOD_SECONDS = 30.0
"""Without systemd's word on it."""
HUNG = 1
PULSE = "pulse"
ORDINARY_HANG_SECONDS = 60.0
Probe = Callable[[], Awaitable[object]]
"""Returns once a part has answered, well or not."""


class Watchdog:
    """Looks, pings, gives up."""

    def __init__(
        self,
        notifier: Notifier,
        progress: Progress,
        *,
        may_give_up: bool = True,
        note_end: Callable[[str], object] = lambda _reason: None,
        exit_process: Callable[[int], object] = os._exit,
    ) -> None:
        self._notifier = notifier
        self._progress = progress
        self._may_give_up = may_give_up
        self._note_end = note_end
        self._exit = exit_process
        self._was_late = False

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled."""
        task_status.started()
        while True:
            self.look()
            await trio.sleep((self._notifier.watchdog_seconds or ORDINARY_PERIOD_SECONDS) / LOOKS_PER_PERIOD)

    def look(self) -> None:
        """Once."""
        late = self._progress.late()
        if not late:
            if self._was_late:
                log.warning("progress_again")
            self._was_late = False
            self._notifier.ping()
        elif not self._was_late:
            self._was_late = True
            log.error("no_progress", late=late)
            self._notifier.tell(f"no progress: {'; '.join(late)}")
            root = trio.lowlevel.current_root_task()
            if root is not None:
                tell_tasks(root, trio.current_time())
        elif self._may_give_up:
            log.error("exit_without_progress", late=late)
            self._note_end(f"no progress: {'; '.join(late)}")
            self._exit(HUNG)


@dataclass(frozen=True, slots=True)
class Life:
    """What a process knows of itself. A daemon in virtual time has none: nothing can hang there."""

    notifier: Notifier
    starts: StartCounter
    progress: Progress
    hang_seconds: float
    """0: it never ends by itself."""

    def guards(self, probes: Mapping[str, Probe]) -> Iterator[ChildSpec]:
        """The watchdog, and a child for each part that only acts when asked and therefore has to be asked.

        None where nobody would listen: neither systemd, nor we ourselves.
        """
        if not self.hang_seconds and self.notifier.watchdog_seconds is None:
            return
        for name, probe in probes.items():
            prove = partial(
                keep_proving, self.progress.mark(name), probe, hang_seconds=self.hang_seconds or ORDINARY_HANG_SECONDS
            )
            yield ChildSpec(f"proof:{name}", partial(_run_with_status, prove))
        watchdog = Watchdog(
            self.notifier, self.progress, may_give_up=self.hang_seconds > 0, note_end=self.starts.note_end
        )
        yield ChildSpec("watchdog", watchdog.run)


async def prove_supervising(supervisor: Supervisor) -> None:
    """Returns when a child was started and has been seen to its end; at once while the supervisor closes."""
    if supervisor.is_closing:
        await trio.lowlevel.checkpoint()
        return
    await supervisor.launch(ChildSpec(PULSE, _beat)).wait_ended()


async def _beat(status: ChildStatus) -> None:
    status.started()
    await trio.lowlevel.checkpoint()


async def _run_with_status(prove: Callable[..., Awaitable[None]], status: ChildStatus) -> None:
    await prove(task_status=status)
