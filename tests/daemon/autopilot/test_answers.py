"""Employers' answers: found in turn, told once, and never in the way of the hunt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import trio

from daemon.boards.board import BoardTrouble, DoorClosed
from tests.fakes.board import make_vacancy

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


def answer(ground: HuntGround, **states: str) -> None:
    """What employers say from now on: `v1="invitation"`."""
    find = ground.board.find_application

    async def find_answered(token: Any, resume_id: str, vacancy_id: Any) -> Any:
        application = await find(token, resume_id, vacancy_id)
        return application and replace(application, state=states.get(f"v{vacancy_id}", "response"))

    ground.board.find_application = find_answered  # type: ignore[method-assign]  # employers are outside the fake


async def hunt(ground: HuntGround, vacancies: int, **person: Any) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(vacancies)))
    await ground.settle(**person)
    await ground.start_hunt()


async def test_invitation_is_told_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    answer(ground, v1="invitation", v2="discard")
    await hunt(ground, 3)
    await trio.sleep(80_000)
    assert (await ground.said()).count("invited") == 1
    assert await ground.state("1") == ("applied", "invited")
    assert await ground.state("2") == ("applied", "discarded")
    assert await ground.state("0") == ("applied", None)


async def test_all_are_looked_at_in_turn(ground: HuntGround, autojump_clock: MockClock) -> None:
    answer(ground, **{f"v{number}": "invitation" for number in range(10)})
    await hunt(ground, 10)
    await trio.sleep(30_000)
    assert (await ground.said()).count("invited") == 10


async def test_few_are_asked_at_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await hunt(ground, 20)
    await trio.sleep(50_000)
    assert ground.board.calls.count("find_application") <= 3 * ground.board.calls.count("search")


async def test_young_applications_are_left_alone(ground: HuntGround, autojump_clock: MockClock) -> None:
    await hunt(ground, 3)
    await trio.sleep(3000)
    assert "find_application" not in ground.board.calls


async def test_board_that_can_not_be_asked_disturbs_nothing(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.fail_next("find_application", BoardTrouble(), DoorClosed(), BoardTrouble())
    answer(ground, v0="invitation")
    await hunt(ground, 1)
    await trio.sleep(50_000)
    assert (await ground.said()).count("invited") == 1
    assert "door_closed" not in await ground.said()


async def test_nothing_is_asked_in_assisted_mode(ground: HuntGround, autojump_clock: MockClock) -> None:
    await hunt(ground, 3, mode="assisted")
    await trio.sleep(20_000)
    assert "find_application" not in ground.board.calls
