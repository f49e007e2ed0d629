"""Since when this process has known of each doubtful application, by a clock that nobody can set.

The grace is counted from here, never from a time in the ledger: another life's wall clock wrote that, or another
machine's. Where that one is an hour behind ours, or ours was set right a moment ago, the grace would look over while
the request may still be carried out, and the application would be sent again. A new life waits the whole grace itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store.durable.effects import EffectRow
    from store.ids import UserId

_Doubt = tuple[str, int, str]
"""Key, attempt and state: from "on its way" to "nobody knows" it is counted anew."""


class Doubts:
    """One for all hunts of a process."""

    def __init__(self) -> None:
        self._seen: dict[UserId, dict[_Doubt, float]] = {}

    def known_for(self, effect: EffectRow) -> float:
        """Seconds since it was first asked about here; 0 the first time."""
        now = trio.current_time()
        return now - self._seen.setdefault(effect.owner, {}).setdefault(_name(effect), now)

    def keep_only(self, user_id: UserId, effects: Iterable[EffectRow]) -> None:
        """What is not open any more is forgotten."""
        seen = self._seen.get(user_id)
        if seen is None:
            return
        still = {name: seen[name] for name in map(_name, effects) if name in seen}
        if still:
            self._seen[user_id] = still
        else:
            del self._seen[user_id]


def _name(effect: EffectRow) -> _Doubt:
    return effect.key, effect.attempt, effect.state
