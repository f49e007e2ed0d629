"""Circuit: a model that keeps failing is left alone for a while, then asked once before everybody asks again."""

from __future__ import annotations

import trio

FAILURES = 5
REST_SECONDS = 30.0
MAX_REST_SECONDS = 3_600.0
_MOST_RESTS = 10


class Circuit:
    """Closed: asks pass. Open: none do. Half open after the rest: one passes, and its outcome decides."""

    def __init__(self, failures: int = FAILURES, rest_seconds: float = REST_SECONDS) -> None:
        self._allowed_failures = failures
        self._first_rest_seconds = rest_seconds
        self._failures = 0
        self._rests = 0
        self._open_until: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether asks are turned away or only a probe passes."""
        return self._open_until is not None

    def enter(self) -> bool:
        """Whether this ask may pass; each that does ends with `leave`, after `succeed` or `fail` if it got there."""
        if self._open_until is None:
            return True
        if self._is_probing or trio.current_time() < self._open_until:
            return False
        self._is_probing = True
        return True

    def succeed(self) -> None:
        """It answered."""
        self._failures = self._rests = 0
        self._open_until = None
        self._is_probing = False

    def fail(self, *, rest_seconds: float | None = None) -> None:
        """It did not. `rest_seconds`: the server itself said how long, or nobody needs to try before."""
        self._failures += 1
        if rest_seconds is not None:
            self._open(rest_seconds)
        elif self.is_open or self._failures >= self._allowed_failures:
            self._open(self._first_rest_seconds * 2**self._rests)
            self._rests = min(self._rests + 1, _MOST_RESTS)
        self._is_probing = False

    def leave(self) -> None:
        """The ask is over, also when its caller gave it up: that says nothing about the model."""
        self._is_probing = False

    def _open(self, seconds: float) -> None:
        self._open_until = trio.current_time() + min(seconds, MAX_REST_SECONDS)
