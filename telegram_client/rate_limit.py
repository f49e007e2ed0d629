"""Buckets per bot, per chat and per group; obeys `retry_after`.

Used by `daemon/outbox/sender.py` before each send. A bucket is one number: the time at which it will be full again
(the "virtual scheduling" form of a leaky bucket), so that asking costs a comparison and an idle chat costs nothing.

Telegram publishes no exact limits; enforced are about 30 messages a second per bot, 1 a second per chat with short
bursts, 20 a minute per group. The answer to a 429 names only seconds, not whose limit it was: it holds up its chat,
and when a second chat is refused while the first one still is, the whole bot.
"""

from __future__ import annotations

from dataclasses import dataclass

_FORGET_ABOVE_CHATS = 4096


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one each `interval_seconds`."""

    interval_seconds: float
    burst: int

    @property
    def slack_seconds(self) -> float:
        """How far ahead of its pace a bucket may be."""
        return self.interval_seconds * (self.burst - 1)


CHAT_RATE = Rate(1.0, 20)
GROUP_RATE = Rate(4.0, 5)
"""At most 20 in any minute, the burst included."""


class RateLimiter:
    """When the next message of a chat may go. Times are any clock's seconds; nothing here waits."""

    def __init__(
        self, messages_per_second: float = 30.0, *, chat_rate: Rate = CHAT_RATE, group_rate: Rate = GROUP_RATE
    ) -> None:
        self._messages_per_second = messages_per_second
        self._senders = 1
        self._bot_rate = _bot_rate(messages_per_second)
        self._bot_slack = self._bot_rate.slack_seconds
        self._chat_rate = chat_rate
        self._group_rate = group_rate
        self._bot_full_at = float("-inf")
        self._full_at: dict[int, float] = {}
        self._forget_above = _FORGET_ABOVE_CHATS
        self._bot_blocked_until = float("-inf")
        self._blocked_until: dict[int, float] = {}

    def reserve(self, chat_id: int, now: float) -> float:
        """Seconds to wait before the next message of this chat may go; its place is taken already."""
        rate = self._chat_rate if chat_id > 0 else self._group_rate
        full_at = self._full_at.get(chat_id, now)
        if len(self._full_at) > self._forget_above:
            self._forget(now)
        chat_full_at = (max(now, full_at)) + rate.interval_seconds
        self._full_at[chat_id] = chat_full_at
        chat_wait = chat_full_at - rate.interval_seconds - rate.slack_seconds - now
        return max(0.0, chat_wait, self._reserve_bot(now), self._blocked_for(chat_id, now))

    def reserve_bot(self, now: float) -> float:
        """The same for what no chat is charged for: an answer to a press."""
        return max(0.0, self._reserve_bot(now), self._bot_blocked_until - now)

    def share_among(self, senders: int, now: float) -> bool:
        """So many processes send for this bot from now on, each at an even part of its rate; whether that is news.

        If it is, the places handed out ahead are void, as they were spread at the former rate: ask for them again. The
        bucket stays as full as it was, so that a change is no occasion for another burst.
        """
        if senders == self._senders:
            return False
        before = self._bot_rate
        drained = (self._bot_full_at - now) / (before.interval_seconds * before.burst)
        self._senders = senders
        self._bot_rate = rate = _bot_rate(self._messages_per_second / senders)
        self._bot_slack = rate.slack_seconds
        self._bot_full_at = now + min(max(drained, 0.0), 1.0) * rate.interval_seconds * rate.burst
        return True

    def note_retry_after(self, chat_id: int, seconds: float, now: float) -> float:
        """A 429 came: seconds this chat has to wait."""
        until = now + seconds
        others = [other for other, blocked in self._blocked_until.items() if blocked > now and other != chat_id]
        if others:
            self._bot_blocked_until = max(self._bot_blocked_until, until)
        self._blocked_until = {other: self._blocked_until[other] for other in others}
        self._blocked_until[chat_id] = until
        return seconds

    def _reserve_bot(self, now: float) -> float:
        full_at = self._bot_full_at
        self._bot_full_at = (max(now, full_at)) + self._bot_rate.interval_seconds
        return self._bot_full_at - self._bot_rate.interval_seconds - self._bot_slack - now

    def _blocked_for(self, chat_id: int, now: float) -> float:
        if not self._blocked_until:
            return self._bot_blocked_until - now
        return max(self._bot_blocked_until, self._blocked_until.get(chat_id, now)) - now

    def _forget(self, now: float) -> None:
        """Full buckets are like new ones. Looked for again only after as many chats more, so that it stays cheap."""
        self._full_at = {chat_id: full_at for chat_id, full_at in self._full_at.items() if full_at > now}
        self._forget_above = 2 * len(self._full_at) + _FORGET_ABOVE_CHATS


def _bot_rate(messages_per_second: float) -> Rate:
    return Rate(1.0 / messages_per_second, max(1, round(messages_per_second)))
