"""Starts: a daemon that dies again and again soon after its start slows down by itself, and says why.

systemd 252 knows no growing pause between restarts; its own limit stops the unit for good, the admin socket with it, at
the very moment it is needed. So the back-off lives here: each start is counted in a file of the state folder before
anything else happens, the count is taken back once the process has lived long enough or was told to stop, and a start
that finds too many before it waits before it opens a store, a door or a board, telling systemd to be patient.
"""

from __future__ import annotations

import math
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio
from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.supervisor.shutdown import StopSwitch
    from daemon.supervisor.systemd import Notifier

log = structlog.get_logger(__name__)

FILE = "starts.json"
FREE_STARTS = 3
"""So many early deaths in a row cost no wait: a deploy that is tried twice, an operator's own hand."""
FIRST_WAIT_SECONDS = 1.0
STABLE_SECONDS = 60.0
"""Who has lived this long has not died soon after its start."""
EXTENSION_SECONDS = 30.0
"""How much patience systemd is asked for at a time, three times as often as needed."""
UNKNOWN_END = "it ended without a word: killed, out of memory, or the machine went down"


class StartRecord(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    early_ends: int = 0
    """Starts in a row of which none lived long enough; the one that is under way counts until it has."""
    last_end: str = ""
    """How the last of them ended, without the text of any error."""


@dataclass(frozen=True, slots=True)
class StartLine:
    """For `status`: how this start came about."""

    early_ends: int
    waited_seconds: float
    last_end: str

    def __str__(self) -> str:
        """In an operator's words."""
        if not self.early_ends:
            return "the last life was long enough, or ended when told to"
        lives = "the last life" if self.early_ends == 1 else f"the last {self.early_ends} lives"
        words = f"{lives} ended early: {self.last_end}"
        return f"{words}; this start waited {self.waited_seconds:.0f} s" if self.waited_seconds else words


class StartCounter:
    """Counts starts in the state folder. A folder that can't be written costs only the counting."""

    def __init__(self, folder: Path, *, longest_wait_seconds: float) -> None:
        self._path = folder / FILE
        self._longest = longest_wait_seconds
        before = self._read()
        self.line = StartLine(before.early_ends, 0.0, before.last_end if before.early_ends else "")

    @property
    def wait_seconds(self) -> float:
        """How long this start waits: 0 after few early ends, then 1, 2, 4 s and so on."""
        beyond = self.line.early_ends - FREE_STARTS
        if beyond < 0 or not self._longest:
            return 0.0
        return min(self._longest, FIRST_WAIT_SECONDS * 2.0 ** min(beyond, 60))

    @asynccontextmanager
    async def counting(self, switch: StopSwitch, notifier: Notifier) -> AsyncIterator[None]:
        """The life of the daemon: counted, begun late if it must be, and taken back when it was long or told to end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_when_asked, switch, nursery.cancel_scope, name="stop of a waiting start")
            await self.begin(notifier)
            nursery.cancel_scope.cancel("the start may go on")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._forget_when_stable, name="start counter")
            yield
            nursery.cancel_scope.cancel("the daemon ended")
        self.forget()

    async def begin(self, notifier: Notifier) -> None:
        """Counts this start and waits as long as it must."""
        seconds = self.wait_seconds
        self.line = StartLine(self.line.early_ends, seconds, self.line.last_end)
        self._write(StartRecord(early_ends=self.line.early_ends + 1, last_end=UNKNOWN_END))
        if not seconds:
            return
        log.warning(
            "start_slowed", early_ends=self.line.early_ends, last_end=self.line.last_end, wait_seconds=round(seconds)
        )
        until = trio.current_time() + seconds
        while (left := until - trio.current_time()) > 0:
            notifier.extend(EXTENSION_SECONDS, f"waits {math.ceil(left)} s: {self.line}")
            await trio.sleep(min(left, EXTENSION_SECONDS / 3))

    async def _forget_when_stable(self) -> None:
        """Takes the count back when this life has been long enough; then there is nothing left to do."""
        await trio.sleep(STABLE_SECONDS)
        self.forget()

    def forget(self) -> None:
        """This life was long enough, or ended because it was told to."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def note_end(self, reason: str) -> None:
        """Why this life ends, if it ends early; with what was logged of it, so never a secret or a person's words."""
        if self._path.exists():
            self._write(StartRecord(early_ends=self.line.early_ends + 1, last_end=reason))

    def _read(self) -> StartRecord:
        try:
            return StartRecord.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return StartRecord()

    def _write(self, record: StartRecord) -> None:
        """Whole or not at all. Not flushed to disk: a count lost with the machine's power is a start less."""
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(record.model_dump_json(), encoding="utf-8")
            draft.replace(self._path)
        except FileNotFoundError:
            return  # the very first start: the store makes the folder later, with rights of its own
        except OSError as error:
            log.warning("start_not_counted", error=type(error).__name__)


async def _cancel_when_asked(switch: StopSwitch, scope: trio.CancelScope) -> None:
    await switch.wait()
    scope.cancel("told to stop")
