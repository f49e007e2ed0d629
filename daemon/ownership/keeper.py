"""LeaseKeeper: keeps this process a member of a shared store, and its shards an even share.

Three loops. One beats, so that what is held stays held. One looks at members and leases, at least once a second and as
soon as somebody announces a change: buries the silent, gives up what is beyond the share, claims what is free. One
watches that trust has not run out. Whoever acts for people follows: `Follower`.

What shaped it: a process that was frozen past its lease wakes up believing that nothing has happened. So a beat only
counts from the moment it was sent, a burial names the beat that was seen, and who was buried joins under another name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog
import trio

from daemon.ownership.beats import BeatWatch
from daemon.ownership.sharing import pick_to_claim, pick_to_give_up, share_of
from store.durable.members import TOPIC
from store.durable.ownership import ROLES, SHARDS, role_name, shard_name
from store.errors import Conflict, LeaseLost, StoreError
from store.write import join, wake

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from daemon.clock import Clock
    from store.durable.leases import LeaseRow
    from store.durable.ownership import Ownership
    from store.durable.trust import Moment
    from store.store import Store

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
BEATS_A_LEASE = 3
"""Two may be lost, and the third still comes in time."""
HANDED_OVER_AT_ONCE = 32
"""Shards whose people stop together: a newcomer stops nobody's hunt for longer than these take."""
QUIET_SECONDS = 5.0
"""So long may what runs for a shard take to end. Then its writes are refused, and its effects are asked about."""
_TROUBLE_SECONDS = 0.5


class Follower(Protocol):
    """Whoever runs something for people: the roster, the dialogs, the lanes."""

    async def let_go(self, shards: frozenset[int]) -> None:
        """Ends what runs for these; returns when it is quiet. They are not owned any more, so nothing new begins."""

    def take_up(self, shards: frozenset[int]) -> None:
        """These are owned from now on: begin."""


class LeaseKeeper:
    """Moves what an `Ownership` of a shared store holds."""

    def __init__(
        self,
        store: Store,
        ownership: Ownership,
        clock: Clock,
        followers: Sequence[Follower],
        *,
        make_boot_id: Callable[[], str],
        is_draining: Callable[[], bool] = lambda: False,
    ) -> None:
        if ownership.trust is None:
            raise ValueError("nobody shares this store")
        self._store = store
        self._ownership = ownership
        self._trust = ownership.trust
        self._clock = clock
        self._followers = tuple(followers)
        self._make_boot_id = make_boot_id
        self._is_draining = is_draining
        self._watch = BeatWatch()
        self._nap: trio.CancelScope | None = None
        ownership.on_doubt = self._look_at_once
        self._is_member = False
        self._is_lapsed = False
        self._handing_over: frozenset[int] = frozenset()
        self._moving = trio.Lock()
        """Held from reading the leases to acting on them, and while some are given back."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Until cancelled; started once this process is a member. What is held then stays until it is given back."""
        async with self._store.listen(TOPIC) as wakeups, trio.open_nursery() as nursery:
            self._nursery = nursery
            self._handing_over = frozenset()
            if not self._is_member:
                await self._join()
            nursery.start_soon(self._beat, name="ownership: beat")
            nursery.start_soon(self._watch_trust, name="ownership: trust")
            await self._look_patiently()
            task_status.started()
            while True:
                with trio.CancelScope() as self._nap:
                    await wakeups.wait(LOOK_SECONDS)
                self._nap = None
                await self._look_patiently()

    def _look_at_once(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    # Membership

    async def _join(self) -> None:
        """A new member with nothing; waits for a store that is away."""
        own = self._ownership
        seeds = join(
            self._store.leases.seed(name) for name in (*map(shard_name, range(SHARDS)), *map(role_name, ROLES))
        )
        lease_ms = round(self._trust.lease_seconds * 1000)
        while True:
            sent = self._trust.now()
            try:
                join_us = self._store.members.join(own.boot_id, lease_ms=lease_ms, now=self._clock.now())
                await self._store.write(seeds + join_us)
            except Conflict:
                # The answer to an earlier try was lost on the way: the first beat will be counted.
                break
            except StoreError as error:
                log.warning("joining_waits_for_store", error=type(error).__name__)
                await trio.sleep(_TROUBLE_SECONDS)
            else:
                self._trust.renew(sent)
                break
        self._is_member = True
        log.info("ownership_joined", boot_id=own.boot_id)

    async def _beat(self) -> None:
        is_told = False
        while True:
            sent = self._trust.now()
            try:
                await self._store.write(self._store.members.beat(self._ownership.boot_id, now=self._clock.now()))
            except LeaseLost:
                await self._start_anew()
            except StoreError as error:
                self._watch.forget()
                if not is_told:
                    log.warning("beat_waits_for_store", error=type(error).__name__)
                is_told = True
                await trio.sleep(_TROUBLE_SECONDS)
            else:
                is_told = False
                self._note_beat(sent)
                await trio.sleep(self._trust.lease_seconds / BEATS_A_LEASE)

    def _note_beat(self, sent: Moment) -> None:
        self._trust.renew(sent)
        self._ownership.note()
        if self._is_lapsed and self._trust.seconds_left() > 0:
            self._is_lapsed = False
            log.info("ownership_goes_on", shards=len(self._ownership.shards))
            self._take_up(self._ownership.shards)

    async def _start_anew(self) -> None:
        """Others took us for dead and have, or will have, what was ours. The old name is never used again."""
        own, lost = self._ownership, self._ownership.shards
        log.warning("ownership_lost", boot_id=own.boot_id, shards=len(lost))
        self._trust.end()
        own.hold({}, {})
        own.boot_id = self._make_boot_id()
        self._nursery.start_soon(self._let_go, lost, name="ownership: let go")
        await self._join()
        self._is_lapsed = False

    async def _watch_trust(self) -> None:
        """What runs must be stopped when trust ends, not when somebody next asks."""
        own = self._ownership
        while True:
            left = self._trust.seconds_left()
            if left > 0:
                # Not longer: the clock that counts a suspension runs ahead of the one that is slept by.
                await trio.sleep(min(left, LOOK_SECONDS))
                continue
            if not self._is_lapsed and (own.shards or own.roles):
                self._is_lapsed = True
                log.warning("ownership_lapsed", shards=len(own.shards))
                self._nursery.start_soon(self._let_go, own.shards, name="ownership: let go")
                own.note()
            await own.wait_changed()

    # Shards

    async def _look_patiently(self) -> None:
        try:
            async with self._moving:
                await self._look()
        except StoreError as error:
            self._watch.forget()
            log.info("look_waits_for_store", error=type(error).__name__)

    async def _look(self) -> None:
        asked_at = trio.current_time()
        members = await self._store.members.all()
        leases = await self._store.leases.all()
        others = [member for member in members if member.boot_id != self._ownership.boot_id]
        silent = self._watch.find_silent(others, asked_at=asked_at, answered_at=trio.current_time())
        living = {member.boot_id for member in members}
        for member in silent:
            try:
                await self._store.write(self._store.members.bury(member.boot_id, member.beat))
            except Conflict:
                continue
            log.warning("member_buried", boot_id=member.boot_id, beat=member.beat)
            living.discard(member.boot_id)
        self._ownership.note_members(len(living | {self._ownership.boot_id}))
        self._follow(leases)
        if self._ownership.boot_id in living and not self._is_draining() and self._trust.seconds_left() > 0:
            await self._share_out(leases, living)

    async def _share_out(self, leases: Sequence[LeaseRow], living: Collection[str]) -> None:
        own = self._ownership
        share = share_of(own.boot_id, living)
        excess = pick_to_give_up(own.shards - own.leaving, share)
        if excess and not self._handing_over:
            self._handing_over = frozenset(excess)
            self._nursery.start_soon(self._hand_over, excess, name="ownership: hand over")
        free = {row.name: row.epoch for row in leases if row.expires_at == 0 or row.owner not in living}
        shards = [shard for shard in range(SHARDS) if shard_name(shard) in free]
        names = [role_name(role) for role in ROLES if role_name(role) in free]
        names += map(shard_name, pick_to_claim(shards, share - len(own.shards), own.boot_id))
        if names:
            claims = join(self._store.leases.claim(name, own.boot_id, epoch=free[name]) for name in names)
            await self._store.write(claims + wake(TOPIC))
            self._follow(await self._store.leases.all())

    def _follow(self, leases: Sequence[LeaseRow]) -> None:
        """What the store says is held, is held; followers are told of what changed."""
        own = self._ownership
        mine = {row.name: row.epoch for row in leases if row.owner == own.boot_id and row.expires_at != 0}
        shards = {shard: mine[shard_name(shard)] for shard in range(SHARDS) if shard_name(shard) in mine}
        roles = {role: mine[role_name(role)] for role in ROLES if role_name(role) in mine}
        gained, lost = frozenset(shards) - own.shards, own.shards - frozenset(shards)
        # Epochs too: what went away and came back between two looks is ours under another one.
        if not own.is_held(shards, roles):
            own.hold(shards, roles)
            log.info("shards_moved", gained=len(gained), lost=len(lost), held=len(shards), roles=sorted(roles))
        kept = own.leaving - self._handing_over
        if kept:
            # Giving them back failed, and they are still ours.
            own.stay(kept)
        if lost:
            self._nursery.start_soon(self._let_go, lost, name="ownership: let go")
        self._take_up(gained | kept)

    async def _hand_over(self, shards: Sequence[int]) -> None:
        """Gives up some at a time: what runs for them ends, then the leases are given back and somebody is told."""
        own = self._ownership
        try:
            for start in range(0, len(shards), HANDED_OVER_AT_ONCE):
                part = frozenset(shards[start : start + HANDED_OVER_AT_ONCE])
                own.leave(part)
                await self._quiet(part)
                async with self._moving:
                    await self._store.write(own.release(part) + wake(TOPIC))
                    held = {shard: own.epoch_of(shard) for shard in own.shards - part}
                    own.hold(held, {role: own.role_epoch(role) for role in own.roles})
                log.info("shards_handed_over", shards=len(part))
        except StoreError as error:
            # Whether they were given back is read from the store by the next look.
            log.warning("hand_over_failed", error=type(error).__name__)
        finally:
            self._handing_over = frozenset()

    async def _let_go(self, shards: frozenset[int]) -> None:
        """Of what is lost already, or not trusted any more; what came back meanwhile begins again."""
        await self._quiet(shards)
        self._take_up(frozenset(shard for shard in shards if self._ownership.owns(shard)))

    async def _quiet(self, shards: frozenset[int]) -> None:
        with trio.move_on_after(QUIET_SECONDS) as scope:
            async with trio.open_nursery() as nursery:
                for follower in self._followers:
                    nursery.start_soon(follower.let_go, shards, name="ownership: follower")
        if scope.cancelled_caught:
            log.warning("shards_not_quiet", shards=len(shards), seconds=QUIET_SECONDS)

    def _take_up(self, shards: frozenset[int]) -> None:
        if shards:
            for follower in self._followers:
                follower.take_up(shards)
