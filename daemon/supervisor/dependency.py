"""Dependency: something outside that many share (a board, a model, Telegram), and the circuit that guards it.

Whoever calls it asks for a `Pass` first and says afterwards how it went. Closed: all pass. Many equal fingerprints with
no success between them, of different people where people are known, open it: one person's broken account proves
nothing about a board. Open: all are turned away with the time to come back, spread so that the crowd does not return as
one. After the rest a single call passes as a probe. If it succeeds the circuit warms up: few pass at first, twice as
many every few seconds, until nobody counts any more. If it fails the rest doubles.

Children that fail are counted by `circuit.py` in the same way; this one is for calls whose callers live on. Rooms get
their dependencies from `Dependencies`, which `status`, `/metrics` and `why` read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.errors import Temporary

if TYPE_CHECKING:
    import random as randomness
    from collections.abc import Hashable

log = structlog.get_logger(__name__)

_MOST_DOUBLINGS = 20


class State(StrEnum):
    """What a caller meets."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """One call is out to see; all others are turned away."""
    WARMING = "warming up"


class Resting(Temporary):
    """What is called has failed for many and is left alone for a while."""


@dataclass(frozen=True, slots=True)
class DependencyPolicy:
    """When it counts as down, and how it is tried again."""

    failures: int = 5
    """So many equal failures ..."""
    callers: int = 3
    """... of so many different callers; one that is not known counts anew each time ..."""
    window_seconds: float = 60.0
    """... within this time, and no success between them, open the circuit."""
    first_rest_seconds: float = 15.0
    longest_rest_seconds: float = 300.0
    warm_up_seconds: float = 30.0
    first_per_second: float = 2.0
    """Calls a second that pass when the warm-up begins ..."""
    doubling_seconds: float = 6.0
    """... and twice as many after each of these."""
    return_seconds_each: float = 0.1
    """Those who were turned away come back as if one after another at this distance, in any order."""


ORDINARY = DependencyPolicy()


class Pass:
    """Leave for one call. Ends with `leave`, after `succeed` or `fail` if it got there."""

    __slots__ = ("_dependency", "who")

    def __init__(self, dependency: Dependency, who: Hashable) -> None:
        self._dependency = dependency
        self.who = who

    def succeed(self) -> None:
        """It answered, be it a refusal."""
        self._dependency.note_success(self)

    def fail(self, fingerprint: str, *, rest_seconds: float | None = None) -> None:
        """It did not. `rest_seconds`: it said itself how long, or nobody needs to try before."""
        self._dependency.note_failure(self, fingerprint, rest_seconds)

    def leave(self) -> None:
        """The call is over, also when its caller gave it up: that says nothing."""
        self._dependency.note_end(self)


class Dependency:
    """One of them."""

    def __init__(self, name: str, random: randomness.Random, policy: DependencyPolicy = ORDINARY) -> None:
        self.name = name
        self.fingerprint = ""
        """Of the failures that opened it last."""
        self._random = random
        self._policy = policy
        self._failures: dict[str, list[tuple[float, Hashable]]] = defaultdict(list)
        self._probe: Pass | None = None
        self._open_until: float | None = None
        self._rests = 0
        self._warm_since = -math.inf
        self._passed = 0
        self._turned_away: set[Hashable] = set()

    @property
    def state(self) -> State:
        """Now."""
        if self._probe is not None:
            return State.PROBING
        if self._open_until is not None:
            return State.OPEN
        is_warming = trio.current_time() < self._warm_since + self._policy.warm_up_seconds
        return State.WARMING if is_warming else State.CLOSED

    @property
    def is_resting(self) -> bool:
        """Open or probing; needs no clock."""
        return self._open_until is not None

    @property
    def turned_away(self) -> int:
        """Different callers that were turned away since it opened last."""
        return len(self._turned_away)

    @property
    def rest_seconds(self) -> float:
        """Until the next probe may pass; 0 when one may, or all."""
        return max(0.0, self._open_until - trio.current_time()) if self._open_until is not None else 0.0

    def enter(self, who: Hashable = None) -> Pass:
        """Leave for a call of this caller. Raises `Resting` with the seconds after which to come back."""
        seconds = self.refusal(who)
        if seconds > 0:
            raise Resting(f"{self.name} has failed for many and is left alone", retry_after_seconds=seconds)
        leave = Pass(self, who)
        if self._open_until is not None:
            self._probe = leave
        elif self.state is State.WARMING:
            self._passed += 1
        return leave

    def refusal(self, who: Hashable = None) -> float:
        """0: `enter` would let this caller pass. Otherwise the seconds after which to come back, another each time."""
        state = self.state
        if state is State.CLOSED or (state is State.OPEN and not self.rest_seconds):
            return 0.0
        if state is State.WARMING:
            return self._warm_up_refusal()
        if who is not None:
            self._turned_away.add(who)
        crowd = self.turned_away * self._policy.return_seconds_each
        return self.rest_seconds + self._random.uniform(0, max(1.0, crowd))

    async def wait_turn(self, who: Hashable = None, *, patience_seconds: float) -> Pass:
        """As `enter`, for a caller who rather waits a little while it warms up."""
        until = trio.current_time() + patience_seconds
        while True:
            seconds = self.refusal(who)
            if not seconds or trio.current_time() + seconds > until:
                return self.enter(who)
            await trio.sleep(seconds)

    def note_success(self, leave: Pass) -> None:
        """See `Pass.succeed`. What began before it opened proves nothing about now."""
        if self._open_until is None:
            self._failures.clear()
        elif leave is self._probe:
            log.info("dependency_back", dependency=self.name, turned_away=self.turned_away)
            self._failures.clear()
            self._open_until, self._rests, self._passed = None, 0, 0
            self._warm_since = trio.current_time()
            self._turned_away.clear()

    def note_failure(self, leave: Pass, fingerprint: str, rest_seconds: float | None) -> None:
        """See `Pass.fail`."""
        if rest_seconds is not None:
            self._open(fingerprint, rest_seconds)
        elif self._open_until is None:
            if self._is_shared(fingerprint, leave.who):
                self._open(fingerprint, self._next_rest())
        elif leave is self._probe:
            self._open(fingerprint, self._next_rest())

    def note_end(self, leave: Pass) -> None:
        """See `Pass.leave`."""
        if leave is self._probe:
            self._probe = None

    def _is_shared(self, fingerprint: str, who: Hashable) -> bool:
        since = trio.current_time() - self._policy.window_seconds
        recent = [failure for failure in self._failures[fingerprint] if failure[0] > since]
        recent.append((trio.current_time(), who if who is not None else object()))
        # So many of the latest are enough to judge by; a caller who fails all the time must not fill the memory.
        self._failures[fingerprint] = recent[-10 * self._policy.failures :]
        callers = {caller for _, caller in recent}
        return len(recent) >= self._policy.failures and len(callers) >= self._policy.callers

    def _next_rest(self) -> float:
        rest = self._policy.first_rest_seconds * 2.0**self._rests
        self._rests = min(self._rests + 1, _MOST_DOUBLINGS)
        return rest

    def _open(self, fingerprint: str, seconds: float) -> None:
        seconds = min(seconds, self._policy.longest_rest_seconds)
        until = trio.current_time() + seconds
        self._open_until = until if self._open_until is None else max(until, self._open_until)
        self.fingerprint = fingerprint
        self._failures.clear()
        log.warning("dependency_rests", dependency=self.name, fingerprint=fingerprint, seconds=round(seconds, 1))

    def _warm_up_refusal(self) -> float:
        policy, warm_for = self._policy, trio.current_time() - self._warm_since
        per_doubling = policy.first_per_second * policy.doubling_seconds / math.log(2)
        allowed = 1 + per_doubling * (2.0 ** (warm_for / policy.doubling_seconds) - 1)
        if self._passed < allowed:
            return 0.0
        # More can pass later than soon: so more come back late than soon.
        return (policy.warm_up_seconds - warm_for) * math.sqrt(self._random.random()) + 0.01


class Dependencies:
    """All of one daemon."""

    def __init__(self, random: randomness.Random) -> None:
        self._random = random
        self._known: dict[str, Dependency] = {}

    def get(self, name: str, policy: DependencyPolicy = ORDINARY) -> Dependency:
        """The one of this name; made when it is asked for first: `board hh`, `model gemini/x`, `telegram`."""
        if name not in self._known:
            self._known[name] = Dependency(name, self._random, policy)
        return self._known[name]

    def listing(self) -> list[Dependency]:
        """By name."""
        return [self._known[name] for name in sorted(self._known)]
