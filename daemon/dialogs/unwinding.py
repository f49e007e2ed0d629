"""Ending a script in the middle, also one that awaits something foreign.

A script that awaits a socket or a sleep has hooked the task that drives it to that thing; before the script is thrown
away the task is unhooked, or a later wake-up would hit a task that waits for something else.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = structlog.get_logger(__name__)

_PATIENCE = 100
"""A script that keeps awaiting while it is being ended is given up after so many awaits."""


def line_of(coroutine: Coroutine[Any, Any, Any] | None) -> tuple[int, str]:
    """The last line of the script's own file that is being awaited at, and the name of what is awaited there."""
    inner: Any = coroutine
    home, line, awaited = "", 0, "something foreign"
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)
        code = getattr(inner, "cr_code", None) or getattr(inner, "gi_code", None)
        if frame is None or code is None:
            break
        home = home or code.co_filename
        if code.co_filename == home:
            line = frame.f_lineno
        else:
            return line, code.co_qualname
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return line, awaited


def release(trap: object) -> None:
    """Unhooks the driving task from what the script began to wait for."""
    abort = getattr(trap, "abort_func", None)
    if callable(abort):
        abort(_raise_nothing)


def unwind(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Closes a script. What it awaits on its way out is released and not waited for."""
    for _ in range(_PATIENCE):
        if inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED:
            return
        try:
            trap = coroutine.throw(GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        except Exception as error:  # noqa: BLE001 - whatever its clean-up raises: the script is gone
            log.info("script_clean_up_failed", error=type(error).__name__)
            return
        release(trap)
    log.error("script_will_not_end", awaits=_PATIENCE)


def _raise_nothing() -> NoReturn:
    raise RuntimeError("a released wait is not woken")
