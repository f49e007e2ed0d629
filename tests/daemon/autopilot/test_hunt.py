"""One step of one hunt: fenced, versioned, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.autopilot.hunt import effect_key, open_hunt
from daemon.clock import TrioClock
from store.errors import Conflict, LeaseLost
from store.ids import VacancyId
from store.write import NOTHING
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.autopilot.hunt import Hunt
    from store.store import Store
    from tests.fakes.board import FakeBoard
    from tests.fakes.hunting import HuntGround


async def ready(ground: HuntGround) -> Hunt:
    hunt = await open_hunt(ground.tools, IVAN)
    assert hunt is not None
    return hunt


async def test_step_and_checkpoint_are_one_write(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    hunt = await ready(ground)
    await hunt.commit(NOTHING, hunt.progress.to("searching"), next_search_at=77)
    await hunt.commit(NOTHING, hunt.progress.to("applying", "42:hh:1"))
    row = await ground.store.hunts.get(IVAN)
    checkpoint = await ground.store.checkpoints.load(f"autopilot:{IVAN}")
    assert row is not None
    assert checkpoint is not None
    assert (row.step, row.next_search_at, checkpoint.version, checkpoint.state["step"]) == (
        "applying",
        77,
        2,
        "applying",
    )


async def test_two_tasks_for_one_person_one_is_refused(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    first, second = await ready(ground), await ready(ground)
    await first.commit(NOTHING, first.progress.to("searching"))
    with pytest.raises(Conflict):
        await second.commit(ground.store.hunts.rest(IVAN, 5, "limit"), second.progress.to("searching"))
    row = await ground.store.hunts.get(IVAN)
    assert row is not None
    assert row.rests_until is None, "nothing of a refused step is written"


async def test_stale_owner_is_refused(store: Store, board: FakeBoard, autojump_clock: MockClock) -> None:
    async with open_ground(store, board, TrioClock()) as first:
        await first.settle()
        hunt = await ready(first)
        async with open_ground(store, board, TrioClock(), boot_id="boot-2"):
            with pytest.raises(LeaseLost):
                await hunt.commit(NOTHING, hunt.progress.to("searching"))


async def test_no_wish_no_hunt(ground: HuntGround, autojump_clock: MockClock) -> None:
    assert await open_hunt(ground.tools, IVAN) is None
    await ground.settle(wish="paused")
    assert await open_hunt(ground.tools, IVAN) is None


async def test_shut_door_is_read_through_with_the_applications_token(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("fetch_vacancy", *[])
    await ground.settle()
    hunt = await ready(ground)
    ground.board.close_door("list_resumes")
    tokens: list[str] = []

    async def look(token: object) -> str:
        tokens.append(str(token))
        if len(tokens) == 1:
            from daemon.boards.board import DoorClosed

            raise DoorClosed
        return "seen"

    assert await hunt.read_board(look) == "seen"
    assert len(tokens) == 2


def test_effect_is_named_by_person_board_and_vacancy() -> None:
    assert effect_key(IVAN, HH, VacancyId("7")) == "42:hh:7"
