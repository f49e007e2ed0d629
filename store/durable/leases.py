"""Who may do what, until when, and the epoch that fences off a former owner.

A lease is taken with a higher epoch each time. Whoever writes for it joins `fence`: once somebody else has taken it,
that write is refused as a whole with `LeaseLost`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.errors import Conflict, LeaseLost
from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.write import Write

_ACQUIRE = """
    INSERT INTO leases (name, owner, epoch, expires_at) VALUES ($1, $2, 1, $3)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1, expires_at = excluded.expires_at
    WHERE leases.expires_at <= $4
"""
_TAKE_OVER = """
    INSERT INTO leases (name, owner, epoch, expires_at) VALUES ($1, $2, 1, $3)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1, expires_at = excluded.expires_at
"""
_SEED = "INSERT INTO leases (name, owner, epoch, expires_at) VALUES ($1, '', 0, 0) ON CONFLICT (name) DO NOTHING"
_CLAIM = """
    UPDATE leases SET owner = $2, epoch = epoch + 1, expires_at = $4
    WHERE name = $1 AND epoch = $3
        AND (expires_at = 0 OR NOT EXISTS (SELECT 1 FROM members WHERE members.boot_id = leases.owner))
"""
_RELEASE = "UPDATE leases SET expires_at = 0 WHERE name = $1 AND owner = $2 AND epoch = $3"
_FENCE = "SELECT 1 FROM leases WHERE name = $1 AND owner = $2 AND epoch = $3 FOR SHARE"
_SELECT = "SELECT name, owner, epoch, expires_at FROM leases WHERE name = $1"
_SELECT_ALL = "SELECT name, owner, epoch, expires_at FROM leases ORDER BY name"
_SELECT_OWNED = "SELECT name, owner, epoch, expires_at FROM leases WHERE owner = $1 ORDER BY name"

NEVER = 2**62
"""Such a lease does not run out by itself: it ends with its process, which the kernel's lock or its beat tells."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One lease. `expires_at` 0: given back."""

    name: str
    owner: str
    epoch: int
    expires_at: int


class Leases:
    """Leases by name; an owner is a boot id."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def acquire(self, name: str, owner: str, *, now: int, expires_at: int) -> Write:
        """Takes a lease that is free or has run out; `Conflict` otherwise."""
        return statement(
            _ACQUIRE, name, owner, expires_at, now, expects=1, otherwise=Conflict, unless=f"lease {name} is held"
        )

    def take_over(self, name: str, owner: str, *, expires_at: int) -> Write:
        """Takes a lease whose former owner is known to be dead."""
        return statement(_TAKE_OVER, name, owner, expires_at, expects=1)

    def seed(self, name: str) -> Write:
        """The row of a lease that nobody ever held; nothing happens if it is there."""
        return statement(_SEED, name)

    def claim(self, name: str, owner: str, *, epoch: int) -> Write:
        """Takes a lease that was given back, or whose owner is no member any more, as it was seen at this epoch.

        Nothing happens when somebody else was first: read who owns it. It ends with the membership of its owner.
        """
        return statement(_CLAIM, name, owner, epoch, NEVER)

    def release(self, name: str, owner: str, epoch: int) -> Write:
        """Gives a lease back; nothing happens if it is lost already. The epoch stays."""
        return statement(_RELEASE, name, owner, epoch)

    def fence(self, name: str, owner: str, epoch: int) -> Write:
        """Joined to a write: it happens only while the lease is still held."""
        return statement(_FENCE, name, owner, epoch, expects=1, otherwise=LeaseLost)

    async def get(self, name: str) -> LeaseRow | None:
        """One lease."""
        row = await self._reader.fetch_one(_SELECT, name)
        return None if row is None else LeaseRow(*row)

    async def all(self) -> list[LeaseRow]:
        """All leases by name."""
        return [LeaseRow(*row) for row in await self._reader.fetch_all(_SELECT_ALL)]

    async def owned_by(self, owner: str) -> list[LeaseRow]:
        """All leases last taken by this owner."""
        return [LeaseRow(*row) for row in await self._reader.fetch_all(_SELECT_OWNED, owner)]
