"""BeatWatch: which members have not beaten for the whole of their lease, by this process's own clock.

No clock of theirs is compared with ours: what counts is how long we watched an unchanged count. What we did not watch
does not count: after a store that was away everybody's count is old, and the first to come back would bury all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store.durable.members import MemberRow


class BeatWatch:
    """What was seen of each member, and since when."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def find_silent(self, members: Iterable[MemberRow], *, asked_at: float, answered_at: float) -> list[MemberRow]:
        """Those whose count did not change for their lease. The times are Trio's, around the reading of these rows.

        A count first seen in an answer was on disk by then; one still the same in a later answer had not been followed
        by another when that was asked for.
        """
        seen, silent = self._seen, []
        self._seen = {}
        for member in members:
            beat, since = seen.get(member.boot_id, (None, answered_at))
            if beat != member.beat:
                since = answered_at
            elif asked_at - since >= member.lease_ms / 1000:
                silent.append(member)
            self._seen[member.boot_id] = (member.beat, since)
        return silent

    def forget(self) -> None:
        """Nothing could be seen for a while: everybody is watched anew."""
        self._seen.clear()
