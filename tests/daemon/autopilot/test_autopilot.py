"""One person's hunt from the first search to the last application, and every way a board can get in its way."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import trio

from tests.fakes.board import make_vacancy

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


async def test_hunt_applies_to_everything_that_fits(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(5)), make_vacancy("t", has_test=True))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    assert sorted(one.vacancy_id for one in ground.board.applications) == ["0", "1", "2", "3", "4"]
    assert await ground.state("3") == ("applied", None)
    assert await ground.state("t") == ("screened_out", "test_required")
    assert (await ground.said()).count("applied") == 5


async def test_applications_keep_their_pause(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(4)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    times = [one.at for one in ground.board.applications]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(15 < gap < 26 for gap in gaps)
