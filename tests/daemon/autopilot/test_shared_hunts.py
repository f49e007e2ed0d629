"""Hunts on a store that several processes share: nothing leaves that could meet what another process sends."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.autopilot.facts import read_facts
from daemon.autopilot.gates import explain
from daemon.autopilot.roster import Roster
from daemon.clock import TrioClock
from daemon.supervisor.health import Phase
from daemon.supervisor.tree import open_supervisor
from store.errors import LeaseLost
from store.ids import UserId
from store.tables.quarantine import QuarantineRow
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN, open_ground
from tests.fakes.owners import seize, trust
from tests.fakes.rows import keys_in_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio.testing import MockClock

    from daemon.supervisor.tree import Supervisor
    from store.store import Store
    from tests.fakes.board import FakeBoard
    from tests.fakes.hunting import HuntGround

SHARD = frozenset({IVAN % 256})


@pytest.fixture
async def shared(store: Store, board: FakeBoard) -> AsyncIterator[HuntGround]:
    async with open_ground(store, board, TrioClock(), ownership=await seize(store, "boot-1")) as opened:
        yield opened


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    async with open_supervisor(TrioClock(), random.Random(1)) as opened:
        yield opened


async def keep_trust(ground: HuntGround) -> None:
    while True:
        trust(ground.ownership)
        await trio.sleep(5)


async def hunt_until_lost(ground: HuntGround) -> None:
    with suppress(LeaseLost):
        await ground.hunt(ground.tools, trio.TASK_STATUS_IGNORED)


async def test_hunt_with_trust_applies_as_ever(shared: HuntGround, autojump_clock: MockClock) -> None:
    shared.nursery.start_soon(keep_trust, shared)
    shared.board.add(make_vacancy("1"), make_vacancy("2"))
    await shared.settle()
    await shared.start_hunt()
    await trio.sleep(120)
    assert len(shared.board.applications) == 2


async def test_call_ends_before_anybody_else_may_act(shared: HuntGround, autojump_clock: MockClock) -> None:
    shared.board.add(make_vacancy("1"))
    await shared.settle()
    trust(shared.ownership)
    began = trio.current_time()
    left_at: list[float] = []

    async def hang(*_: object) -> None:
        try:
            await trio.sleep_forever()
        finally:
            left_at.append(trio.current_time() - began)

    shared.board.apply = hang
    with pytest.raises(LeaseLost):
        await shared.hunt(shared.tools, trio.TASK_STATUS_IGNORED)
    assert left_at == [pytest.approx(12, abs=0.5)], "its own limit would be thirty seconds"
    assert (await shared.effect("1")).state == "ambiguous"


async def test_nothing_is_begun_without_trust(shared: HuntGround, autojump_clock: MockClock) -> None:
    shared.board.add(make_vacancy("1"))
    await shared.settle()
    trust(shared.ownership)
    await trio.sleep(11)
    with pytest.raises(LeaseLost):
        await shared.hunt(shared.tools, trio.TASK_STATUS_IGNORED)
    assert shared.board.applications == []
    effect = await shared.store.effects.get("application", "42:hh:1")
    assert effect is None or effect.state == "planned"


async def test_machine_that_slept_after_begin_sends_nothing(shared: HuntGround, autojump_clock: MockClock) -> None:
    shared.board.add(make_vacancy("1"))
    await shared.settle()
    trust(shared.ownership)
    call = shared.sessions.call

    async def sleep_and_call(user_id: UserId, board: str, work: object) -> object:
        if (await shared.store.effects.get("application", "42:hh:1")) is not None:
            shared.ownership.trust.end()
        return await call(user_id, board, work)

    shared.sessions.call = sleep_and_call
    with pytest.raises(LeaseLost):
        await shared.hunt(shared.tools, trio.TASK_STATUS_IGNORED)
    assert shared.board.applications == []
    assert (await shared.effect("1")).state == "sending", "whoever comes next asks the board after the grace"


async def test_inherited_sending_is_asked_about_after_the_grace(
    shared: HuntGround, store: Store, board: FakeBoard, autojump_clock: MockClock
) -> None:
    """A take-over without a restart: the former owner lives, and its request may still be carried out."""
    shared.nursery.start_soon(keep_trust, shared)
    board.add(make_vacancy("1"))
    await shared.settle()
    board.delay_seconds = 0.5
    shared.nursery.start_soon(hunt_until_lost, shared)
    while not await keys_in_state(store, "application", "sending"):  # noqa: ASYNC110 - a state on disk
        await trio.sleep(0.1)
    successor = await seize(store, "boot-2")
    began = trio.current_time()
    async with open_ground(store, board, TrioClock(), ownership=successor) as second:
        await second.revive(shared)
        second.nursery.start_soon(keep_trust, second)
        await second.start_hunt()
        await trio.sleep(100)
        assert (await second.effect("1")).state == "ambiguous"
        await trio.sleep(60)
        assert (await second.effect("1")).state == "confirmed"
    assert trio.current_time() - began > 120
    assert len(board.applications) == 1


async def test_hunt_of_a_lost_lease_ends_and_is_not_tried_again(
    shared: HuntGround, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    doubts = []
    shared.ownership.on_doubt = lambda: doubts.append(trio.current_time())
    shared.nursery.start_soon(keep_trust, shared)
    starts = []

    async def lose(*arguments: object) -> None:
        starts.append(arguments[1])
        arguments[2].started()
        await trio.sleep(1)
        shared.ownership.hold({}, {})
        raise LeaseLost

    await shared.settle()
    await shared.nursery.start(Roster(shared.tools, supervisor, lose).run)
    await trio.sleep(200)
    assert starts == [IVAN]
    assert len(doubts) == 1
    assert supervisor.children() == []
    assert supervisor.restarts == 0


class Hunters:
    def __init__(self) -> None:
        self.running: set[UserId] = set()

    async def hunt(self, _: object, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
        self.running.add(user_id)
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 0.5):
                await trio.sleep(0.5)
            self.running.discard(user_id)


async def test_roster_follows_what_is_owned(
    shared: HuntGround, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    hunters, own = Hunters(), shared.ownership
    shared.nursery.start_soon(keep_trust, shared)
    roster = Roster(shared.tools, supervisor, hunters.hunt)
    await shared.settle()
    await shared.settle(UserId(43))
    await shared.nursery.start(roster.run)
    await trio.sleep(1)
    assert hunters.running == {42, 43}
    own.leave(SHARD)
    await roster.let_go(SHARD)
    assert hunters.running == {43}, "quiet means ended"
    epochs = {shard: own.epoch_of(shard) for shard in own.shards}
    own.hold({shard: epoch for shard, epoch in epochs.items() if shard not in SHARD}, {})
    await trio.sleep(100)
    assert hunters.running == {43}
    own.hold(epochs, {})
    roster.take_up(SHARD)
    await trio.sleep(0.2)
    assert hunters.running == {42, 43}


async def test_roster_that_loses_a_shard_while_it_schedules_goes_round_again(
    shared: HuntGround, store: Store, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    hunters = Hunters()
    shared.nursery.start_soon(keep_trust, shared)
    await shared.settle()
    await shared.settle(UserId(43))
    await seize(store, "boot-2", SHARD, roles=())
    own = shared.ownership

    def look() -> None:
        own.hold({shard: own.epoch_of(shard) for shard in own.shards - SHARD}, {})

    own.on_doubt = look
    await shared.nursery.start(Roster(shared.tools, supervisor, hunters.hunt).run)
    await trio.sleep(5)
    assert hunters.running == {43}
    assert supervisor.restarts == 0


async def test_quarantine_is_read_anew_at_a_take_over(
    shared: HuntGround, store: Store, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    hunters, now = Hunters(), shared.tools.clock.now()
    shared.nursery.start_soon(keep_trust, shared)
    await shared.settle()
    await store.write(store.quarantine.put(QuarantineRow("autopilot:42", "f", "KeyError", 5, now, now + 10**6)))
    await shared.nursery.start(Roster(shared.tools, supervisor, hunters.hunt).run)
    await trio.sleep(1)
    child = supervisor.find("autopilot:42")
    assert child is not None
    assert child.phase is Phase.QUARANTINED
    assert hunters.running == set()


async def test_owner_of_somebody_elses_hunt_is_told(
    shared: HuntGround, store: Store, autojump_clock: MockClock
) -> None:
    await shared.settle()
    trust(shared.ownership)
    assert (await read_facts(shared.tools, IVAN)).owner is None
    await seize(store, "boot-2")
    own = shared.ownership
    own.hold({}, {})
    report = next(report for report in await explain(shared.tools, IVAN) if report.name == "owner")
    assert (report.is_open, report.text.key) == (False, "autopilot.gate.owner.closed")
    assert report.text.values["owner"] == "boot-2"
    row = await store.leases.get("shard:042")
    assert row is not None
    await store.write(store.leases.release(row.name, row.owner, row.epoch))
    facts = await read_facts(shared.tools, IVAN)
    assert facts.owner == ""
    assert replace(facts, owner=None).owner is None
