"""Ownership: which people this process acts for, and which of the daemon's single roles it has. 256 shards by user id,
each a lease with an epoch; a role (who polls, who fires timers) is one more lease.

On an embedded store the kernel's lock on the file proves that the former owner is dead, so everything is taken at the
start and kept. On a shared store `daemon/ownership/keeper.py` takes and gives up shards, and this object only says
what is held at the moment. What is written for a person joins `fence(user_id)`: a process that lost the shard is
refused with `LeaseLost`. The database judges writes. What happens outside it can't judge, so before that the caller
asks `trusts_for` or `wait_trust`.
"""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from store.durable.leases import NEVER
from store.durable.trust import Trust
from store.errors import LeaseLost, StoreError
from store.write import NOTHING, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping

    from store.durable.leases import Leases
    from store.ids import UserId
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

SHARDS = 256
ROLES = ("poller", "schedule", "upkeep")
"""What is done by one process for everybody."""
_RELEASE_SECONDS = 2.0


class Ownership:
    """What one process holds. Without `trust` it is alone on its store, and holds what it holds until its end."""

    def __init__(
        self,
        leases: Leases,
        boot_id: str,
        epochs: Mapping[int, int],
        roles: Mapping[str, int] | None = None,
        *,
        trust: Trust | None = None,
    ) -> None:
        self.boot_id = boot_id
        self.trust = trust
        self._leases = leases
        self._epochs = dict(epochs)
        self._roles = dict(roles or {})
        self._leaving: frozenset[int] = frozenset()
        self._members = 1
        self._changed = trio.Event()
        self.on_doubt: Callable[[], object] = lambda: None

    @property
    def is_shared(self) -> bool:
        """Other processes may own what this one does not."""
        return self.trust is not None

    @property
    def members(self) -> int:
        """How many processes live on this store, this one included, as was last seen: what all may do is divided so."""
        return self._members

    @property
    def shards(self) -> frozenset[int]:
        """All that are held, those being given up included."""
        return frozenset(self._epochs)

    def is_held(self, shards: Mapping[int, int], roles: Mapping[str, int]) -> bool:
        """Whether this is what is held, epoch by epoch."""
        return shards == self._epochs and roles == self._roles

    @property
    def leaving(self) -> frozenset[int]:
        """Shards that are being given up: what runs may end, nothing begins."""
        return self._leaving

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are held."""
        return frozenset(self._roles)

    def shard_of(self, user_id: UserId | int) -> int:
        """The shard of a person, or of a chat: a private one has its person's number."""
        return user_id % SHARDS

    def owns(self, user_id: UserId | int) -> bool:
        """Whether this process begins anything for this person now."""
        shard = user_id % SHARDS
        if self.trust is None:
            return shard in self._epochs
        return shard in self._epochs and shard not in self._leaving and self.trust.seconds_left() > 0

    def holds(self, role: str) -> bool:
        """Whether this process acts in this role now."""
        return self.trust is None or (role in self._roles and self.trust.seconds_left() > 0)

    def epoch_of(self, user_id: UserId | int) -> int:
        """The epoch of this person's shard. Raises `LeaseLost`."""
        epoch = self._epochs.get(user_id % SHARDS)
        if epoch is None:
            raise LeaseLost
        return epoch

    def role_epoch(self, role: str) -> int:
        """The epoch of a role's lease. Raises `LeaseLost`."""
        if role not in self._roles:
            raise LeaseLost
        return self._roles[role]

    def fence(self, user_id: UserId | int) -> Write:
        """Joined to a write for this person: refused with `LeaseLost` once another process has taken over."""
        return self._leases.fence(shard_name(user_id % SHARDS), self.boot_id, self.epoch_of(user_id))

    def guard(self, user_id: UserId | int) -> Write:
        """`fence` where the store is shared, nothing where the kernel's lock says it all: for the paths that are hot.

        0 is the application's own account, which is nobody's.
        """
        return NOTHING if self.trust is None or not user_id else self.fence(user_id)

    def guard_role(self, role: str) -> Write:
        """The same for a role."""
        if self.trust is None:
            return NOTHING
        return self._leases.fence(role_name(role), self.boot_id, self.role_epoch(role))

    def claim_for(self, name: str, seconds: float, *, now: int) -> Write:
        """Something of nobody's that one process does at a time, such as a call in the application's own name.

        `Conflict` while somebody has it; it is free again after `seconds`. By the wall clock: nothing that must never
        happen twice may hang on it.
        """
        if self.trust is None:
            return NOTHING
        return self._leases.acquire(name, self.boot_id, now=now, expires_at=now + round(seconds * 1000))

    def trusts_for(self, user_id: UserId | int, seconds: float) -> bool:
        """Whether something outside that may take so long, begun now, ends before anybody else may act."""
        return self.owns(user_id) and (self.trust is None or self.trust.seconds_left() >= seconds)

    async def wait_trust(self, user_id: UserId | int, seconds: float) -> float:
        """How long something outside may take now, at least `seconds`; waits for the next beat where less is left.

        Raises `LeaseLost` when there is no such beat in time.
        """
        while not self.trusts_for(user_id, seconds):
            if self.trust is None or not self.owns(user_id):
                raise LeaseLost
            with trio.move_on_after(self.trust.seconds_left()):
                await self._changed.wait()
        return math.inf if self.trust is None else self.trust.seconds_left()

    async def wait_changed(self) -> None:
        """Until a beat is on disk, trust is over, or something is held that was not, or the other way round."""
        await self._changed.wait()

    def doubt(self) -> None:
        """A write was refused although this process believed that it owns: whoever keeps the leases looks at once."""
        self.on_doubt()

    # For whoever keeps the leases

    def note(self) -> None:
        """Wakes those who wait for a change."""
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def note_members(self, count: int) -> None:
        """So many live."""
        self._members = count

    def hold(self, shards: Mapping[int, int], roles: Mapping[str, int]) -> None:
        """This is held from now on, with these epochs, and nothing else."""
        self._epochs, self._roles = dict(shards), dict(roles)
        self._leaving &= self.shards
        self.note()

    def leave(self, shards: Collection[int]) -> None:
        """These are being given up: `owns` says no, fences hold until `hold` says otherwise."""
        self._leaving |= frozenset(shards) & self.shards
        self.note()

    def stay(self, shards: Collection[int]) -> None:
        """These are not given up after all."""
        self._leaving -= frozenset(shards)
        self.note()

    def release(self, shards: Collection[int] | None = None) -> Write:
        """Gives these shards back, or (None) everything; epochs stay."""
        names = {shard_name(shard): epoch for shard, epoch in self._epochs.items() if shards is None or shard in shards}
        if shards is None:
            names |= {role_name(role): epoch for role, epoch in self._roles.items()}
        return join(self._leases.release(name, self.boot_id, epoch) for name, epoch in sorted(names.items()))


class Alone:
    """Acts for everybody, for ever, and guards nothing: where nobody shares the store."""

    is_shared = False
    members = 1

    def shard_of(self, user_id: UserId | int) -> int:
        """See `Ownership`."""
        return user_id % SHARDS

    def owns(self, user_id: UserId | int) -> bool:  # noqa: ARG002 - the same for everybody
        """See `Ownership`."""
        return True

    def guard(self, user_id: UserId | int) -> Write:  # noqa: ARG002 - the same for everybody
        """See `Ownership`."""
        return NOTHING

    def claim_for(self, name: str, seconds: float, *, now: int) -> Write:  # noqa: ARG002 - nobody else is there
        """See `Ownership`."""
        return NOTHING

    async def wait_trust(self, user_id: UserId | int, seconds: float) -> float:  # noqa: ARG002 - the same for everybody
        """See `Ownership`."""
        await trio.lowlevel.checkpoint()
        return math.inf

    def doubt(self) -> None:
        """See `Ownership`."""


def shard_name(shard: int) -> str:
    """Its lease."""
    return f"shard:{shard:03}"


def role_name(role: str) -> str:
    """Its lease."""
    return f"role:{role}"


@asynccontextmanager
async def open_ownership(
    store: Store, *, boot_id: str, now: int, lease_seconds: float, clocks: tuple[Callable[[], float], ...]
) -> AsyncIterator[Ownership]:
    """What this process holds: everything of an embedded store; of a shared one nothing before somebody keeps leases.

    `clocks`: see `Trust`. Everything is given back at the end.
    """
    if not store.is_shared:
        async with own_shards(store, boot_id=boot_id, now=now) as ownership:
            yield ownership
        return
    ownership = Ownership(store.leases, boot_id, {}, trust=Trust(lease_seconds, clocks))
    try:
        yield ownership
    finally:
        # By the name it has now: one that was buried has joined anew under another.
        await _give_back(store, lambda: ownership.release() + store.members.leave(ownership.boot_id))


@asynccontextmanager
async def own_shards(store: Store, *, boot_id: str, now: int) -> AsyncIterator[Ownership]:
    """All shards of an embedded store, from now on, for this process; given back at the end."""
    del now  # an embedded store's leases do not run out
    await store.write(
        join(store.leases.take_over(shard_name(shard), boot_id, expires_at=NEVER) for shard in range(SHARDS))
    )
    names = {shard_name(shard): shard for shard in range(SHARDS)}
    owned = await store.leases.owned_by(boot_id)
    ownership = Ownership(store.leases, boot_id, {names[row.name]: row.epoch for row in owned if row.name in names})
    try:
        yield ownership
    finally:
        await _give_back(store, ownership.release)


async def _give_back(store: Store, make_write: Callable[[], Write]) -> None:
    with trio.move_on_after(_RELEASE_SECONDS, shield=True):
        try:
            await store.write(make_write())
        except StoreError as error:
            log.warning("shards_not_released", error=type(error).__name__)
