"""Who hunts: exactly those who wish to, through starts, wishes and stops; and no burst at the board."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.autopilot.roster import Roster
from daemon.clock import TrioClock
from daemon.supervisor.tree import open_supervisor
from store.ids import ChatId, UserId
from store.tables.hunts import HuntRow
from store.write import join
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN, open_ground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio.testing import MockClock

    from daemon.autopilot.tools import HuntTools
    from daemon.supervisor.tree import Supervisor
    from store.store import Store
    from tests.fakes.board import FakeBoard
    from tests.fakes.hunting import HuntGround


@dataclass
class Hunters:
    """Hunts that only say that they run."""

    running: set[UserId] = field(default_factory=set)
    starts: list[UserId] = field(default_factory=list)

    async def hunt(self, _: HuntTools, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
        self.starts.append(user_id)
        self.running.add(user_id)
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            self.running.discard(user_id)


@pytest.fixture
def hunters() -> Hunters:
    return Hunters()


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    async with open_supervisor(TrioClock(), random.Random(1)) as opened:
        yield opened


async def wish(ground: HuntGround, user_id: int, wanted: str) -> None:
    await ground.store.write(ground.store.hunts.set_wish(UserId(user_id), wanted, by="person", reason="", now=1))
    await trio.sleep(1)


async def add_people(store: Store, count: int, *, wanted: str = "running", next_search_at: int | None = None) -> None:
    rows = [
        HuntRow(UserId(number), HH, wanted, "person", "", 1, "auto", "python", next_search_at=next_search_at)
        for number in range(1, count + 1)
    ]
    await store.write(join(store.hunts.insert_new(row) for row in rows))


async def test_those_who_wish_are_started(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    await add_people(ground.store, 3)
    await wish(ground, 2, "paused")
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    await trio.sleep(1)
    assert hunters.running == {1, 3}
    assert [child.name for child in supervisor.children()] == ["autopilot:1", "autopilot:3"]


async def test_wishes_are_followed(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    await add_people(ground.store, 2, wanted="stopped")
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    assert hunters.running == set()
    await wish(ground, 1, "running")
    assert hunters.running == {1}
    await wish(ground, 1, "paused")
    await wish(ground, 2, "running")
    assert hunters.running == {2}
    await wish(ground, 1, "running")
    assert hunters.running == {1, 2}
    assert hunters.starts == [1, 2, 1]


async def test_other_children_are_left_alone(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    from daemon.supervisor.child import ChildSpec

    async def poll(status: trio.TaskStatus[None]) -> None:
        status.started()
        await trio.sleep_forever()

    supervisor.launch(ChildSpec("poller", poll))
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    await trio.sleep(200)
    assert [child.name for child in supervisor.children()] == ["poller"]


async def test_only_owned_people_are_hunted_for(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    await add_people(ground.store, 4)
    ground.ownership._epochs = {shard: epoch for shard, epoch in ground.ownership._epochs.items() if shard % 2 == 0}
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    await trio.sleep(1)
    assert hunters.running == {2, 4}


async def test_pause_outlives_a_deploy(store: Store, board: FakeBoard, autojump_clock: MockClock) -> None:
    board.add(make_vacancy("1"))
    for life in ("boot-1", "boot-2", "boot-3"):
        hunters = Hunters()
        async with (
            open_ground(store, board, TrioClock(), boot_id=life) as ground,
            open_supervisor(TrioClock(), random.Random(1)) as supervisor,
        ):
            if life == "boot-1":
                await add_people(store, 3)
                await wish(ground, 2, "paused")
            await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
            await trio.sleep(1)
            assert hunters.running == {1, 3}
    rows = [await store.hunts.get(UserId(number)) for number in (1, 2, 3)]
    assert [row.wish for row in rows if row] == ["running", "paused", "running"]


@pytest.mark.slow
async def test_thousand_hunts_start_at_once_and_search_spread_out(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    await add_people(ground.store, 1000, next_search_at=1)
    began_at = trio.current_time()
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    await trio.sleep(0.1)
    assert trio.current_time() - began_at < 5
    assert len(hunters.running) == 1000
    now = ground.tools.clock.now()
    planned = [row.next_search_at or 0 for row in await ground.store.hunts.page(0, 2000)]
    busiest = max(
        sum(start <= moment < start + 1000 for moment in planned) for start in range(now, now + 100_000, 1000)
    )
    assert len(planned) == 1000
    assert min(planned) >= now - 1000
    assert busiest < 30, "the board sees no burst"


async def test_slow_hunts_keep_nobody_from_being_answered(
    ground: HuntGround, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    async def come_up_slowly(_: HuntTools, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep(10)
        task_status.started()
        await trio.sleep_forever()

    await add_people(ground.store, 500)
    began_at = trio.current_time()
    await ground.nursery.start(Roster(ground.tools, supervisor, come_up_slowly).run)
    assert trio.current_time() - began_at < 1, "what starts after the roster need not wait for its hunts"
    assert None not in [row.next_search_at for row in await ground.store.hunts.page(0, 1000)]
    await trio.sleep(110)
    assert len(supervisor.children()) == 500


async def test_newcomer_among_a_thousand_that_start_is_not_kept_waiting(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    async def come_up_slowly(tools: HuntTools, user_id: UserId, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep(1)
        await hunters.hunt(tools, user_id, task_status)

    await add_people(ground.store, 1000)
    await ground.nursery.start(Roster(ground.tools, supervisor, come_up_slowly).run)
    await trio.sleep(2)
    newcomer = HuntRow(UserId(5000), HH, "running", "person", "", 1, "auto", "python")
    await ground.store.write(ground.store.hunts.insert_new(newcomer))
    await wish(ground, 1, "paused")
    await trio.sleep(6)
    assert len(hunters.running) < 600, "the thousand are still coming up"
    assert 5000 in hunters.running
    assert 1 not in hunters.running
    await trio.sleep(20)
    assert len(hunters.running) == 1000
    assert len(hunters.starts) == 1001, "nobody was started twice"


async def test_search_in_the_future_is_left_where_it_is(
    ground: HuntGround, supervisor: Supervisor, hunters: Hunters, autojump_clock: MockClock
) -> None:
    in_future = ground.tools.clock.now() + 77_000
    await add_people(ground.store, 2, next_search_at=in_future)
    await ground.nursery.start(Roster(ground.tools, supervisor, hunters.hunt).run)
    rows = await ground.store.hunts.page(0, 10)
    assert [row.next_search_at for row in rows] == [in_future, in_future]


async def test_real_hunt_runs_under_the_supervisor(
    ground: HuntGround, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    ground.board.add(make_vacancy("1"))
    await ground.settle()
    await ground.nursery.start(Roster(ground.tools, supervisor).run)
    await trio.sleep(60)
    assert await ground.state("1") == ("applied", None)
    await wish(ground, IVAN, "stopped")
    assert supervisor.children() == []
    assert ChatId(IVAN) == 42
