"""Circuit: many children failing alike means that something they share is down, not that they are broken.

When that many children show the same fingerprint within the window, the circuit of this fingerprint opens: their
failures count against nobody's budget, and instead of each knocking by itself they wait here. After a while one of
them tries. If it runs long enough the circuit closes and the others follow, spread out; if it fails, all wait longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When a fingerprint counts as a dependency's failure, and how its recovery is tried."""

    children: int = 5
    """That many different children with one fingerprint ..."""
    window_seconds: float = 60.0
    """... within this time open the circuit."""
    first_probe_seconds: float = 15.0
    longest_probe_seconds: float = 300.0
    """The wait before a probe doubles with each that fails, up to this."""
    trial_seconds: float = 10.0
    """A probe that is up and has run this long closes the circuit."""
    spread_seconds: float = 10.0
    """Those who waited come back spread over this time, few at first ..."""
    seconds_each: float = 0.01
    """... or over so much for each of them, if that is longer."""


OF_THE_STORE = CircuitPolicy(first_probe_seconds=1.0, longest_probe_seconds=2.0, trial_seconds=0.5, seconds_each=0.005)
"""It is ours: asking costs nobody anything, and everybody waits for it. Ready again within five seconds."""


class Circuit:
    """The children that share one fingerprint. Closed: only counts. Open: children wait in `take_turn`."""

    def __init__(self, fingerprint: str, policy: CircuitPolicy, random: random.Random) -> None:
        self.fingerprint = fingerprint
        self.is_open = False
        self.probe: str | None = None
        """The child that is trying at the moment."""
        self._policy = policy
        self._random = random
        self._failed_at: dict[str, float] = {}
        self._probe_at = math.inf
        self._next_wait = policy.first_probe_seconds
        self._trial_ends_at = math.inf
        self._crowd = 0
        """How many waited when it closed."""
        self._alarm: trio.CancelScope | None = None
        """Of the one who waits for the next moment that matters; all others are parked."""
        self._waiting = trio.lowlevel.ParkingLot()

    @property
    def dependency(self) -> str:
        """What is taken to be down: `store`; empty when only the fingerprint tells."""
        place = self.fingerprint.partition("@")[2]
        return "" if ":" in place else place

    @property
    def next_probe_seconds(self) -> float:
        """Until somebody tries; 0 while somebody does."""
        return 0.0 if self.probe is not None else max(0.0, self._probe_at - trio.current_time())

    @property
    def held(self) -> int:
        """Children that wait for this circuit."""
        return len(self._waiting) + (self._alarm is not None)

    def note_failure(self, child: str, now: float) -> bool:
        """Counts; True when the circuit is open afterwards."""
        self.settle(now)
        self._failed_at[child] = now
        if self.is_open:
            if child == self.probe:
                self._back_off(now)
        elif self._recent(now) >= self._policy.children:
            self.is_open = True
            self._probe_at = now + self._next_wait
        return self.is_open

    def note_ready(self, child: str, now: float) -> None:
        """The probe is up: its trial begins."""
        if child == self.probe:
            self._trial_ends_at = now + self._policy.trial_seconds
            self._set_alarm()

    def note_end(self, child: str) -> None:
        """A child ended well or failed in another way. If it was the probe, somebody else tries."""
        if child == self.probe:
            self._change_probe()

    async def take_turn(self, child: str) -> float:
        """Waits until this child may try again; returns how many seconds it should still wait, to spread the crowd."""
        while self.is_open:
            if self._alarm is not None:
                await self._waiting.park()
                continue
            await self._keep_watch()
            if self._may_probe(child, trio.current_time()):
                return 0.0
        spread = max(self._policy.spread_seconds, self._crowd * self._policy.seconds_each)
        return spread * math.sqrt(self._random.random())

    def settle(self, now: float) -> None:
        """Closes the circuit when the trial is over, or nobody is left to try. Asked by whoever comes by: no task of
        its own.
        """
        if self.is_open and (now >= self._trial_ends_at or self._is_deserted(now)):
            self.is_open, self.probe, self._crowd = False, None, self.held
            self._failed_at.clear()
            self._probe_at = self._trial_ends_at = math.inf
            self._next_wait = self._policy.first_probe_seconds
            self._waiting.unpark_all()

    def is_forgettable(self, now: float) -> bool:
        """Closed and nothing counted any more."""
        self.settle(now)
        return not self.is_open and not self._recent(now)

    def _is_deserted(self, now: float) -> bool:
        """The last who waited went another way (stopped, failed of something else): nobody would ever close it."""
        return self.probe is None and not self.held and now >= self._probe_at + self._policy.window_seconds

    async def _keep_watch(self) -> None:
        try:
            with trio.CancelScope(deadline=self._next_moment()) as self._alarm:
                await trio.sleep_forever()
        finally:
            self._alarm = None
            self._waiting.unpark()

    def _next_moment(self) -> float:
        return self._probe_at if self.probe is None else self._trial_ends_at

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.deadline = self._next_moment()

    def _may_probe(self, child: str, now: float) -> bool:
        self.settle(now)
        if not self.is_open or self.probe is not None or now < self._probe_at:
            return False
        self.probe, self._trial_ends_at = child, math.inf
        return True

    def _back_off(self, now: float) -> None:
        self._next_wait = min(self._next_wait * 2, self._policy.longest_probe_seconds)
        self._probe_at = now + self._next_wait
        self._change_probe()

    def _change_probe(self) -> None:
        self.probe, self._trial_ends_at = None, math.inf
        self._set_alarm()

    def _recent(self, now: float) -> int:
        since = now - self._policy.window_seconds
        self._failed_at = {child: at for child, at in self._failed_at.items() if at > since}
        return len(self._failed_at)
