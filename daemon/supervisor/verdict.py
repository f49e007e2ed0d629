"""Verdict: what a child's error means, and the fingerprint under which equal errors are counted together.

A fingerprint is the exception's type and the innermost frame of our own code. It never holds the error's text, which
may quote a person. Files and functions are named, lines are not: a release that moves code keeps the fingerprint. An
error that names a `dependency` is that one's failure wherever it was met: `StoreUnavailable@store`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.errors import Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LIBRARY_FOLDERS = ("/site-packages/", "/lib/python")
OWN_ROOM = "daemon.supervisor."
FRAMES_SHOWN = 12
LEAVES_SHOWN = 3


class StartTimeout(Exception):
    """The child did not say in time that it is up."""


class UnexpectedEnd(Exception):
    """An essential child ended though nobody asked it to."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the supervisor has to know of an error; the error itself, with all its frames, is let go."""

    fingerprint: str
    error: str
    """Type names only."""
    frames: tuple[str, ...]
    """`daemon/autopilot/search.py:41 fetch_page`, outermost first."""
    is_permanent: bool
    is_temporary: bool
    retry_after_seconds: float | None


def judge(error: Exception) -> Verdict:
    """A group is permanent if any of its errors is, temporary if all are; the longest wish to wait counts.

    Temporary is `Temporary`, and any error that says `will_pass` of itself: lower rooms have families of their own.
    """
    leaves = list(_leaves(error))
    temporary = [leaf for leaf in leaves if isinstance(leaf, Temporary) or getattr(leaf, "will_pass", False)]
    wishes = [getattr(leaf, "retry_after_seconds", None) for leaf in temporary]
    waits = [seconds for seconds in wishes if seconds is not None]
    is_permanent = any(isinstance(leaf, Permanent) for leaf in leaves)
    shown = _frames(leaves[0])[-FRAMES_SHOWN:]
    names = sorted({type(leaf).__name__ for leaf in leaves})[:LEAVES_SHOWN]
    return Verdict(
        fingerprint="+".join(sorted({_fingerprint(leaf) for leaf in leaves})[:LEAVES_SHOWN]),
        error="+".join(names),
        frames=tuple(f"{_shorten(place)}:{line} {function}" for place, line, function in shown),
        is_permanent=is_permanent,
        is_temporary=len(temporary) == len(leaves) and not is_permanent,
        retry_after_seconds=max(waits, default=None),
    )


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error


def _fingerprint(error: Exception) -> str:
    if dependency := getattr(error, "dependency", ""):
        return f"{type(error).__name__}@{dependency}"
    frames = _frames(error)
    own = [frame for frame in frames if _is_own(frame[0])] or frames
    if not own:
        return type(error).__name__
    place, _, function = own[-1]
    return f"{type(error).__name__}@{_shorten(place)}:{function}"


def _frames(error: Exception) -> list[tuple[str, int, str]]:
    frames = []
    here: TracebackType | None = error.__traceback__
    while here is not None:
        code = here.tb_frame.f_code
        if not here.tb_frame.f_globals.get("__name__", "").startswith(OWN_ROOM):
            frames.append((code.co_filename, here.tb_lineno, code.co_qualname))
        here = here.tb_next
    return frames


def _is_own(place: str) -> bool:
    return not place.startswith("<") and not any(folder in place for folder in LIBRARY_FOLDERS)


def _shorten(place: str) -> str:
    """The last three parts: enough to find the file, nothing of where it is installed."""
    return "/".join(place.split("/")[-3:])
