"""How fast a bot may speak, as the public Bot API server enforces it.

About 30 messages a second in all; one a second per private chat with bursts of about 20; 20 a minute per group. Over
them the method is refused with 429 and `retry_after` (facts/telegram.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.clock import SECOND

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.sandbox.telegram_state import Id


@dataclass(slots=True)
class Bucket:
    """A token bucket: `capacity` at once, then `per_second`."""

    capacity: float
    per_second: float
    tokens: float
    filled_at: int

    def refill(self, now: int) -> None:
        """Adds what has run in since the last look."""
        self.tokens = min(self.capacity, self.tokens + (now - self.filled_at) / SECOND * self.per_second)
        self.filled_at = now

    def wait_seconds(self) -> int:
        """Whole seconds until one more message passes; 0 when it passes now."""
        return 0 if self.tokens >= 1 else max(1, math.ceil((1 - self.tokens) / self.per_second))


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """Messages a second, and how many at once."""

    bot_per_second: float = 30.0
    chat_per_second: float = 1.0
    chat_burst: float = 20.0
    group_per_minute: float = 20.0


class SpeedGuard:
    """Counts what a bot sends and says how long it must wait."""

    def __init__(self, clock: Clock, limits: SpeedLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._bot = Bucket(limits.bot_per_second, limits.bot_per_second, limits.bot_per_second, clock.now())
        self._chats: dict[Id, Bucket] = {}

    def admit(self, chat_id: Id) -> int:
        """0 when a message to this chat may pass (and counts it), else the seconds to wait."""
        now = self._clock.now()
        buckets = (self._bot, self._bucket_of(chat_id, now))
        for bucket in buckets:
            bucket.refill(now)
        wait = max(bucket.wait_seconds() for bucket in buckets)
        if wait == 0:
            for bucket in buckets:
                bucket.tokens -= 1
        return wait

    def _bucket_of(self, chat_id: Id, now: int) -> Bucket:
        if chat_id not in self._chats:
            limits = self._limits
            if chat_id < 0:
                bucket = Bucket(limits.group_per_minute, limits.group_per_minute / 60, limits.group_per_minute, now)
            else:
                bucket = Bucket(limits.chat_burst, limits.chat_per_second, limits.chat_burst, now)
            self._chats[chat_id] = bucket
        return self._chats[chat_id]
