"""The queue behind getUpdates: one consumer, long polling, confirmed by asking for a higher offset.

True semantics (facts/telegram.md): updates are handed out again until confirmed, live 24 hours, ids ascend; a second
poll ends the first with 409; with a webhook set every poll is refused, and `telegram_webhook.py` brings them instead.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from daemon.clock import DAY
from daemon.sandbox.telegram_errors import POLL_TERMINATED, TERMINATED_BY_WEBHOOK, WEBHOOK_ACTIVE, conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.clock import Clock
    from daemon.sandbox.world_log import WorldLog

NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
MAX_POLL_SECONDS = 50


@dataclass(slots=True, eq=False)
class Waiting:
    """An update that nobody has confirmed."""

    update_id: int
    body: dict[str, Any]
    created_at: int
    chat: object
    """Whose lane it belongs to when it is brought."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where updates are brought."""

    url: str
    secret: str = ""
    max_connections: int = 40


@dataclass(slots=True, eq=False)
class _Poll:
    woken: trio.Event = field(default_factory=trio.Event)
    ended_by: str | None = None


class UpdateQueue:
    """Updates that wait to be fetched and confirmed."""

    def __init__(self, clock: Clock, log: WorldLog, first_id: int) -> None:
        self._clock = clock
        self._log = log
        self._next_id = first_id
        self._waiting: deque[Waiting] = deque()
        self._poll: _Poll | None = None
        self._allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self.stirred = trio.Event()
        """Set and replaced when there may be something to bring."""
        self.last_failure: tuple[int, str] | None = None
        """When and why something could not be brought."""
        self.polls = 0
        """How often somebody asked: tells a crash test that the daemon is up again."""

    def put(self, kind: str, content: dict[str, Any], **facts: str | int | None) -> int | None:
        """A new update; its id, or None when the bot did not ask for this kind."""
        if not self._is_wanted(kind):
            return None
        update_id = self._next_id
        self._next_id += 1
        body = {"update_id": update_id, kind: content}
        self._waiting.append(Waiting(update_id, body, self._clock.now(), facts.get("chat")))
        self._log.note("update", update=update_id, what=kind, **facts)
        if self._poll:
            self._poll.woken.set()
        self.stir()
        return update_id

    @property
    def pending(self) -> int:
        """How many wait to be confirmed."""
        self._forget_old()
        return len(self._waiting)

    async def fetch(
        self, offset: int, limit: int, timeout_seconds: float, allowed: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """One getUpdates call."""
        self.polls += 1
        if self.webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        self._end_poll(POLL_TERMINATED)
        if allowed is not None:
            self._allowed = frozenset(allowed) or None
        self._confirm_below(offset)
        poll = self._poll = _Poll()
        try:
            with trio.move_on_after(min(max(timeout_seconds, 0), MAX_POLL_SECONDS)):
                await self._wait(poll)
        finally:
            if self._poll is poll:
                self._poll = None
        if poll.ended_by:
            self._log.note("poll_terminated")
            raise conflict(poll.ended_by)
        return self._batch(limit)

    def set_webhook(self, url: str, secret: str = "", max_connections: int = 40) -> None:
        """Sets or (empty) removes the webhook."""
        if url:
            self._end_poll(TERMINATED_BY_WEBHOOK)
        self.webhook = Webhook(url, secret, max_connections) if url else None
        self.last_failure = None
        self.stir()

    def stir(self) -> None:
        """Wakes whoever brings updates."""
        stirred, self.stirred = self.stirred, trio.Event()
        stirred.set()

    def waiting(self) -> list[Waiting]:
        """Everything unconfirmed, the oldest first."""
        self._forget_old()
        return list(self._waiting)

    def confirm(self, waiting: Waiting) -> None:
        """It was brought and taken."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            self._log.note("update_confirmed", update=waiting.update_id)

    def note_failure(self, text: str) -> None:
        """Something could not be brought."""
        self.last_failure = (self._clock.now(), text)
        self._log.note("webhook_failed", text=text)

    def drop_pending(self) -> None:
        """Forgets everything unconfirmed."""
        self._waiting.clear()

    async def _wait(self, poll: _Poll) -> None:
        while not self._waiting and not poll.ended_by:
            await poll.woken.wait()
            poll.woken = trio.Event()

    def _batch(self, limit: int) -> list[dict[str, Any]]:
        self._forget_old()
        size = limit if 1 <= limit <= 100 else 100
        return [waiting.body for waiting in list(self._waiting)[:size]]

    def _is_wanted(self, kind: str) -> bool:
        return kind not in NOT_BY_DEFAULT if self._allowed is None else kind in self._allowed

    def _end_poll(self, reason: str) -> None:
        if self._poll:
            self._poll.ended_by = reason
            self._poll.woken.set()
            self._poll = None

    def _confirm_below(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._confirm_first()
        while self._waiting and self._waiting[0].update_id < offset:
            self._confirm_first()

    def _confirm_first(self) -> None:
        self._log.note("update_confirmed", update=self._waiting.popleft().update_id)

    def _forget_old(self) -> None:
        while self._waiting and self._clock.now() - self._waiting[0].created_at > DAY:
            self._log.note("update_expired", update=self._waiting.popleft().update_id)
