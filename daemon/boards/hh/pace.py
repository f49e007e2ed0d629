"""Pacer: no token asks hh.ru faster than the board likes, and after a 429 it keeps still for as long as was asked.

The board publishes no figure; two requests a second are well below what it has been seen to refuse (hhru/api#74).
Turns are handed out on Trio's clock, jittered, so that many hunts do not fall into step. A person's token is one
process's at a time; of a token that all use each process takes an even part of the pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from daemon.secret import SharedSecret

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_JITTER = 0.1
_MANY = 256


class Pacer:
    """Turns for each key; a key whose turn has passed is forgotten, so memory follows the calls under way.

    `count_sharers`: how many processes there are now.
    """

    def __init__(self, per_second: float, rng: random.Random, *, count_sharers: Callable[[], int] = lambda: 1) -> None:
        self._interval_seconds = 1 / per_second
        self._rng = rng
        self._count_sharers = count_sharers
        self._free_at: dict[object, float] = {}
        self._forget_above = _MANY

    def __len__(self) -> int:
        return len(self._free_at)

    async def wait_turn(self, key: object) -> None:
        """Sleeps until this key may ask."""
        now = trio.current_time()
        starts_at = max(now, self._free_at.get(key, now))
        sharers = self._count_sharers() if isinstance(key, SharedSecret) else 1
        free_at = starts_at + self._interval_seconds * sharers * (1 + _JITTER * self._rng.random())
        self._free_at[key] = free_at
        self._forget_passed(now)
        try:
            await trio.sleep_until(starts_at)
        except trio.Cancelled:
            # The last in the row gives its turn back; or callers with deadlines would push each other out for ever.
            if self._free_at.get(key) == free_at:
                self._free_at[key] = starts_at
            raise

    def hold(self, key: object, seconds: float) -> None:
        """No turns of this key for so long: the board asked to slow down."""
        until = trio.current_time() + seconds
        self._free_at[key] = max(until, self._free_at.get(key, until))

    def _forget_passed(self, now: float) -> None:
        if len(self._free_at) <= self._forget_above:
            return
        self._free_at = {key: free_at for key, free_at in self._free_at.items() if free_at > now}
        # Doubling keeps the sweep's cost per call constant however many are really under way.
        self._forget_above = max(_MANY, 2 * len(self._free_at))
