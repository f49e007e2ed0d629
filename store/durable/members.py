"""Members: the processes that share a store, each with a beat that the others watch.

No clock of one machine is compared with another's: a member counts, and whoever has watched an unchanged count for the
member's whole lease buries it. The burial names the count that was seen, so a beat in the same moment wins; a name that
was buried never comes back, so what it owned is free from then on, whatever a reader's snapshot says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.errors import Conflict, LeaseLost
from store.write import statement, wake

if TYPE_CHECKING:
    from store.database import Reader
    from store.write import Write

TOPIC = "ownership"
"""Woken when a member joins, leaves or is buried, and when a lease is given back."""

_JOIN = "INSERT INTO members (boot_id, beat, lease_ms, joined_at, beat_at) VALUES ($1, 1, $2, $3, $3)"
_BEAT = "UPDATE members SET beat = beat + 1, beat_at = $2 WHERE boot_id = $1"
_BURY = "DELETE FROM members WHERE boot_id = $1 AND beat = $2"
_LEAVE = "DELETE FROM members WHERE boot_id = $1"
_SELECT_ALL = "SELECT boot_id, beat, lease_ms, joined_at, beat_at FROM members ORDER BY boot_id"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One process. `joined_at` and `beat_at` are its own wall clock's, for people; nothing is decided by them."""

    boot_id: str
    beat: int
    lease_ms: int
    joined_at: int
    beat_at: int


class Members:
    """Members by boot id."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def join(self, boot_id: str, *, lease_ms: int, now: int) -> Write:
        """A new member. `Conflict` for a name that is there."""
        return statement(_JOIN, boot_id, lease_ms, now, expects=1) + wake(TOPIC)

    def beat(self, boot_id: str, *, now: int) -> Write:
        """Keeps everything this member holds for another lease. `LeaseLost` when it was buried."""
        return statement(_BEAT, boot_id, now, expects=1, otherwise=LeaseLost)

    def bury(self, boot_id: str, beat: int) -> Write:
        """Ends a member that was seen at this beat for its whole lease. `Conflict` when it has beaten since."""
        return statement(_BURY, boot_id, beat, expects=1, otherwise=Conflict) + wake(TOPIC)

    def leave(self, boot_id: str) -> Write:
        """The member's own end; nothing happens if it was buried."""
        return statement(_LEAVE, boot_id) + wake(TOPIC)

    async def all(self) -> list[MemberRow]:
        """Everybody, by boot id."""
        return [MemberRow(*row) for row in await self._reader.fetch_all(_SELECT_ALL)]
