"""Tells a story while it happens: a live line with rich on a terminal, plain lines otherwise.

It reads the world's log and nothing else, so it can't know more than the judge does.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from daemon.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.world_log import Act, WorldLog

LETTER_WORDS = 12


class Narrator:
    """Says what happens in the world, one line an event."""

    def __init__(self, board: HhState, goal: int, output: TextIO | None = None) -> None:
        self._board = board
        self._goal = goal
        self._console = Console(file=output or sys.stdout, highlight=False, soft_wrap=True)
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._began_at: int | None = None
        self.applied = 0

    @contextmanager
    def on_stage(self) -> Iterator[None]:
        """On a terminal a progress bar stays below the lines for as long as this lasts."""
        if not self._console.is_terminal:
            yield
            return
        columns = (SpinnerColumn(), TextColumn("applications"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            self._progress, self._bar = progress, progress.add_task("", total=self._goal)
            yield
        self._progress = None

    async def follow(self, log: WorldLog) -> None:
        """Tells every act as it comes, for ever."""
        number = 0
        while True:
            for act in log.since(number):
                number = act.number
                self.tell(act)
            await log.wait_beyond(number)

    def tell(self, act: Act) -> None:
        """Tells one act, if a reader would care."""
        if self._began_at is None:
            self._began_at = act.at
        line = self._line_of(act)
        if line:
            self.say(line, at=act.at)

    def say(self, line: str, *, at: int | None = None) -> None:
        """A line with its time since the story began."""
        seconds = (at - self._began_at) / SECOND if at is not None and self._began_at is not None else None
        stamp = f"{seconds:5.1f} s  " if seconds is not None else ""
        self._console.print(stamp + line, markup=False)

    def _line_of(self, act: Act) -> str | None:
        if act.kind == "application_made":
            return self._applied(act)
        if act.kind == "update" and act.get("what") == "message":
            return f"person: {_short(act.get('text'))}"
        if act.kind == "update" and act.get("what") == "callback_query":
            return "person: presses the button"
        if act.kind == "message" and "/vacancy/" not in str(act.get("links")):
            return f"   bot: {_short(act.get('text'))}"
        if act.kind == "application_refused":
            return f" board: refuses an application to {self._title(act)} ({act.get('value')})"
        return _PLAIN.get(act.kind)

    def _applied(self, act: Act) -> str:
        self.applied += 1
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=self.applied)
        words = str(act.get("letter") or "").split()
        return f" board: application {self.applied} for {self._title(act)}, letter of {len(words)} words"

    def _title(self, act: Act) -> str:
        vacancy = self._board.vacancies.get(str(act.get("vacancy")))
        return f"{vacancy.title} at {vacancy.employer.name}" if vacancy else str(act.get("vacancy"))


_PLAIN = {
    "code_issued": " board: lets the person's login in",
    "token_refreshed": " board: renews the login",
    "captcha_asked": " board: asks for a captcha",
    "captcha_solved": " board: captcha solved",
    "daemon_started": "daemon: starts",
    "daemon_killed": "daemon: SIGKILL",
    "daemon_stopped": "daemon: stopped by SIGTERM",
    "fault": "  fate: a fault strikes",
}


def _short(text: object, length: int = 110) -> str:
    line = " ".join(str(text or "").split())
    return line if len(line) <= length else line[: length - 1] + "…"
